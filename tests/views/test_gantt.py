"""Gantt charts: a row for each task or worker, bars that say their state, round times."""

from __future__ import annotations

import itertools
import math
import random
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work_done import calls_in

from dlaaw_nb.views.gantt import ROWS, Bar, draw_gantt
from dlaaw_nb.views.shapes import Line, Polygon, Rect, Text
from dlaaw_nb.views.workflow_axis import time_ticks
from dlaaw_nb.views.workflow_bars import Piece, pieces
from dlaaw_nb.views.workflow_marks import STATES, look_of

GREEN, RED, BLUE = (look_of(state).colour for state in ("finished", "failed", "running"))


def words(drawing):
    return [shape.text for shape in drawing.shapes if isinstance(shape, Text)]


def bars_of(drawing, colour):
    return [s for s in drawing.shapes if isinstance(s, Rect) and s.fill == colour]


def many(count, workers=8, seed=1):
    draws, ends = random.Random(seed), [0.0] * workers
    made = []
    for at in range(count):
        lane = min(range(workers), key=ends.__getitem__)
        took = draws.expovariate(20)
        state = "failed" if draws.random() < 0.02 else "finished"
        made.append(Bar(f"t{at}", "k", f"host:{lane}", ends[lane], ends[lane] + took, state))
        ends[lane] += took
    return made


def test_gantt_places_bars_by_their_times():
    bars = [Bar("a", "k", "w", 0, 2, "finished"), Bar("b", "k", "w", 2, 4, "finished")]
    first, second = bars_of(draw_gantt("run", bars), GREEN)
    assert first.width == pytest.approx(second.width)
    assert second.x == pytest.approx(first.x + first.width)
    assert second.y > first.y


def test_gantt_shows_each_try_of_a_task_in_one_row():
    bars = [
        Bar("a", "k", "w1", 0, 1, "failed"),
        Bar("a", "k", "w2", 2, 3, "failed"),
        Bar("a", "k", "w1", 5, 6, "finished"),
    ]
    drawing = draw_gantt("run", bars)
    failed, done = bars_of(drawing, RED), bars_of(drawing, GREEN)
    assert [len(failed), len(done)] == [2, 1]
    assert len({round(bar.y + bar.height / 2, 3) for bar in failed + done}) == 1
    assert words(drawing).count("a") == 1
    assert "1 task on 2 workers in 6 s: 1 finished, 2 tried again" in words(drawing)


def test_gantt_tells_states_by_form_too():
    bars = [
        Bar("f", "k", "w", 0, 3, "failed"),
        Bar("r", "k", "w", 0, 3, "running"),
        Bar("c", "k", "w", 0, 3, "cancelled"),
        Bar("d", "k", "w", 0, 3, "finished"),
    ]
    drawing = draw_gantt("run", bars, now=3.0)
    hatches = [s for s in drawing.shapes if isinstance(s, Line) and s.colour == "#ffffff"]
    assert len(hatches) > 10
    points = [s for s in drawing.shapes if isinstance(s, Polygon) and s.fill == BLUE]
    assert any(len(shape.points) == 5 for shape in points)
    hollow = [s for s in drawing.shapes if isinstance(s, Rect) and s.fill is None]
    assert hollow
    for state in ("failed", "running", "cancelled", "finished"):
        assert state in words(drawing)


def test_running_bars_end_now():
    bars = [Bar("a", "k", "w", 0, 1, "finished"), Bar("b", "k", "w", 1, 0, "running")]
    early, late = (draw_gantt("run", bars, now) for now in (2.0, 8.0))
    assert "now" in words(early)
    assert "7 s" in words(late)
    assert bars_of(early, GREEN)[0].width > bars_of(late, GREEN)[0].width


def test_tasks_without_a_time_are_listed_with_their_mark():
    bars = [
        Bar("a", "k", "w", 0, 1, "finished"),
        Bar("c", "k", "", 0, 0, "cached"),
        Bar("w", "k", "", 0, 0, "initialized"),
        Bar("s", "k", "", 0, 0, "skipped"),
    ]
    said = words(draw_gantt("run", bars))
    assert {"a", "c", "w", "s"} <= set(said)
    assert "4 tasks on 1 worker in 1 s: 1 finished, 1 cached, 1 initialized, 1 skipped" in said


def test_gantt_of_many_tasks_has_a_row_for_each_worker():
    drawing = draw_gantt("run", many(ROWS + 1, workers=3))
    said = words(drawing)
    assert [word for word in said if word.startswith("host:")] == ["host:0", "host:1", "host:2"]
    assert any("% busy" in word for word in said)


def test_gantt_sorts_workers_by_their_numbers():
    bars = [Bar(f"t{at}", "k", f"w-{at % 12}", at, at + 1, "finished") for at in range(60)]
    names = [word for word in words(draw_gantt("", bars)) if word.startswith("w-")]
    assert names == [f"w-{at}" for at in range(12)]


def test_gantt_of_more_workers_than_rows_says_how_many_are_left_out():
    said = words(draw_gantt("run", many(400, workers=90)))
    assert f"{90 - ROWS + 1} more" in said


def test_gantt_of_ten_thousand_bars_is_small_and_takes_little_work():
    bars = many(10_000)
    assert calls_in(lambda: draw_gantt("run", bars)) < 60 * len(bars)  # about 25 each
    assert len(draw_gantt("run", bars).to_svg()) < 100_000


def test_failures_are_seen_among_many_narrow_bars():
    bars = [Bar(f"t{at}", "k", "w", at, at + 1, "finished") for at in range(5_000)]
    bars[2_500] = bars[2_500]._replace(state="failed")
    drawing = draw_gantt("run", bars)
    (failed,) = bars_of(drawing, RED)
    assert failed.height > bars_of(drawing, GREEN)[0].height


def test_gantt_without_bars_says_so():
    drawing = draw_gantt("run", [])
    assert "no task has begun" in words(drawing)
    ET.fromstring(drawing.to_svg())  # noqa: S314


@given(
    st.lists(
        st.builds(
            Bar,
            st.text(max_size=30),
            st.text(max_size=10),
            st.text(max_size=30),
            st.floats(allow_nan=True),
            st.floats(allow_nan=True),
            st.one_of(st.sampled_from(list(STATES)), st.text(max_size=10)),
        ),
        max_size=60,
    ),
    st.one_of(st.none(), st.floats(allow_nan=True)),
)
@settings(max_examples=120, deadline=None)
def test_gantt_of_any_bars_is_whole_and_the_same_each_time(bars, now):
    drawing = draw_gantt("<b>", bars, now)
    svg = drawing.to_svg()
    ET.fromstring(svg)  # noqa: S314
    assert svg == draw_gantt("<b>", bars, now).to_svg()
    for shape in drawing.shapes:
        if isinstance(shape, Rect):
            assert math.isfinite(shape.x + shape.width)
            assert shape.x >= 0
            assert shape.x + shape.width <= drawing.width


@given(st.floats(1e-7, 1e9))
@settings(max_examples=100, deadline=None)
def test_ticks_are_few_rise_and_stay_inside(span):
    ticks = time_ticks(span)
    assert 1 <= len(ticks) <= 9
    assert ticks[0].seconds == 0
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(ticks))
    assert ticks[-1].seconds <= max(span, 1e-6) * (1 + 1e-6)


def test_narrow_pieces_of_one_state_that_touch_become_one():
    spans = [Piece(10 + at, 11 + at, "finished") for at in range(20)]
    (one,) = pieces(spans)
    assert (one.left, one.right) == (10, 30)
    wide = Piece(50, 90, "failed")
    assert pieces([*spans, wide])[0] == wide
