"""Drawings of workflows: what stands in them, folded or not, and whatever the names."""

from __future__ import annotations

import io
import itertools
import random
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from work_done import calls_in

from dlaaw_nb.views.palette import contrast
from dlaaw_nb.views.raster import text_width
from dlaaw_nb.views.shapes import Circle, Polygon, Rect, Text
from dlaaw_nb.views.workflow_drawing import TaskBox, TaskEdge, draw_workflow, workflow_label
from dlaaw_nb.views.workflow_folds import WHOLE, folded
from dlaaw_nb.views.workflow_marks import STATES, draw_mark, gravest, look_of, states_text
from dlaaw_nb.views.workflow_words import TIMES, fitted, fitted_name, word_width

HOSTILE = [
    '<script>alert("1")</script>', "a" * 3000, "\u202eevil\u202c", "\x00\ud800\n", "",
    "日本語" * 40, "x/" * 500, "&amp;", "\u05d0\u05d1", "🎉",
]  # fmt: skip


def words(drawing):
    return [shape.text for shape in drawing.shapes if isinstance(shape, Text)]


def parsed(drawing):
    return ET.fromstring(drawing.to_svg())  # noqa: S314


def extent(text):
    wide = text_width(text.text, text.size, text.bold)
    left = text.x - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
    return left, text.y - text.size / 2, left + wide, text.y + text.size / 2


def colliding(drawing):
    texts = [shape for shape in drawing.shapes if isinstance(shape, Text) and shape.text]
    found = []
    for one, other in itertools.combinations(texts, 2):
        a, b = extent(one), extent(other)
        if a[0] < b[2] and b[0] < a[2] and a[1] + 1 < b[3] and b[1] + 1 < a[3]:
            found.append((one.text, other.text))
    return found


def ensemble(states=("", "", "", "")):
    runs = [f"NNExecutor{number}" for number in (1, 2, 3)]
    boxes = [
        TaskBox(name, "NNExecutor", ("data", "network"), ("result", "model"), state, 0.4)
        for name, state in zip(runs, states, strict=False)
    ]
    boxes.append(TaskBox("Vote", "EnsembleVote", ("predictions",), ("labels",), states[3]))
    edges = [TaskEdge("", "data", name, "data", "dataset") for name in runs]
    edges += [TaskEdge("", f"net{at}", name, "network") for at, name in enumerate(runs)]
    edges += [TaskEdge(name, "result", "Vote", "predictions", "labels") for name in runs]
    edges.append(TaskEdge("Vote", "labels", "", "votes"))
    inputs = [("data", "dataset"), *((f"net{at}", "network") for at in range(3))]
    return draw_workflow("ensemble", boxes, edges, inputs, [("votes", "labels")])


def random_graph(count, seed=1, kinds=4):
    draws = random.Random(seed)
    states = [*STATES, "finished", "finished"]
    boxes = [
        TaskBox(f"t{at}", f"kind{draws.randrange(kinds)}", ("x",), ("y",), draws.choice(states))
        for at in range(count)
    ]
    edges = [
        TaskEdge(f"t{draws.randrange(at)}", "y", f"t{at}", "x")
        for at in range(1, count)
        for _ in range(draws.randrange(3))
    ]
    return boxes, edges


def test_ensemble_shows_tasks_ports_ends_and_what_passes():
    drawing = ensemble(("finished", "cached", "running", "initialized"))
    said = words(drawing)
    for word in ("NNExecutor1", "Vote", "EnsembleVote", "result", "votes", "data", "400 ms"):
        assert word in said, word
    assert "ensemble" in said
    assert "4 tasks, 1 finished, 1 cached, 1 running, 1 initialized" in said
    assert drawing.label == (
        "ensemble: 4 tasks, 1 finished, 1 cached, 1 running, 1 initialized. "
        f"Kinds: 3 {TIMES} NNExecutor, 1 {TIMES} EnsembleVote. 4 inputs, 1 output."
    )
    assert not colliding(drawing)


