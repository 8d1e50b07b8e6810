"""The layers of a network as a graph that answers to clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import PlanError
from dlaaw_nb.notebook.graph_view import GraphView, cytoscape, panel_html
from dlaaw_nb.views.palette import COLOURS, GREY

if TYPE_CHECKING:
    from dlaaw_nb.nn.layers import NNTask
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["LayerGraph", "layer_graph"]

_HINT = "Point at a layer, or click it."
_STYLE = [
    {
        "selector": "node",
        "style": {
            "shape": "round-rectangle", "label": "data(text)", "text-wrap": "wrap",
            "text-valign": "center", "font-size": 11, "color": GREY, "background-opacity": 0,
            "border-width": 1.6, "border-color": "data(colour)", "width": "data(width)",
            "height": "data(height)",
        },
    },
    {"selector": "node.end", "style": {"border-width": 0}},
    {
        "selector": "edge",
        "style": {
            "width": 1.4, "line-color": GREY, "curve-style": "bezier", "label": "data(text)",
            "target-arrow-shape": "triangle", "target-arrow-color": GREY, "font-size": 10,
            "color": GREY, "text-margin-y": -8,
        },
    },
    {
        "selector": "edge.turn",
        "style": {"curve-style": "taxi", "taxi-direction": "downward", "taxi-turn": "17px"},
    },
]  # fmt: skip


def layer_graph(network: Any) -> LayerGraph:
    """Make a graph of a network's layers, with their shapes and counts of parameters.

    Parameters
    ----------
    network : NNWorkflow, Model or TrainingResult
        The network, or what has one.

    Returns
    -------
    LayerGraph
        It shows itself; ``on_click`` hears of clicks.

    Raises
    ------
    PlanError
        When there is no network in it.
    """
    from dlaaw_nb.nn.network import NNWorkflow

    found = getattr(network, "model", network)
    found = getattr(found, "network", found)
    if not isinstance(found, NNWorkflow):
        raise PlanError(
            f"layer_graph: expected a network, a model or a result, got {type(network).__name__}."
        )
    return LayerGraph(found)


class LayerGraph(GraphView):
    """The layers of a network.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    """

    def __init__(self, network: NNWorkflow) -> None:
        super().__init__()
        self.network = network

    def twin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw it for where no widget lives; see `GraphView.twin`."""
        from dlaaw_nb.nn.summary import network_drawing, network_html

        return network_drawing(self.network).bundle(
            html=network_html(self.network), text=repr(self.network)
        )

    def _build(self) -> Any:
        from ipywidgets import HTML, Layout, VBox

        from dlaaw_nb.nn.summary import network_drawing
        from dlaaw_nb.views.layer_drawing import BOX, layer_places

        layers = self.network.layers
        places = layer_places(len(layers))
        nodes = [_node(layer, place) for layer, place in zip(layers, places, strict=True)]
        first, last = places[0], places[-1]
        nodes += [
            _end("in", first[0] - 20, first[1] + BOX[1] / 2),
            _end("out", last[0] + BOX[0] + 20, last[1] + BOX[1] / 2),
        ]
        stops = ["in", *(layer.name for layer in layers), "out"]
        turns = {b.name for b, (_, y), (_, z) in zip(layers[1:], places, places[1:], strict=False)
                 if y != z}  # fmt: skip
        widths = [layers[0].in_features, *(layer.out_features for layer in layers)]
        edges = [
            {
                "data": {"id": f"{a}>{b}", "source": a, "target": b, "text": f"{units:,}"},
                "classes": "turn" if b in turns else "",
            }
            for a, b, units in zip(stops, stops[1:], widths, strict=False)
        ]
        drawing = network_drawing(self.network)
        graph = cytoscape(nodes, edges, (drawing.width, drawing.height))
        graph.set_style(_STYLE)
        self._panel = HTML(panel_html(self.network.name, self._facts(), _HINT))
        graph.on("node", "click", lambda node: self._look(node, choose=True))
        graph.on("node", "mouseover", lambda node: self._look(node, choose=False))
        return VBox([graph, self._panel], layout=Layout(width="100%"))

    def _facts(self) -> list[tuple[str, object]]:
        total = sum(layer.parameter_count for layer in self.network.layers)
        return [("layers", len(self.network.layers)), ("parameters", f"{total:,}")]

    def _look(self, node: dict[str, Any], *, choose: bool) -> None:
        name = node.get("data", {}).get("id")
        for layer in self.network.layers:
            if layer.name == name:
                known = _known(layer)
                facts = [(what.replace("_", " "), value) for what, value in known.items()]
                self._panel.value = panel_html(layer.name, facts[1:], f"{layer!r}")
                if choose:
                    self._choose(known)


def _known(layer: NNTask) -> dict[str, Any]:
    shapes = {name: tuple(shape) for name, shape in layer.parameter_shapes.items()}
    return {
        "layer": layer.name,
        "kind": layer.kind,
        "in_features": layer.in_features,
        "out_features": layer.out_features,
        "parameters": layer.parameter_count,
        **{f"shape of {name}": shape for name, shape in shapes.items()},
    }


def _node(layer: NNTask, place: tuple[float, float]) -> dict[str, Any]:
    from dlaaw_nb.views.layer_drawing import BOX
    from dlaaw_nb.views.shapes import shortened
    from dlaaw_nb.views.text import counted

    count = counted(layer.parameter_count, "parameter") if layer.parameter_count else ""
    return {
        "data": {
            "id": layer.name,
            "text": "\n".join([shortened(layer.name, 17), shortened(repr(layer), 20), count]),
            "colour": COLOURS[0] if layer.parameter_count else GREY,
            "width": BOX[0],
            "height": BOX[1],
        },
        "position": {"x": place[0] + BOX[0] / 2, "y": place[1] + BOX[1] / 2},
    }


def _end(name: str, x: float, y: float) -> dict[str, Any]:
    data = {"id": name, "text": "", "colour": GREY, "width": 1, "height": 1}
    return {"data": data, "position": {"x": x, "y": y}, "classes": "end"}
