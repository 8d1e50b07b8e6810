"""The neurons of a model, with its weights and what they do with a row of data."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import PlanError
from dlaaw_nb.notebook.graph_view import GraphView, cytoscape, panel_html
from dlaaw_nb.notebook.live_film import Moment
from dlaaw_nb.notebook.network_scene import NetworkScene
from dlaaw_nb.notebook.neuron_row import layer_outputs
from dlaaw_nb.views.neuron_drawing import LINES, looks, scaled, sign_colour
from dlaaw_nb.views.palette import GREY
from dlaaw_nb.views.text import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.model import Model

__all__ = ["NeuronGraph", "neuron_graph"]

LIMIT = 1400  # elements of a Cytoscape widget; from some 1,500 on they get lost on the way
_LISTED = 8  # inputs that the panel lists
_HINT = "Point at a neuron, or click it to see what it listens to; click +n to unfold a layer."


def neuron_graph(
    model: Any, data: Any = None, row: int = 0, unfold: Sequence[str] = ()
) -> NeuronGraph:
    """Make a graph of a model's neurons.

    Parameters
    ----------
    model : Model or TrainingResult
        What was trained; a result brings its data along.
    data : str, Path, DataFrame, Dataset, array, pair of arrays, or None
        Rows to look at; None shows the weights alone, or the rows of the result.
    row : int
        Which row; negative counts from the end.
    unfold : sequence of str
        Layers of which more neurons are drawn; ``"inputs"`` for the inputs.

    Returns
    -------
    NeuronGraph
        It shows itself; its ``row`` may be set, and ``on_click`` hears of clicks.

    Raises
    ------
    PlanError
        When there is no model in it, no such row, or no such layer.
    DataError
        When the data do not fit the model.
    """
    from dlaaw_nb.convert.dataview_model import DataviewModel
    from dlaaw_nb.nn.data import as_dataset
    from dlaaw_nb.nn.model import Model

    found = getattr(model, "model", model)
    if not isinstance(found, Model):
        raise PlanError(
            f"neuron_graph: expected a model or a training's result, got {type(model).__name__}. "
            "Train first: result = network.train(data)."
        )
    dataset = getattr(model, "dataset", None) if data is None else as_dataset(data)
    if dataset is not None and dataset.n_features != found.network.in_features:
        raise PlanError(
            f"neuron_graph: expected data of {found.network.in_features} features, which the model "
            f"takes, got {dataset.n_features} ({dataset.source})."
        )
    if isinstance(found, DataviewModel) and dataset is not None:
        found = found.fixed(dataset.features)  # as a prediction of these rows would be scaled
    return NeuronGraph(found, dataset, row, unfold)


class ModelState:
    """A model, seen from a row of data.

    Parameters
    ----------
    model : Model
        The model.
    dataset : Dataset or None
        Its rows; None looks at none.
    row : int
        Which one.
    """

    def __init__(self, model: Model, dataset: Dataset | None, row: int) -> None:
        self.model, self.dataset, self.row = model, dataset, row
        self.parameters: Mapping[str, np.ndarray] = model.parameters
        self._nodes = model.network.spec()["layers"]["nodes"]

    @property
    def moment(self) -> Moment:
        """The model as a moment that lasts."""
        return Moment((-1, math.nan, math.nan, 0, self.model.network.epochs), self.parameters)

    @property
    def caption(self) -> str:
        """What is shown, in words."""
        total = sum(layer.parameter_count for layer in self.model.layers)
        return f"{total:,} parameters"

    @property
    def row_label(self) -> str:
        """Which row is looked at, in words."""
        if self.dataset is None:
            return "no row of data is looked at"
        text = f"row {self.row} of {self.dataset.source}"
        if self.dataset.column is None:
            return text
        return f"{text}, {self.dataset.label_name} {self.dataset.label_of(self.row)}"

    def outputs(self, parameters: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Say what the neurons do with the row; see ``NetworkScene``."""
        if self.dataset is None:
            network = self.model.network
            sizes = [network.in_features, *(layer.out_features for layer in network.layers)]
            return [np.full(size or 0, np.nan, np.float32) for size in sizes]
        x = (self.dataset.features[self.row] - self.model.offset) * self.model.scale
        return layer_outputs(self._nodes, parameters, x.astype(np.float32))