def test_states_are_told_by_colour_and_by_mark():
    marks = {}
    for state in STATES:
        drawing = draw_workflow("", [TaskBox("t", "k", (), (), state)], [])
        (frame,) = [s for s in drawing.shapes if isinstance(s, Rect) and s.radius == 6]
        assert frame.stroke == look_of(state).colour
        assert contrast(frame.stroke, "#ffffff") >= 3
        assert contrast(frame.stroke, "#111111") >= 3
        signs = draw_workflow("", [], [])
        signs.shapes.clear()
        draw_mark(signs, state, 10, 10)
        marks[state] = tuple(
            (type(s).__name__, getattr(s, "points", None), getattr(s, "fill", None) is None,
             getattr(s, "dash", ()))
            for s in signs.shapes
        )  # fmt: skip
    assert len(set(marks.values())) == len(STATES)
    assert len({look.letter for look in STATES.values()}) == len(STATES)


@pytest.mark.parametrize("state", ["running", "failed"])
def test_gravest_state_stands_for_a_stack(state):
    assert gravest(["finished", state, "cached"]) == state
    assert gravest([]) == ""
    assert states_text(["finished", "failed", "finished", ""]) == "2 finished, 1 failed"


@pytest.mark.parametrize("count", [1, 12, 60, 61, 300, 1000])
def test_drawing_of_any_size_is_readable_and_its_words_do_not_collide(count):
    drawing = draw_workflow("random", *random_graph(count))
    assert drawing.width <= 1400
    assert drawing.height <= 1400
    assert not colliding(drawing)
    for text in (shape for shape in drawing.shapes if isinstance(shape, Text)):
        left, _, right, _ = extent(text)
        assert left >= 0
        assert right <= drawing.width
    parsed(drawing)
    assert len(drawing.to_svg()) < 150_000


