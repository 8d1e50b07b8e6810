"""Widgets and their static twins; what a real browser makes of them is in tests/browser."""

from __future__ import annotations

import re

import anywidget
import ipywidgets
import pytest
import traitlets

from dlaaw_nb.notebook import cells, live

DATA = {"text/plain": "<twin>", "text/html": "<p>twin</p>", "image/png": b"png"}


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as (bundle, options)."""
    import IPython.display

    sent = []
    monkeypatch.setattr(
        IPython.display, "display", lambda bundle, **options: sent.append((bundle, options))
    )
    return sent


@pytest.fixture
def request_of(monkeypatch):
    """Makes the kernel run a cell: ``request_of(cell, run)``."""
    request = {}
    monkeypatch.setattr(cells, "_request", lambda: request)

    def run(cell, run, gone=()):
        request["metadata"] = {"cellId": cell, "deletedCells": list(gone)}
        request["header"] = {"msg_id": run}

    return run


@pytest.fixture
def widgets():
    """Makes widgets, and closes what is left of them."""
    made = []

    def make(kind=ipywidgets.Button, **arguments):
        made.append(kind(**arguments))
        return made[-1]

    yield make
    for widget in made:
        cells.close_family(widget)


def closed(widget):
    return widget.comm is None


def test_show_sends_the_twin_and_then_the_widget(shown, widgets):
    widget = widgets()
    live.show(widget, DATA, {"image/png": {"width": 3}})
    (twin, options), (view, _) = shown
    assert twin["text/plain"] == "<twin>"
    assert '<div class="dlaaw-twin"><p>twin</p></div>' in twin["text/html"]
    assert options["metadata"] == {"image/png": {"width": 3}}
    assert view[live.WIDGET_MIME]["model_id"] == widget.model_id
    assert list(view) == [live.WIDGET_MIME]


def test_twin_update_replaces_the_same_output(shown, widgets):
    twin = live.show(widgets(), DATA)
    twin.update({**DATA, "text/html": "<p>later</p>"})
    first, last = shown[0][1], shown[-1][1]
    assert (first["update"], last["update"]) == (False, True)
    assert first["display_id"] == last["display_id"]
    assert '<div class="dlaaw-twin"><p>later</p></div>' in shown[-1][0]["text/html"]


def test_two_twins_have_displays_of_their_own(shown, widgets):
    one, other = live.show(widgets(), DATA), live.show(widgets(), DATA)
    assert one.display_id != other.display_id


def test_rules_do_not_nest_has():
    # A browser drops a whole rule in which :has stands inside of :has.
    rules = live.twin_html("").partition("<style>")[2].partition("</style>")[0]
    for begin in (found.end() for found in re.finditer(r":has\(", rules)):
        end, depth = begin, 1
        while depth:
            depth += {"(": 1, ")": -1}.get(rules[end], 0)
            end += 1
        assert ":has(" not in rules[begin:end]
    assert rules.count(":has(") > 3


def test_cell_run_ten_times_leaves_one_widget(request_of, widgets):
    shown, made = cells.Cells(), []
    for run in range(10):
        request_of("a", f"run {run}")
        made.append(widgets())
        shown.add(made[-1])
    assert [closed(widget) for widget in made] == [True] * 9 + [False]


def test_cell_that_shows_two_widgets_keeps_both(request_of, widgets):
    shown, one, other = cells.Cells(), widgets(), widgets()
    request_of("a", "run")
    shown.add(one)
    shown.add(other)
    assert not closed(one)
    assert not closed(other)


def test_cell_run_again_keeps_what_another_cell_shows(request_of, widgets):
    shown, widget = cells.Cells(), widgets()
    for cell, run in (("a", "1"), ("b", "2"), ("a", "3")):
        request_of(cell, run)
        shown.add(widgets() if run == "3" else widget)
    assert not closed(widget)


def test_cell_that_shows_the_same_widget_again_keeps_it(request_of, widgets):
    shown, widget = cells.Cells(), widgets()
    for run in "12":
        request_of("a", run)
        shown.add(widget)
    assert not closed(widget)


def test_widget_of_a_deleted_cell_is_closed(request_of, widgets):
    shown, widget = cells.Cells(), widgets()
    request_of("a", "1")
    shown.add(widget)
    request_of("b", "2", gone=["a"])
    shown.add(widgets())
    assert closed(widget)


def test_front_end_without_cell_ids_closes_nothing(request_of, widgets):
    shown, widget = cells.Cells(), widgets()
    for run in "12":
        request_of(None, run)
        shown.add(widget if run == "1" else widgets())
    assert not closed(widget)


def test_close_family_closes_what_a_widget_holds(widgets):
    class Holder(anywidget.AnyWidget):
        parts = traitlets.Dict().tag(sync=True, **ipywidgets.widget_serialization)

    inner = widgets()
    box = widgets(ipywidgets.HBox, children=[inner])
    holder = widgets(Holder, parts={"one": [box]})
    layout = inner.layout
    cells.close_family(holder)
    assert all(map(closed, (holder, box, inner, layout)))
