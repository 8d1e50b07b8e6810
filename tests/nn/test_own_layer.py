"""A layer from another package: the Swish of CONTRIBUTING.md, with its kernel and its reference."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from dlaaw_nb import Linear, Model, NetworkError, NNWorkflow, Sigmoid, datasets
from dlaaw_nb.engine import reference
from dlaaw_nb.nn.layers import layer_kind, register_layer, registry

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.fixture
def swish():
    """The class as the guide writes it, found through an entry point."""
    header = next(text for text in blocks("cuda") if "struct Swish" in text)
    code = next(text for text in blocks("python") if "class Swish" in text)
    space = {"HEADER": header, "__name__": "their_package"}
    exec(compile(code, str(GUIDE), "exec", dont_inherit=True), space)  # noqa: S102 - our own guide
    return space["Swish"]


def network(kind, **settings):
    return NNWorkflow([Linear(5, 4), kind(), Linear(4, 1), Sigmoid()], epochs=100, **settings)


@pytest.mark.filterwarnings("ignore:no C")  # told once in a process
def test_layer_of_the_guide_trains_by_its_kernel_as_by_its_reference(swish, monkeypatch):
    data = datasets.load("breast_cancer")
    ours = network(swish).train(data)
    assert ours.device["program"] == "kernels"
    assert ours.accuracy > 0.85
    monkeypatch.setenv("DLAAW_CPU", "numpy")
    theirs = network(swish).train(data)
    for name, array in ours.model.parameters.items():
        np.testing.assert_allclose(array, theirs.model.parameters[name], rtol=1e-3, atol=1e-4)


def test_layer_of_the_guide_is_saved_and_shown_like_any_other(swish, tmp_path):
    model = network(swish).train(datasets.load("breast_cancer")).model
    again = Model.load(model.save(tmp_path / "m.json"))
    assert again.layers == model.layers
    assert "Swish" in again._repr_html_()


def test_layer_of_the_guide_has_the_numeric_gradient(swish):
    x = np.linspace(-4, 4, 41)[:, None]
    layer = reference.LAYERS["Swish"]
    dx, _ = layer.backward(x, layer.forward(x, {}, (), None), np.ones_like(x), {}, (), None)
    step = 1e-6
    up, down = (layer.forward(x + s, {}, (), None) for s in (step, -step))
    np.testing.assert_allclose(dx, (up - down) / (2 * step), atol=1e-8)


def test_layer_is_found_by_its_entry_point(swish, monkeypatch):
    registry._KINDS.pop("Swish")
    point = EntryPoint("Swish", "their_package:Swish", registry.ENTRY_POINTS)
    monkeypatch.setattr(EntryPoint, "load", lambda self: swish)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [point])
    assert layer_kind("Swish") is swish


def test_layer_with_half_of_what_it_needs_is_refused(swish):
    class Half(swish):
        reference = None

    with pytest.raises(NetworkError, match="Give both"):
        register_layer(Half)


def test_layer_that_takes_a_kernel_of_the_package_is_refused(swish):
    class ReLU(swish):
        pass

    registry._KINDS.pop("ReLU")
    with pytest.raises(NetworkError, match="has a kernel of that name"):
        register_layer(ReLU)