@given(st.integers(2, 90), st.integers(0, 10_000), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_boxes_of_any_drawing_lie_apart(count, seed, kinds):
    drawing = draw_workflow("", *random_graph(count, seed, kinds))
    frames = [
        s for s in drawing.shapes if isinstance(s, Rect) and s.radius == 6 and s.stroke_width == 1.5
    ]
    assert frames
    for one, other in itertools.combinations(frames, 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart


def chain(count):
    boxes = [TaskBox(f"t{at}", "step", ("x",), ("y",), "finished", 0.01) for at in range(count)]
    return boxes, [TaskEdge(f"t{at}", "y", f"t{at + 1}", "x") for at in range(count - 1)]


def fan(count):
    steps = [TaskBox(f"t{at}", "step", ("x",), ("y",), "finished") for at in range(count)]
    boxes = [TaskBox("a", "source", (), ("y",)), *steps, TaskBox("z", "total", ("xs",), ("y",))]
    edges = [TaskEdge("a", "y", f"t{at}", "x") for at in range(count)]
    return boxes, edges + [TaskEdge(f"t{at}", "y", "z", "xs") for at in range(count)]


@pytest.mark.parametrize("shape", [chain, fan, random_graph])
def test_ten_thousand_tasks_are_folded_and_drawn_at_once(shape):
    boxes, edges = shape(10_000)
    assert calls_in(lambda: draw_workflow("large", boxes, edges)) < 80 * len(boxes)  # about 30 each
    drawing = draw_workflow("large", boxes, edges)
    assert len(drawing.to_svg()) < 60_000
    assert any(TIMES in text or "tasks" in text for text in words(drawing))
    assert not colliding(drawing)


def test_fan_of_many_says_their_count_and_how_many_edges():
    said = words(draw_workflow("fan", *fan(500)))
    assert f"500 {TIMES} step" in said
    assert said.count("500") >= 2


@given(st.integers(0, 10_000), st.integers(WHOLE + 1, 200))
@settings(max_examples=25, deadline=None)
def test_folds_hold_every_task_once_and_make_no_cycle(seed, count):
    boxes, edges = random_graph(count, seed)
    pairs = [(int(edge.source[1:]), int(edge.target[1:])) for edge in edges]
    groups = folded(boxes, pairs)
    assert sorted(at for group in groups for at in group) == list(range(count))
    stack = {at: key for key, group in enumerate(groups) for at in group}
    feeds = {key: set() for key in range(len(groups))}
    for one, other in pairs:
        if stack[one] != stack[other]:
            feeds[stack[one]].add(stack[other])
    done: set[int] = set()
    while len(done) < len(feeds):
        free = [key for key in feeds if key not in done
                and not any(key in feeds[k] for k in feeds if k not in done)]  # fmt: skip
        assert free, "stacks feed each other"
        done.update(free)


def test_drawing_of_the_same_workflow_is_the_same():
    one, other = (draw_workflow("r", *random_graph(80, 3)) for _ in range(2))
    assert one.to_svg() == other.to_svg()
    assert one.to_png() == other.to_png()


def test_hostile_names_cannot_break_out_or_break_it():
    boxes = [
        TaskBox(name, name, (name, "p"), (name, "q"), "finished" if at % 2 else name,
                float("nan") if at % 3 else 1e18, name)
        for at, name in enumerate(HOSTILE)
    ]  # fmt: skip
    edges = [TaskEdge(a, a, b, b, a) for a, b in itertools.pairwise(HOSTILE) if a and b]
    ends = [(name, name) for name in HOSTILE]
    for many in (boxes[:3], boxes, boxes * 8):
        drawing = draw_workflow(HOSTILE[0], many, edges, ends, ends)
        root = parsed(drawing)
        assert "<script" not in drawing.to_svg()
        assert {child.tag.split("}")[1] for child in root} <= {
            "title", "path", "rect", "circle", "text", "polygon",
        }  # fmt: skip
        assert drawing.width < 2000
        assert drawing.height < 3000


def test_edges_of_unknown_tasks_are_left_out():
    boxes = [TaskBox("a", "k", (), ("y",)), TaskBox("b", "k", ("x",), ())]
    whole = draw_workflow("", boxes, [TaskEdge("a", "y", "b", "x")])
    more = draw_workflow("", boxes, [TaskEdge("a", "y", "b", "x"), TaskEdge("a", "y", "zz", "x")])
    assert whole.to_svg() == more.to_svg()


def test_workflow_without_tasks_says_so():
    drawing = draw_workflow("nothing", [], [])
    assert "no tasks" in words(drawing)
    assert drawing.label == "nothing: no tasks."
    parsed(drawing)


def test_live_edges_are_dashed_and_explained():
    boxes = [TaskBox("a", "k", (), ("y",)), TaskBox("b", "k", ("x",), ())]
    plain = draw_workflow("", boxes, [TaskEdge("a", "y", "b", "x")])
    live = draw_workflow("", boxes, [TaskEdge("a", "y", "b", "x", live=True)])
    assert "passes while its source runs" in words(live)
    assert "passes while its source runs" not in words(plain)


def test_networks_have_a_double_frame_and_unfed_inputs_a_ring():
    drawing = draw_workflow("", [TaskBox("a", "NNTrain", ("data", "seed"), ("model",))], [])
    radii = [shape.radius for shape in drawing.shapes if isinstance(shape, Rect)]
    assert 6 in radii
    assert 3.5 in radii
    rings = [s for s in drawing.shapes if isinstance(s, Circle) and s.fill is None]
    assert len(rings) == 2


def test_label_counts_kinds_and_ends():
    boxes, _ = chain(3)
    assert workflow_label("w", boxes, 1, 2) == (
        f"w: 3 tasks, 3 finished. Kinds: 3 {TIMES} step. 1 input, 2 outputs."
    )
    assert workflow_label("", []) == "no tasks."


@given(st.text(max_size=60), st.floats(0, 300), st.sampled_from([9.0, 12.0]))
@settings(max_examples=100, deadline=None)
def test_fitted_words_fit(text, room, size):
    assert word_width(fitted(text, room, size), size) <= room + 1e-6
    assert word_width(fitted_name(text, room, size), size) <= room + 1e-6


def test_long_names_in_sub_workflows_keep_their_own_part():
    assert fitted_name("Outer1/Inner1/clean", 60, 12.0) == "…/clean"
    assert fitted_name("Sub1/clean", 200, 12.0) == "Sub1/clean"


def test_png_reads_on_white_and_on_dark():
    image = Image.open(io.BytesIO(ensemble(("failed", "", "", "")).to_png())).convert("RGBA")
    assert image.getpixel((1, 1))[3] == 0
    drawing = ensemble()
    inks = {s.colour for s in drawing.shapes if isinstance(s, Text)}
    inks |= {s.fill for s in drawing.shapes if isinstance(s, Polygon)}
    for ink in inks:
        assert contrast(ink, "#ffffff") >= 4
        assert contrast(ink, "#111111") >= 4
