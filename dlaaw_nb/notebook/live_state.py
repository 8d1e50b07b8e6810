"""How a network stands at a moment of its training, seen from one row of its data."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import PlanError
from dlaaw_nb.notebook.live_film import Moment
from dlaaw_nb.notebook.neuron_row import first_normalization, first_parameters, layer_outputs
from dlaaw_nb.views.text import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.training_result import TrainingResult

__all__ = ["DIVERGED", "READY", "STOPPED", "TRAINED", "TRAINING", "LiveState"]

READY, TRAINING, TRAINED, STOPPED, DIVERGED = range(5)
_WORDS = ("Not trained yet", "Training", "Trained", "Stopped", "Diverged")


class LiveState:
    """Parameters, cost and score as of now, and what the neurons do with a row.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    dataset : Dataset
        What it trains on.
    arguments : mapping
        What else ``network.train`` is given.

    Attributes
    ----------
    parameters : dict of str to float32 array
        As they are now.
    state : int
        READY, TRAINING, TRAINED, STOPPED or DIVERGED.
    epoch : int
        The last one, counted from 0; -1 before the first.
    epochs : int
        How many are wanted.
    cost, score : float
        Of that epoch; NaN while unknown.
    """

    def __init__(self, network: NNWorkflow, dataset: Dataset, arguments: Mapping[str, Any]) -> None:
        self._network, self._dataset, self._arguments = network, dataset, arguments
        self._nodes = network.spec()["layers"]["nodes"]
        self._normalization = first_normalization(network, dataset, _test_plan(arguments))
        self._row = 0
        self.start(network)
        self.state = READY

    @property
    def row(self) -> int:
        """Row of the data that is looked at; may be set, from the end too."""
        return self._row

    @row.setter
    def row(self, row: int) -> None:
        rows = self._dataset.rows
        try:
            at = operator.index(row)
        except TypeError:
            at = rows  # no row at all
        if isinstance(row, bool) or not -rows <= at < rows:
            raise PlanError(
                f"row: expected a whole number from 0 to {rows - 1}, for {self._dataset.source} "
                f"has {rows} rows, got {row!r}."
            )
        self._row = at % rows

    def start(self, network: NNWorkflow) -> None:
        """Begin a training.

        Parameters
        ----------
        network : NNWorkflow
            What is trained: the same layers, perhaps with other settings.

        Raises
        ------
        PlanError
            When its layers are others.
        """
        if network.parameter_shapes != self._network.parameter_shapes:
            raise PlanError(
                f"live_neurons: this picture is of {self._network.name!r}, with other layers than "
                f"{network.name!r}. Make one for it: live_neurons(network, data)."
            )
        self.parameters = first_parameters(network, self._arguments.get("initial"))
        self.state, self.epoch, self.epochs = TRAINING, -1, network.epochs
        self.cost = self.score = math.nan

    def follow(self, event: Mapping[str, Any]) -> None:
        """Take a cost event.

        Parameters
        ----------
        event : mapping
            With parameters; see ``dlaaw_nb.nn.collector``.
        """
        self.parameters = event["parameters"]
        self.epoch, self.cost = event["epoch"], event["cost"]
        self.score = event["score"]

    def end(self, event: Mapping[str, Any]) -> None:
        """Take a trial event.

        Parameters
        ----------
        event : mapping
            See ``dlaaw_nb.nn.collector``.
        """
        normalization = event["normalization"]
        self._normalization = normalization["offset"], normalization["scale"]
        self.parameters, self.score = event["parameters"], event["score"]
        if event["costs"]:
            self.epoch, self.cost = event["costs"][-1]
        diverged = event["diverged_at"] is not None
        self.state = DIVERGED if diverged else STOPPED if event["stopped"] else TRAINED

    def settle(self, result: TrainingResult) -> None:
        """Take what a training gave that was stopped: its last events are told to nobody.

        Parameters
        ----------
        result : TrainingResult
            Of this network.
        """
        self.parameters, self.score = dict(result.model.parameters), result.score
        self._normalization = result.model.offset, result.model.scale
        self.epoch, self.cost, self.state = result.epochs_done - 1, result.cost, STOPPED

    def outputs(self, parameters: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Say what the neurons do with the row.

        Parameters
        ----------
        parameters : mapping of str to float32 array
            Those of now, or of another moment.

        Returns
        -------
        list of float32 array, each of shape (units,)
            The normalized row, then what each layer puts out.
        """
        offset, scale = self._normalization
        x = ((self._dataset.features[self._row] - offset) * scale).astype(np.float32)
        return layer_outputs(self._nodes, parameters, x)

    @property
    def score_name(self) -> str:
        """What the score is: ``"accuracy"``, or ``"R2"`` for numbers."""
        return self._network.loss.score_name

    @property
    def moment(self) -> Moment:
        """The training as it stands."""
        head = self.epoch, self.cost, self.score, self.state, self.epochs
        return Moment(head, self.parameters)

    @property
    def caption(self) -> str:
        """How the training stands, in words."""
        word = _WORDS[self.state]
        if self.epoch < 0:
            return f"{word}: the first weights"
        right = "" if math.isnan(self.score) else f", {self.score_name} {number_text(self.score)}"
        done = f"epoch {self.epoch + 1:,} of {self.epochs:,}"
        return f"{word}: {done}, cost {number_text(self.cost, 4)}{right}"

    @property
    def row_label(self) -> str:
        """Which row is looked at, in words."""
        dataset = self._dataset
        text = f"row {self._row} of {dataset.source}"
        if dataset.column is None:
            return text
        return f"{text}, {dataset.label_name} {dataset.label_of(self._row)}"


def _test_plan(arguments: Mapping[str, Any]) -> Any:
    if arguments.get("test") is not None:
        return "separate"
    share = arguments.get("test_fraction")
    return "last_batch" if share is None else {"fraction": share}
