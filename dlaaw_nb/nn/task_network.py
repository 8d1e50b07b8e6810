"""Networks as tasks of a workflow: their ports, what they are made with, and how they run."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.chain import LayerChain
from dlaaw_nb.nn.layers.own_trust import carries_source, trust_layers
from dlaaw_nb.nn.network_files import NetworkFiles
from dlaaw_nb.nn.ports import ACTIVATIONS, DATASET, MODEL, PREDICTION
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.types import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["NetworkTask"]

_MODES = ("train", "predict")


class NetworkTask(NetworkFiles, LayerChain):
    """A network as a task: it trains, or it predicts with a model that is given.

    An implementer is a network as ``mapper`` wants it, with `replace`, and adds nothing to these
    methods. Placed in a workflow it has the task's name there, and still trains models of its own
    name.

    Attributes
    ----------
    mode : {"train", "predict"}
        What it does as a task; see `as_task`.
    target : str or None
        Where it runs as a task; None for the run's target.
    """

    uses_target: ClassVar[bool] = True
    mode: Literal["train", "predict"] = "train"
    target: str | None = None
    _title: str | None = None  # of a placed network, its own name

    def as_task(
        self, mode: Literal["train", "predict"] = "train", *, target: str | None = None
    ) -> Self:
        """Say what the network does in a workflow; without it, it trains on the run's target.

        Parameters
        ----------
        mode : {"train", "predict"}
            ``"train"``: takes a data set, and a model to start from if one is given; gives the
            model, its prediction of the test rows, a report, and the output of each layer on all
            rows. ``"predict"``: takes a data set and a model of this network's layers; gives the
            prediction of all rows, a report, and the output of each layer.
        target : str or None
            Where it runs; None for the run's target.

        Returns
        -------
        NNWorkflow
            A copy.

        Raises
        ------
        NetworkError
            When there is no such mode.
        """
        if mode not in _MODES:
            raise NetworkError(f"{self.name}: mode: expected 'train' or 'predict', got {mode!r}.")
        if target is not None and not target:
            raise NetworkError(f"{self.name}: target: expected a name or None, got {target!r}.")
        twin = copy.copy(self)
        twin.__dict__.update(mode=mode, target=target)
        return twin

    @property
    def inputs(self) -> tuple[Port, ...]:
        """A data set; and a model, to predict with, or to start from if there is one."""
        return (
            Port("dataset", DATASET, "input"),
            Port("model", MODEL, "input", required=self.mode == "predict"),
        )

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The model if it trains, the prediction, a report, and what each layer puts out."""
        return (
            *((Port("model", MODEL, "output"),) if self.mode == "train" else ()),
            Port("prediction", PREDICTION, "output"),
            Port("report", TABLE, "output"),
            *(
                Port(layer.name, ACTIVATIONS, "output", (None, layer.out_features))
                for layer in self.layers
            ),
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The specification without its plan, the mode and the target; plain JSON values."""
        network = self.spec()
        del network["plan"]
        return {"network": network, "mode": self.mode, "target": self.target}

    @classmethod
    def carries_code_in(cls, parameters: Mapping[str, Any]) -> bool:
        """Whether the specification carries activations in source."""
        return carries_source(parameters)

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> NNWorkflow:
        """Make the network of which `parameters` were written down.

        Parameters
        ----------
        parameters : mapping of str to object
            ``network``, the specification; ``mode`` and ``target`` as for `as_task`.

        Returns
        -------
        NNWorkflow
            An equal one; of a derived class it becomes a plain one.

        Raises
        ------
        FormatError
            When the specification is none.
        NetworkError
            When there is no such mode.
        TypeError
            When a parameter is missing or unknown.
        """
        return _network(**parameters)

    def call(self) -> str | None:
        """Write the Python that makes the network, if all of its parts are this package's."""
        from dlaaw_nb.nn.task_code import written

        return written(self)

    def spec(self, plan: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write the network as a specification: see ``NetworkFiles.spec``."""
        return {**super().spec(plan), "name": self._title or self.name}

    def fingerprint(self) -> str:
        """Hash what decides what the network gives, in a workflow and by itself.

        Returns
        -------
        str
            SHA-256 in hexadecimal: of layers, hyperparameters and name; of the mode and an own
            target; and of the code that computes, kernels and layers of other packages included.
        """
        from dlaaw_nb.nn.task_code import computing_fingerprint

        facts = [self.parameters, computing_fingerprint(self.layers)]
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def placed(self, name: str) -> Self:
        """Make the copy that stands in a workflow: see ``Task.placed``."""
        twin = super().placed(name)
        twin.__dict__["_title"] = self._title or self.name
        return twin

    def unplaced(self) -> Self:
        """Give the network as it was before it was placed, under its own name."""
        if self._title is None:
            return self
        twin = copy.copy(self)
        twin.__dict__["name"] = twin.__dict__.pop("_title")
        return twin

    def run(self, dataset: Dataset, model: Model | None = None) -> dict[str, Any]:
        """Train or predict, as `mode` says.

        Parameters
        ----------
        dataset : Dataset
            The rows.
        model : Model or None
            What predicts; or whose weights the training starts from, None for none.

        Returns
        -------
        dict
            Values by output port; outputs of layers that nobody takes are left out.

        Raises
        ------
        NetworkError
            When the model has other layers.
        TaskError
            When the run is cancelled before the training ends.
        DlaawError
            What ``train`` and ``predict`` raise.
        """
        network = cast("NNWorkflow", self.unplaced())
        trust_layers(network.layers)  # a run begins only with what is trusted
        if self.mode == "predict":
            return _predicted(network, dataset, model)
        return _trained(network, dataset, model)


def _network(
    network: Mapping[str, Any],
    mode: Literal["train", "predict"] = "train",
    target: str | None = None,
) -> NNWorkflow:
    from dlaaw_nb.nn.network import NNWorkflow

    return NNWorkflow.from_spec(network).as_task(mode, target=target)


def _trained(network: NNWorkflow, dataset: Dataset, model: Model | None) -> dict[str, Any]:
    from dlaaw_nb.nn.task_results import test_prediction, training_report
    from dlaaw_nb.nn.task_training import carry_out, predict_in, wanted_of
    from dlaaw_nb.workflow.context import context

    here = context()
    names = [layer.name for layer in network.layers]
    result = carry_out(
        network.train,
        here,
        dataset,
        target=network.target,
        layers=[name for name in names if name in here.listened],
        alone=True,
        initial=None if model is None else _fitting(network, model).parameters,
    )
    layers = wanted_of(here, names)
    found: Mapping[str, Any] = {}
    if layers:
        found = predict_in(
            here, result.model, dataset, outputs=layers, target=network.target
        ).outputs
    return {
        "model": result.model,
        "prediction": test_prediction(result),
        "report": training_report(result),
        **found,
    }


def _predicted(network: NNWorkflow, dataset: Dataset, model: Model | None) -> dict[str, Any]:
    from dlaaw_nb.nn.task_results import prediction_report
    from dlaaw_nb.nn.task_training import predict_in, wanted_of
    from dlaaw_nb.workflow.context import context

    if model is None:
        raise NetworkError(f"{network.name}: expected a model to predict with, got none.")
    here = context()
    layers = wanted_of(here, [layer.name for layer in network.layers])
    prediction = predict_in(
        here, _fitting(network, model), dataset, outputs=layers, target=network.target
    )
    return {
        "prediction": replace(prediction, outputs={}),
        "report": prediction_report(prediction),
        **prediction.outputs,
    }


def _fitting(network: NNWorkflow, model: Model) -> Model:
    """Require a model of the same layers."""
    if _kinds(model.layers) != _kinds(network.layers):
        raise NetworkError(
            f"{network.name}: expected a model of its layers {_text(network.layers)}, got "
            f"{model.name} of {_text(model.layers)}. Give it the model that this network trained, "
            "or use NNExecutor, which takes any."
        )
    return model


def _kinds(layers: Sequence[Any]) -> list[str]:
    return [repr(layer) for layer in layers]


def _text(layers: Sequence[Any]) -> str:
    text = ", ".join(_kinds(layers))
    return f"[{text if len(text) <= 200 else text[:200] + ' ...'}]"
