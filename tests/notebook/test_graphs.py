"""Layer and neuron graphs without a page."""

from __future__ import annotations

import numpy as np
import pytest

from dlaaw_nb import (
    Linear,
    NNWorkflow,
    PlanError,
    ReLU,
    Sigmoid,
    datasets,
    layer_graph,
    neuron_graph,
)


@pytest.fixture(scope="module")
def result():
    layers = [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
    return NNWorkflow(layers, epochs=50, name="<b>net</b>").train(datasets.load("breast_cancer"))


def elements(graph):
    widget = graph.widget
    del widget
    cytoscape = graph._cytoscape.graph
    return len(cytoscape.nodes), len(cytoscape.edges)


def test_neuron_graph_has_each_weight_as_an_edge(result):
    graph = neuron_graph(result)
    assert elements(graph)[1] == 18
    style = [edge.data["colour"] for edge in graph._cytoscape.graph.edges]
    weights = result.model.parameters["Linear1.weight"].ravel()
    signs = ["minus" in edge.classes for edge in graph._cytoscape.graph.edges]
    assert sum(signs) == (weights < 0).sum() + (result.model.parameters["Linear2.weight"] < 0).sum()
    assert len(set(style)) == 2


def test_neuron_graph_activations_are_the_models_own(result):
    graph = neuron_graph(result, row=7)
    assert graph.widget is not None
    graph._clicked({"data": {"id": "n5"}})
    one = result.dataset.features[7:8]
    hidden = result.model.predict(one, outputs=["ReLU1"], label=None).outputs["ReLU1"]
    assert graph.selected["activation"] == pytest.approx(float(hidden[0, 0]), rel=1e-5)
    first = result.model.parameters["Linear1.weight"][0]
    assert max(graph.selected["inputs"].values(), key=abs) == pytest.approx(
        float(first[np.argmax(np.abs(first))])
    )


def test_neuron_graph_click_calls_python_and_fades_other_edges(result):
    graph, heard = neuron_graph(result), []
    graph.on_click(heard.append)
    assert graph.widget is not None
    graph._clicked({"data": {"id": "n5"}})
    assert heard == [graph.selected]
    assert any(rule["selector"] == 'edge[target != "n5"]' for rule in graph._cytoscape.get_style())


def test_neuron_graph_row_changes_colours_and_twin(result):
    graph = neuron_graph(result)
    assert graph.widget is not None
    before, html = graph._cytoscape.get_style(), graph.twin()[0]["text/html"]
    graph.row = -1
    assert graph.row == 568
    assert graph._cytoscape.get_style() != before
    assert graph.twin()[0]["text/html"] != html


def test_neuron_graph_of_ten_thousand_columns_is_folded():
    rng = np.random.default_rng(0)
    network = NNWorkflow([Linear(10_000, 4), ReLU(), Linear(4, 1), Sigmoid()], epochs=1)
    result = network.train((rng.random((30, 10_000)), np.arange(30) % 2))
    graph = neuron_graph(result)
    assert sum(elements(graph)) <= 1500
    graph._clicked({"data": {"id": "fold0"}})
    assert sum(elements(graph)) <= 1500
    assert "+" in graph.twin()[0]["text/html"] or graph.twin()[0]["image/png"]


def test_neuron_graph_without_data_shows_the_weights(result):
    graph = neuron_graph(result.model)
    assert elements(graph)[1] == 18
    graph._clicked({"data": {"id": "n5"}})
    assert "puts out" not in graph._panel.value


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: neuron_graph(r.model.network), "expected a model"),
        (lambda r: neuron_graph(r, row=569), "from 0 to 568"),
        (lambda r: neuron_graph(r, row="x"), "whole number"),
        (lambda r: neuron_graph(r, unfold=["Linear9"]), "Linear9"),
        (lambda r: neuron_graph(r, (np.zeros((4, 3)), [0, 1, 0, 1])), "5 features"),
        (lambda r: layer_graph(3), "expected a network"),
    ],
)
def test_graph_of_the_wrong_thing_is_refused(result, call, message):
    with pytest.raises(PlanError, match=message):
        call(result)


def test_layer_graph_has_a_node_for_each_layer_and_hears_clicks(result):
    graph, heard = layer_graph(result), []
    graph.on_click(heard.append)
    box = graph.widget
    names = [node.data["id"] for node in box.children[0].graph.nodes]
    assert names == ["Linear1", "ReLU1", "Linear2", "Sigmoid1", "in", "out"]
    graph._look({"data": {"id": "Linear1"}}, choose=True)
    assert heard[0]["parameters"] == 18
    assert "(3, 5)" in graph._panel.value


def test_graphs_escape_names_and_have_twins(result):
    for graph in (layer_graph(result), neuron_graph(result)):
        data, metadata = graph.twin()
        assert "<b>net" not in data["text/html"]
        assert data["image/png"][:4] == b"\x89PNG"
        assert metadata["image/png"]["width"] > 0


def test_network_and_model_have_static_pictures(result):
    png, metadata = result.model.network._repr_png_()
    assert png[:4] == b"\x89PNG"
    assert metadata["width"] > 0
    assert "data:image/svg+xml" in result.model._repr_html_()
