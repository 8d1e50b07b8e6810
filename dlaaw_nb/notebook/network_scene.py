"""What a picture of a network's neurons is made of: places once, numbers for each state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dlaaw_nb.views import html
from dlaaw_nb.views.neuron_scene import Column, NeuronScene

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.notebook.live_film import Moment

__all__ = ["NetworkScene", "State", "unit_name"]


class State(Protocol):
    """A network with its weights, and a row that is looked at.

    Attributes
    ----------
    parameters : mapping of str to float32 array
        By name.
    moment : Moment
        The same, with how far the training is.
    caption, row_label : str
        What stands above the picture, and which row it is.
    """

    @property
    def parameters(self) -> Mapping[str, np.ndarray]: ...  # noqa: D102

    @property
    def moment(self) -> Moment: ...  # noqa: D102

    @property
    def caption(self) -> str: ...  # noqa: D102

    @property
    def row_label(self) -> str: ...  # noqa: D102

    def outputs(self, parameters: Mapping[str, np.ndarray]) -> Sequence[np.ndarray]:
        """Give the normalized row, then what each layer puts out with these parameters."""
        ...


class NetworkScene:
    """The neurons of a network that are drawn, and where their numbers are found.

    Activation layers stand with the layer before them: a neuron shows what comes out of both.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    names : Dataset or Model
        Names the inputs and the output.
    limit : int or None
        Most neurons, labels and edges; None folds layers above 16 neurons.
    unfold : sequence of str
        Names of layers of which more is drawn; ``"inputs"`` for the inputs.
    """

    def __init__(
        self,
        network: NNWorkflow,
        names: Dataset | Model,
        limit: int | None = None,
        unfold: Sequence[str] = (),
    ) -> None:
        self.title = network.name
        columns, self._weighted, self._outputs = _columns(network, names)
        if limit is None:
            self._scene = NeuronScene(columns)
        else:
            opened = [at for at, column in enumerate(columns) if column.name in unfold]
            self._scene = NeuronScene.within(columns, limit, opened)
        column, unit = np.array([(n.column, n.unit) for n in self._scene.neurons]).T
        self._units = [unit[column == c] for c in range(len(columns))]

    @property
    def places(self) -> NeuronScene:
        """What is drawn, and where."""
        return self._scene

    def plain(self) -> dict[str, Any]:
        """Say what is drawn in what JSON knows; see `NeuronScene.plain`.

        Returns
        -------
        dict
            And the title.
        """
        return {"title": self.title, **self._scene.plain()}

    def neuron(self, at: int, state: State) -> dict[str, Any]:
        """Say what there is to know of a neuron that is drawn.

        Parameters
        ----------
        at : int
            Its place in the scene.
        state : State
            The network as it stands.

        Returns
        -------
        dict
            ``layer`` (``"inputs"`` for an input), ``unit`` (its number from 0), ``name``,
            ``activation``, ``bias`` (None for an input), and ``inputs``: weight by the name of each
            neuron that it listens to, the largest first.
        """
        column, unit, *_, name = self._scene.neurons[at]
        outputs = state.outputs(state.parameters)
        known = {
            "layer": self._scene.columns[column].name,
            "unit": unit,
            "name": name,
            "activation": float(outputs[self._outputs[column]][unit]),
        }
        if column == 0:
            return {**known, "bias": None, "inputs": {}}
        layer, before = self._weighted[column - 1], self._scene.columns[column - 1]
        weights = state.parameters[f"{layer}.weight"][unit]
        order = np.argsort(-np.abs(weights), kind="stable").tolist()
        return {
            **known,
            "bias": float(state.parameters[f"{layer}.bias"][unit]),
            "inputs": {unit_name(before, k): float(weights[k]) for k in order},
        }

    def numbers(
        self, moment: Moment, outputs: Sequence[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take the numbers that are drawn out of all there are.

        Parameters
        ----------
        moment : Moment
            The network at a moment.
        outputs : sequence of float32 array, each of shape (units,)
            The normalized row, then what each layer puts out then.

        Returns
        -------
        weights : float32 array, shape (edges,)
            In the scene's order.
        biases, activations : float32 array, shape (neurons,)
            Likewise; inputs have no bias, which is NaN.
        """
        parameters = moment.parameters
        weights, biases = [], [np.full(len(self._units[0]), np.nan, np.float32)]
        for at, layer in enumerate(self._weighted, 1):
            before, here = self._units[at - 1], self._units[at]
            weights.append(parameters[f"{layer}.weight"][np.ix_(here, before)].ravel())
            biases.append(parameters[f"{layer}.bias"][here])
        activations = [
            outputs[place][units] for place, units in zip(self._outputs, self._units, strict=True)
        ]
        return np.concatenate(weights), np.concatenate(biases), np.concatenate(activations)

    def frames(self, moments: Sequence[Moment], state: State) -> bytes:
        """Pack moments of a training for the page.

        Parameters
        ----------
        moments : sequence of Moment
            What is shown, one frame each.
        state : State
            Knows the row that is looked at.

        Returns
        -------
        bytes
            Little-endian float32: of each frame the head, weights, biases, activations.
        """
        parts: list[np.ndarray] = []
        for moment in moments:
            parts.append(np.array(moment.head, np.float32))
            parts += self.numbers(moment, state.outputs(moment.parameters))
        return np.concatenate(parts).astype("<f4").tobytes()

    def picture(self, state: State) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw the network as it stands.

        Parameters
        ----------
        state : State
            The network.

        Returns
        -------
        data, metadata : dict
            A MIME bundle of ``text/plain``, ``text/html`` and ``image/png``, and its metadata.
        """
        captions = state.caption, f"Activations: {state.row_label}"
        text = f"Neurons of {self.title}. {'. '.join(captions)}"
        numbers = self.numbers(state.moment, state.outputs(state.parameters))
        drawing = self._scene.draw(*numbers, text)
        lines = "".join(f"<div>{html.escape(caption)}</div>" for caption in captions)
        page = html.section(f"Neurons of {self.title}", lines, drawing.to_html())
        return drawing.bundle(html=page)


def unit_name(column: Column, unit: int) -> str:
    """Name a neuron of a column, drawn or not.

    Parameters
    ----------
    column : Column
        Its layer.
    unit : int
        Its number from 0.

    Returns
    -------
    str
        Its label, or the layer's name and the number.
    """
    return column.labels[unit] if column.labels else f"{column.name}, neuron {unit}"


def _columns(
    network: NNWorkflow, dataset: Dataset | Model
) -> tuple[list[Column], list[str], list[int]]:
    """Give the columns, the layer whose weights lead to each but the first, and their outputs."""
    names, notes, widths = ["inputs"], [f"{network.in_features:,}"], [network.in_features]
    weighted: list[str] = []
    places = [0]
    for place, layer in enumerate(network.layers, 1):
        if len(layer.parameter_shapes.get("weight", ())) == 2:
            names.append(layer.name)
            notes.append(f"{layer.out_features:,}")
            widths.append(layer.out_features or 0)
            weighted.append(layer.name)
            places.append(place)
        else:
            notes[-1] += f" {layer.kind}"
            places[-1] = place
    labels: list[Sequence[str]] = [() for _ in names]
    labels[0] = dataset.feature_names
    if widths[-1] == 1:
        labels[-1] = (f"{dataset.label_name} {dataset.classes[1]}",)
    columns = map(Column, names, notes, widths, labels)
    return [*columns], weighted, places
