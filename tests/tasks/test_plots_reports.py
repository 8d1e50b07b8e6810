"""Pictures of tables, and reports of many values."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from task_support import in_folder

from dlaaw_nb.errors import DataError, GraphError
from dlaaw_nb.tasks.plots import Plot
from dlaaw_nb.tasks.reports import Report

TABLE = pd.DataFrame(
    {
        "n": pd.array([1, 2, None, 4], "Int64"),
        "x": [0.5, np.nan, np.inf, 2.0],
        "word": ["a$b", "<b>", None, "d"],
        "day": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", None]),
    }
)


@pytest.mark.parametrize("chart", ["line", "scatter", "bar", "hist", "box", "heat"])
@pytest.mark.parametrize("rows", [0, 1, 4])
def test_plot_draws_tables_with_gaps_and_without_rows(chart, rows):
    task = Plot(chart, y=["n", "x"], title="a $title$")
    picture = task.run(TABLE.iloc[:rows])
    assert picture.png.startswith(b"\x89PNG")
    assert picture.alt == "a $title$"
    assert task.run(TABLE.iloc[:rows]).png == picture.png


def test_plot_axes_of_times_numbers_and_words(monkeypatch):
    pictures = {
        Plot("line", x="day", y="n").run(TABLE).png,
        Plot("line", x="x", y="n").run(TABLE).png,
        Plot("bar", x="word", y="n").run(TABLE).png,
        Plot("line", y="n").run(TABLE).png,
    }
    assert len(pictures) == 4
    with pytest.raises(DataError, match="column 'word': expected numbers or times"):
        Plot("line", x="word", y="n").run(TABLE)


def test_plot_leaves_the_style_of_the_person_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    Plot("box", y="n").run(TABLE)
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("task", "table", "text"),
    [
        (Plot(), pd.DataFrame({"t": ["x"]}), "expected a column of numbers"),
        (Plot(y="t"), pd.DataFrame({"t": ["x"]}), "expected number, got text"),
        (Plot("bar"), pd.DataFrame({"n": range(500)}), "at most 200 cells for bar"),
        (Plot(), pd.DataFrame(np.zeros((2, 30)), columns=[f"c{n}" for n in range(30)]), "24"),
        (Plot(y="m"), pd.DataFrame({"n": [1]}), "'m'"),
    ],
)
def test_plot_table_that_cannot_be_drawn_is_refused(task, table, text):
    with pytest.raises(DataError, match=text):
        task.run(table)


def test_plot_wrong_parameter_is_refused():
    for parameters in ({"chart": "pie"}, {"bins": 0}, {"width": 0.5}, {"chart": "box", "x": "n"}):
        with pytest.raises(GraphError, match="Plot: "):
            Plot(**parameters)


def report(tmp_path, *parts, **parameters):
    with in_folder(tmp_path):
        return Report(**parameters).run(*parts).read_text(encoding="utf-8")


def test_report_holds_all_parts_and_nothing_from_elsewhere(tmp_path):
    figure = Plot("line", y="n", title="curve").run(TABLE)
    html = report(
        tmp_path, TABLE, figure, {"rate": 0.1, "inner": {"k": [1, 2]}}, "plain text", np.eye(2),
        3.25, None, title="Study", headings=["Rows", "Curve"],
    )  # fmt: skip
    for text in ("Study", "Rows", "Curve", "rate", "plain text", "3.25", "2 x 2", 'alt="curve"'):
        assert text in html
    assert "data:image/png;base64," in html
    assert not re.search(r"(src|href)=\"(?!data:)", html)
    assert "<script" not in html


def test_report_text_of_others_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    table = pd.DataFrame({evil: [evil]})
    html = report(tmp_path, evil, table, {evil: evil}, [evil], title=evil, headings=[evil])
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 8


def test_report_long_tables_are_cut_and_say_so(tmp_path):
    table = pd.DataFrame({"n": range(1000, 1500)})
    html = report(tmp_path, table, list(range(300)), most_rows=10)
    assert "10 of 500 rows are shown" in html
    assert "10 of 300 items are shown" in html
    assert "1009" in html
    assert "1010" not in html


def test_report_same_parts_make_the_same_bytes(tmp_path):
    parts = (TABLE, {"o": object()}, np.arange(3))
    assert report(tmp_path / "a", *parts) == report(tmp_path / "b", *parts)


def test_report_wrong_name_is_refused():
    with pytest.raises(GraphError, match=r"\.html"):
        Report(file_name="report.txt")