class NeuronGraph(GraphView):
    """The neurons of a model; weights as edges, biases as rings, activations as fillings.

    Parameters
    ----------
    model : Model
        The model.
    dataset : Dataset or None
        Rows to look at.
    row : int
        Which row.
    unfold : sequence of str
        Layers of which more is drawn.
    """

    def __init__(
        self, model: Model, dataset: Dataset | None, row: int, unfold: Sequence[str]
    ) -> None:
        super().__init__()
        self.model, self.dataset = model, dataset
        self._unfold: tuple[str, ...] = ()
        self._chosen: int | None = None
        self._state = ModelState(model, dataset, 0)
        self._scene = NetworkScene(model.network, model, LIMIT)
        known = [column.name for column in self._scene.places.columns]
        for name in unfold:
            if name not in known:
                raise PlanError(f"unfold: expected some of {', '.join(known)}, got {name!r}.")
        if unfold:
            self._open(tuple(unfold))
        self.row = row

    @property
    def row(self) -> int:
        """Row of the data whose activations are shown; may be set."""
        return self._state.row

    @row.setter
    def row(self, row: int) -> None:
        if self.dataset is not None:
            rows = self.dataset.rows
            try:
                at = operator.index(row)
            except TypeError:
                at = rows
            if not -rows <= at < rows:
                raise PlanError(
                    f"row: expected a whole number from 0 to {rows - 1}, got {row!r}: "
                    f"{self.dataset.source} has {rows} rows."
                )
            self._state.row = at % rows
        if self._widget is not None:
            self._restyle()
            for twin in self._twins:
                twin.update(*self.twin())

    def twin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw it for where no widget lives; see `GraphView.twin`."""
        return self._scene.picture(self._state)

    def _open(self, names: tuple[str, ...]) -> None:
        self._unfold = names
        self._scene = NetworkScene(self.model.network, self.model, LIMIT, names)

    def _build(self) -> Any:
        from ipywidgets import HTML, HBox, IntSlider, Layout, VBox

        self._chosen = None
        self._panel = HTML(layout=Layout(width="240px", flex="0 0 auto"))
        self._box = HBox([self._graph(), self._panel], layout=Layout(width="100%"))
        self._tell(panel_html(self.model.name, [("row", self._state.row_label)], _HINT))
        if self.dataset is None:
            return VBox([self._box])
        slider = IntSlider(
            self.row, 0, self.dataset.rows - 1, description="row", continuous_update=True,
            layout=Layout(width="420px"),
        )  # fmt: skip
        slider.observe(lambda change: setattr(self, "row", change["new"]), "value")
        return VBox([self._box, slider])

    def _graph(self) -> Any:
        scene = self._scene.places
        weights, *_ = self._numbers()
        drawn = scene.strongest(weights, LIMIT)
        self._left_out = len(scene.edges) - len(drawn)
        self._cytoscape = cytoscape(
            [*_nodes(scene), *_labels(scene)],
            _edges(scene, weights, drawn),
            (scene.width, scene.height),
            room=740.0,  # the panel stands beside it
        )
        self._restyle()
        self._cytoscape.on("node", "click", self._clicked)
        self._cytoscape.on("node", "mouseover", self._pointed)
        return self._cytoscape

    def _numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._scene.numbers(self._state.moment, self._state.outputs(self._state.parameters))

    def _restyle(self) -> None:
        """Say by one message how all neurons look; a message for each would be too many."""
        scene = self._scene.places
        _, biases, activations = self._numbers()
        rules: list[dict[str, Any]] = [*_style(scene.radius)]
        for at, look in enumerate(looks(scene, biases, activations)):
            rule: dict[str, Any] = {"background-color": look.fill}
            if look.ring_width:
                rule |= {
                    "border-color": look.ring, "border-width": look.ring_width,
                    "border-style": "dashed" if look.broken else "solid",
                }  # fmt: skip
            rules.append({"selector": f"#n{at}", "style": rule})
        if self._chosen is not None:
            place = self._chosen
            rules.append({"selector": f'edge[target != "n{place}"]', "style": {"opacity": 0.08}})
            rules.append({"selector": f"#n{place}", "style": {"underlay-opacity": 0.35,
                          "underlay-color": GREY, "underlay-padding": 5}})  # fmt: skip
            self._tell(self._about(place))
        self._cytoscape.set_style(rules)

    def _clicked(self, node: dict[str, Any]) -> None:
        name = str(node.get("data", {}).get("id", ""))
        if name.startswith("fold"):
            column = self._scene.places.columns[int(name[4:])].name
            self._open((*self._unfold, column))
            self._chosen = None
            self._box.children = (self._graph(), self._panel)
            self._tell(panel_html(column, [("drawn", self._drawn())], _HINT))
        elif name.startswith("n"):
            self._chosen = int(name[1:])
            self._restyle()
            self._choose(self._scene.neuron(self._chosen, self._state))

    def _pointed(self, node: dict[str, Any]) -> None:
        name = str(node.get("data", {}).get("id", ""))
        if name.startswith("n"):
            self._tell(self._about(int(name[1:])))

    def _drawn(self) -> str:
        if not self._left_out:
            return "all edges of the neurons that are drawn"
        return f"the strongest edges; {self._left_out:,} weaker ones are left out"

    def _about(self, at: int) -> str:
        known = self._scene.neuron(at, self._state)
        facts: list[tuple[str, object]] = []
        if not math.isnan(known["activation"]):
            facts.append(("puts out", number_text(known["activation"], 4)))
        if known["bias"] is not None:
            facts.append(("bias", number_text(known["bias"], 4)))
        inputs = [*known["inputs"].items()]
        facts += [(f"from {name}", number_text(w, 4)) for name, w in inputs[:_LISTED]]
        more = len(inputs) - _LISTED
        return panel_html(known["name"], facts, f"and {more:,} weaker inputs" if more > 0 else "")

    def _tell(self, html: str) -> None:
        self._panel.value = html


def _nodes(scene: Any) -> list[dict[str, Any]]:
    return [
        {"data": {"id": f"n{at}"}, "position": {"x": n.x, "y": n.y}, "classes": "neuron"}
        for at, n in enumerate(scene.neurons)
    ]


def _labels(scene: Any) -> list[dict[str, Any]]:
    folds = {id(label): at for at, label in scene.folds.items()}
    found = []
    for at, label in enumerate(scene.labels):
        fold = folds.get(id(label))
        name = f"t{at}" if fold is None else f"fold{fold}"
        found.append(
            {
                "data": {"id": name, "text": label.text},
                "position": {"x": label.x, "y": label.y},
                "classes": f"label {label.style} {label.anchor}",
            }
        )
    return found


def _edges(scene: Any, weights: np.ndarray, drawn: np.ndarray) -> list[dict[str, Any]]:
    width = scaled(np.nan_to_num(weights), LINES)
    found = []
    for at in drawn.tolist():
        source, target = scene.edges[at].tolist()
        weight = float(weights[at])
        found.append(
            {
                "data": {
                    "id": f"e{at}", "source": f"n{source}", "target": f"n{target}",
                    "width": round(float(width[at]), 2), "colour": sign_colour(weight),
                },
                "classes": "minus" if weight < 0 else "plus",
            }
        )  # fmt: skip
    return found


def _style(radius: float) -> list[dict[str, Any]]:
    size = 2 * radius
    words = {
        "label": "data(text)", "color": GREY, "font-size": 11, "background-opacity": 0,
        "width": 1, "height": 1, "border-width": 0, "text-valign": "center", "events": "no",
    }  # fmt: skip
    return [
        {"selector": "node.neuron", "style": {"width": size, "height": size, "border-width": 0.6,
         "border-color": GREY}},
        {"selector": "edge", "style": {"width": "data(width)", "line-color": "data(colour)",
         "curve-style": "haystack", "haystack-radius": 0, "opacity": 0.85}},
        {"selector": "edge.minus", "style": {"line-style": "dashed"}},
        {"selector": "node.label", "style": words},
        {"selector": "node.start", "style": {"text-halign": "right"}},
        {"selector": "node.end", "style": {"text-halign": "left"}},
        {"selector": "node.strong", "style": {"font-weight": "bold"}},
        {"selector": "node.fold", "style": {"events": "yes", "width": 34, "height": 18,
         "font-weight": "bold"}},
    ]  # fmt: skip
