"""Layer and neuron graphs in a real JupyterLab: drawn whole, they answer, and leave a picture."""

from __future__ import annotations

MODEL = """%load_ext dlaaw_nb
import numpy as np
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, layer_graph, neuron_graph
sizes = (16, 8, 5, 3, 1)
layers = [part for a, b in zip(sizes, sizes[1:]) for part in (Linear(a, b), ReLU())]
rng = np.random.default_rng(0)
net = NNWorkflow([*layers[:-1], Sigmoid()], epochs=20, name="<i>net</i>")
result = net.train((rng.random((60, 16)), np.arange(60) % 2))"""
CLICKS = "clicks = []\ngraph.on_click(clicks.append)"

# What Cytoscape holds, and where one of its nodes is on the page.
COUNT = """([index]) => {
    for (const canvas of document.querySelectorAll('canvas')) {
        const cy = canvas.parentElement?.parentElement?._cyreg?.cy;
        if (cy) return [cy.nodes().length, cy.edges().length];
    }
    return null;
}"""
PLACE = """([id]) => {
    for (const canvas of document.querySelectorAll('canvas')) {
        const host = canvas.parentElement?.parentElement;
        const cy = host?._cyreg?.cy;
        if (!cy) continue;
        const box = host.getBoundingClientRect();
        const at = cy.getElementById(id).renderedPosition();
        return [box.left + at.x, box.top + at.y];
    }
    return null;
}"""
DRAWN = """(edges) => [...document.querySelectorAll('canvas')].some((canvas) => {
    const cy = canvas.parentElement?.parentElement?._cyreg?.cy;
    return cy && cy.edges().length >= edges && cy.width() > 0;
})"""


def click(notebook, node):
    x, y = notebook.ask(PLACE, node)
    notebook.page.mouse.click(x, y)


def test_network_in_a_cell_is_a_graph_that_hears_clicks(lab):
    notebook = lab.notebook([MODEL, "net", f"graph = layer_graph(net)\n{CLICKS}\ngraph"])
    notebook.run_all()
    notebook.page.wait_for_function(DRAWN, arg=9)
    assert notebook.locator(1, "canvas").count() > 0
    assert not notebook.locator(1, ".dlaaw-twin").filter(visible=True).count()
    notebook.screenshot("layer-graph", 1)
    assert notebook.errors == []


def test_click_on_a_layer_reaches_python(lab):
    notebook = lab.notebook([MODEL, f"graph = layer_graph(net)\n{CLICKS}\ngraph"])
    notebook.run_all()
    notebook.page.wait_for_function(DRAWN, arg=9)
    click(notebook, "Linear2")
    notebook.wait_value("[click['layer'] for click in clicks]", ["Linear2"])
    notebook.page.wait_for_function("() => document.body.innerText.includes('(5, 8)')")


def test_neuron_graph_is_whole_and_says_what_a_neuron_listens_to(lab):
    notebook = lab.notebook([MODEL, f"graph = neuron_graph(result)\n{CLICKS}\ngraph"])
    notebook.run_all()
    notebook.page.wait_for_function(DRAWN, arg=186)
    assert notebook.ask(COUNT, 1)[1] == 186
    click(notebook, "n16")
    notebook.wait_value("[click['layer'] for click in clicks]", ["Linear1"])
    assert notebook.value("len(graph.selected['inputs'])") == 16
    notebook.page.wait_for_function("() => document.body.innerText.includes('from column')")
    notebook.screenshot("neuron-graph", 1)
    notebook.theme("dark")
    notebook.screenshot("neuron-graph-dark", 1)
    notebook.theme("light")
    assert notebook.errors == []


def test_row_set_in_python_changes_the_picture(lab):
    notebook = lab.notebook([MODEL, "graph = neuron_graph(result)\ngraph", "graph.row = 7"])
    notebook.run_all()
    notebook.page.wait_for_function(DRAWN, arg=186)
    before = notebook.value("graph._cytoscape.get_style()[8]['style']['background-color']")
    colour = """() => { for (const c of document.querySelectorAll('canvas')) {
        const cy = c.parentElement?.parentElement?._cyreg?.cy;
        if (cy) return cy.getElementById('n0').style('background-color'); } return null; }"""
    red, green, blue = (int(before[at : at + 2], 16) for at in (1, 3, 5))
    notebook.page.wait_for_function(
        f"(wanted) => ({colour})().replace(/ /g, '') === wanted", arg=f"rgb({red},{green},{blue})"
    )


def test_folded_layer_unfolds_on_a_click_within_the_limit(lab):
    wide = (
        "wide = NNWorkflow([Linear(200, 4), ReLU(), Linear(4, 1), Sigmoid()], epochs=1)\n"
        "result = wide.train((rng.random((30, 200)), np.arange(30) % 2))\n"
        "graph = neuron_graph(result)\ngraph"
    )
    notebook = lab.notebook([MODEL, wide])
    notebook.run_all()
    notebook.page.wait_for_function(DRAWN, arg=60)
    before = notebook.ask(COUNT, 1)
    click(notebook, "fold0")
    notebook.page.wait_for_function(DRAWN, arg=before[1] + 100)
    nodes, edges = notebook.ask(COUNT, 1)
    assert nodes + edges <= 1500
    notebook.screenshot("neuron-graph-unfolded", 1)


def test_saved_graphs_show_their_twins_without_a_kernel(lab):
    notebook = lab.notebook([MODEL, "net", "neuron_graph(result)"])
    notebook.run_all()
    notebook.page.wait_for_function(DRAWN, arg=9)
    notebook.reopen(kernel=False)
    for index in (1, 2):
        notebook.locator(index, ".dlaaw-twin img").wait_for()
        assert "model not found" not in notebook.cell(index).inner_text()
    notebook.wait_text(1, "<i>net</i>")
    notebook.screenshot("graphs-saved")
