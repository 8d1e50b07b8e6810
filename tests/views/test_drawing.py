"""Light drawings: SVG and PNG of the same shapes, whatever the words in them."""

from __future__ import annotations

import io
import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dlaaw_nb.views.drawing import Drawing
from dlaaw_nb.views.layer_drawing import LayerBox, draw_layers, layer_places
from dlaaw_nb.views.neuron_drawing import draw_neurons, short_number
from dlaaw_nb.views.neuron_scene import Column, NeuronScene
from dlaaw_nb.views.shapes import clean, shortened

HOSTILE = '<script>alert("1")</script> & \u202eabc\u202c \u05d0\u05d1\x00\ud800'


def parsed(drawing):
    return ET.fromstring(drawing.to_svg())  # noqa: S314


def image(drawing):
    return Image.open(io.BytesIO(drawing.to_png())).convert("RGBA")


@pytest.fixture
def drawing():
    made = Drawing(120, 80, "a label")
    made.line((10, 10), (110, 10), colour="#d55e00", width=4)
    made.rect(10, 30, 40, 30, fill="#0077bb", stroke=None)
    made.circle(90, 50, 15, fill=None, stroke="#009268", stroke_width=3)
    made.text(60, 70, "words", anchor="middle")
    return made


def test_svg_is_whole_and_named(drawing):
    root = parsed(drawing)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "a label"
    assert {child.tag.split("}")[1] for child in root} == {
        "title",
        "path",
        "rect",
        "circle",
        "text",
    }
    assert "id=" not in drawing.to_svg()


def test_png_shows_what_the_svg_says(drawing):
    png = image(drawing)
    scale = png.width / drawing.width
    at = lambda x, y: png.getpixel((round(x * scale), round(y * scale)))  # noqa: E731
    assert at(60, 10)[:3] == pytest.approx((0xD5, 0x5E, 0x00), abs=12)
    assert at(30, 45)[:3] == pytest.approx((0x00, 0x77, 0xBB), abs=12)
    assert at(90, 50)[3] == 0  # an open circle
    assert at(2, 2)[3] == 0  # a transparent background


def test_bundle_has_all_forms(drawing):
    data, metadata = drawing.bundle()
    assert set(data) == {"text/plain", "text/html", "image/png"}
    assert metadata["image/png"] == {"width": 120, "height": 80}
    assert "a label" in data["text/plain"]


def test_words_from_data_cannot_break_out():
    made = Drawing(200, 50, HOSTILE)
    made.text(10, 20, HOSTILE)
    assert "<script" not in made.to_svg()
    text = next(child for child in parsed(made) if child.tag.endswith("text")).text
    assert text.startswith("<script>")
    assert "\u202e" not in text
    assert "\u05d0\u05d1" in text
    image(made)


@given(st.text(max_size=60), st.integers(2, 30))
def test_any_text_becomes_one_line_of_xml(text, length):
    short = shortened(text, length)
    assert len(short) <= length
    made = Drawing(10, 10)
    made.text(0, 0, text)
    ET.fromstring(made.to_svg())  # noqa: S314
    assert "\n" not in clean(text)


@pytest.mark.parametrize("count", [1, 3, 5, 6, 40])
def test_layers_stand_apart_inside_the_picture(count):
    boxes = [
        LayerBox(f"Linear{k}", f"Linear({k + 2}, {k + 1})", k + 2, k + 1, 9) for k in range(count)
    ]
    drawing = draw_layers(boxes, "layers")
    places = layer_places(count)
    for (x, y), (u, v) in itertools.combinations(places, 2):
        assert abs(x - u) >= 126 or abs(y - v) >= 62
    assert max(x for x, _ in places) + 126 < drawing.width
    assert max(y for _, y in places) + 62 < drawing.height
    assert drawing.to_svg().count("Linear(") == count


def columns(*units):
    return [Column(f"c{k}", str(n), n) for k, n in enumerate(units)]


def test_scene_draws_every_neuron_and_edge_of_a_small_network():
    scene = NeuronScene(columns(5, 3, 1))
    assert len(scene.neurons) == 9
    assert len(scene.edges) == 5 * 3 + 3
    for a, b in scene.edges.tolist():
        assert scene.neurons[b].column == scene.neurons[a].column + 1
    assert not scene.folds


def test_scene_folds_wide_layers_and_says_how_many():
    scene = NeuronScene(columns(784, 128, 10))
    shown = [sum(n.column == c for n in scene.neurons) for c in range(3)]
    assert shown == [15, 15, 10]
    assert {at: label.text for at, label in scene.folds.items()} == {0: "+769", 1: "+113"}


@pytest.mark.parametrize("units", [(784, 128, 10), (10_000, 3, 1), (64, 64, 64), (5,) * 30])
@pytest.mark.parametrize("unfold", [(), (0,)])
def test_scene_within_a_limit_keeps_it(units, unfold):
    scene = NeuronScene.within(columns(*units), 1400, unfold)
    drawn = scene.strongest(np.ones(len(scene.edges)), 1400)
    assert len(scene.neurons) + len(scene.labels) + len(drawn) <= 1400


def test_scene_neurons_do_not_overlap():
    scene = NeuronScene(columns(16, 8, 5, 3, 1))
    for a, b in itertools.combinations(scene.neurons, 2):
        assert np.hypot(a.x - b.x, a.y - b.y) > 2 * scene.radius


def test_strongest_edges_are_kept():
    scene = NeuronScene(columns(5, 3, 1))
    weights = np.arange(18) - 9.0
    kept = scene.strongest(weights, len(scene.neurons) + len(scene.labels) + 4)
    assert sorted(np.abs(weights[kept])) == [7, 8, 8, 9]


def test_neurons_are_drawn_with_nan_too():
    scene = NeuronScene(columns(4, 2, 1))
    nothing = np.full(len(scene.neurons), np.nan)
    drawing = draw_neurons(scene, np.full(len(scene.edges), np.nan), nothing, nothing, "diverged")
    parsed(drawing)
    image(drawing)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (-0.001, "0.00"), (0.534, "0.53"), (-12.34, "-12.3"), (123456.0, "1e+05")],
)
def test_short_number_fits_into_a_neuron(value, text):
    assert short_number(value) == text
