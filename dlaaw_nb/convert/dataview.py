"""DATAVIEW's own names, so that its programs run with only Java's syntax changed.

``from dlaaw_nb.convert.dataview import *`` gives NNWorkflow with ``wins``, ``wouts``, ``design``
and ``Sequential``, the layers, the seven NNTrainers and the NNExecutor. A trainer runs on the
target that its name stands for (``gpu``, ``xavier``, ``nano``, ``cluster``) unless it is given
another one; where there is no such target, the gateway says so. Remote trainers take no user and
no password: targets are set up outside of programs.

As in DATAVIEW, data files have no header, rows that fill no batch are dropped, and features are
scaled to 0..1 over all rows. Workflows of ordinary tasks (``addTask``, ``addEdge``) run by
``WorkflowExecutor_Local(w).execute()``, networks on the target that it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from dlaaw_nb.convert.dataview_files import executor_output, model_text
from dlaaw_nb.convert.dataview_graph import DATAVIEW_BigFile, Slots, Task, Workflow
from dlaaw_nb.errors import GraphError, NetworkError
from dlaaw_nb.nn import network as own
from dlaaw_nb.nn.data import Dataset, as_dataset
from dlaaw_nb.nn.layers import Linear, NNTask, ReLU, Sigmoid
from dlaaw_nb.store.files import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlaaw_nb.nn.model import Model

__all__ = [
    "DATAVIEW_BigFile",
    "Linear",
    "NNExecutor_LocalGPU",
    "NNTask",
    "NNTrainer_LocalGPU",
    "NNTrainer_SingleNano",
    "NNTrainer_SingleXavier",
    "NNTrainer_crossValOnGPUCluster",
    "NNTrainer_crossValOnLocalGPU",
    "NNTrainer_crossValOnSingleNano",
    "NNTrainer_crossValOnSingleXavier",
    "NNWorkflow",
    "ReLU",
    "Sigmoid",
    "Task",
    "Workflow",
    "WorkflowExecutor_Beta",
    "WorkflowExecutor_Local",
]


class NNWorkflow:
    """A network in DATAVIEW's words.

    A derived class sets `wins` and `wouts` in its ``__init__``, after ``super().__init__()``, and
    calls `Sequential` in `design`, which a trainer runs.

    Attributes
    ----------
    wins : dict of int to str
        ``wins[0]``: path of the data, without a header, the label (0 or 1) in the last column.
    wouts : dict of int to str
        ``wouts[0]``: path that the result is written to.
    """

    def __init__(self, name: str = "network", description: str = "") -> None:
        self.name, self.description = name, description
        self.wins, self.wouts = Slots("wins"), Slots("wouts")
        self._network: own.NNWorkflow | None = None

    def design(self) -> None:
        """Put the layers together; a derived class overrides it."""
        raise NetworkError(f"{type(self).__name__}: override design(), and call self.Sequential().")

    def Sequential(self, layers: Sequence[NNTask], batches: int, epochs: int) -> None:  # noqa: N802
        """Put layers one behind the other.

        Parameters
        ----------
        layers : sequence of NNTask
            The layers from first to last.
        batches : int
            Parts that the rows are cut into; all but the last train.
        epochs : int
            Passes over the training rows.
        """
        self._network = own.NNWorkflow(
            layers, batches=batches, epochs=epochs, normalize_on="all", name=self.name
        )

    @property
    def network(self) -> own.NNWorkflow:
        """The network in the package's own words; designed when it is first asked for."""
        if self._network is None:
            self.design()
        if self._network is None:
            raise NetworkError(f"{type(self).__name__}: design() did not call self.Sequential().")
        return self._network


class _Trainer:
    """What the seven trainers share.

    Parameters
    ----------
    w : NNWorkflow
        What to train.
    target : str or None
        Where; None takes the one that the trainer's name stands for.
    """

    _target: ClassVar[str] = "gpu"
    _folds: ClassVar[int] = 0

    def __init__(self, w: NNWorkflow, target: str | None = None) -> None:
        self._workflow = w
        self.target = self._target if target is None else target
        self.result: Any = None

    def train(self) -> str:
        """Train, and write the result to ``wouts[0]``.

        Returns
        -------
        str
            The trained model in DATAVIEW's form; of a cross-validation the package's JSON of it,
            with the mean and the variance over the folds.

        Raises
        ------
        TargetError
            When there is no such target.
        """
        network = self._workflow.network
        data = _whole_batches(self._workflow.wins[0], network.batches)
        if self._folds:
            self.result = network.cross_validate(data, self._folds, target=self.target)
            text = self.result.to_json()
        else:
            self.result = network.train(data, target=self.target)
            text = model_text(self.result.model)
        if 0 in self._workflow.wouts:
            write_text(self._workflow.wouts[0], text)
        return str(text)


class NNTrainer_LocalGPU(_Trainer):  # noqa: N801
    """Trains and tests on the GPU of this machine."""


class NNTrainer_SingleXavier(_Trainer):  # noqa: N801
    """Trains and tests on a Jetson Xavier."""

    _target = "xavier"


class NNTrainer_SingleNano(_Trainer):  # noqa: N801
    """Trains and tests on a Jetson Nano."""

    _target = "nano"


class NNTrainer_crossValOnLocalGPU(_Trainer):  # noqa: N801
    """Cross-validates on the GPU of this machine, in 5 folds."""

    _folds = 5


class NNTrainer_crossValOnSingleXavier(_Trainer):  # noqa: N801
    """Cross-validates on a Jetson Xavier, in 5 folds."""

    _target, _folds = "xavier", 5


class NNTrainer_crossValOnSingleNano(_Trainer):  # noqa: N801
    """Cross-validates on a Jetson Nano, in 5 folds."""

    _target, _folds = "nano", 5


class NNTrainer_crossValOnGPUCluster(_Trainer):  # noqa: N801
    """Cross-validates on a cluster of boards, in 5 folds."""

    _target, _folds = "cluster", 5


class NNExecutor_LocalGPU:  # noqa: N801
    """Runs a trained model on new data, on the GPU of this machine.

    Parameters
    ----------
    model : str, Path or Model
        A model, or the path of a model file, DATAVIEW's or the package's own.
    data : str or Path
        Rows with labels.
    output : str, Path or None
        Where the result is written.
    target : str or None
        Where it runs; None for ``gpu``.
    batches : int
        Parts that the rows are cut into; rows that fill no batch are not scored. A model file does
        not say how many; 1 by default.
    """

    def __init__(
        self,
        model: str | Path | Model,
        data: str | Path,
        output: str | Path | None = None,
        target: str | None = None,
        batches: int = 1,
    ) -> None:
        self._model, self._data, self._output = model, data, output
        self._batches = batches
        self.target = "gpu" if target is None else target

    def execute(self) -> str:
        """Predict, and write the result to the output.

        Returns
        -------
        str
            ``{"Accuracy": ..., "DeviceInfo": ...}``.

        Raises
        ------
        TargetError
            When there is no such target.
        GraphError
            When the file is no model, or the data has no labels.
        """
        from dlaaw_nb import targets
        from dlaaw_nb.convert.mappers import load
        from dlaaw_nb.nn.model import Model

        device = targets.describe(self.target)
        model = self._model if isinstance(self._model, Model) else load(self._model)
        if not isinstance(model, Model):
            raise GraphError(f"{self._model}: expected a trained model, got a network.")
        found = model.predict(_whole_batches(self._data, self._batches), target=self.target)
        if found.accuracy is None:
            raise GraphError(f"{self._data}: expected the labels in the last column, got none.")
        text = executor_output(found.accuracy, device)
        if self._output is not None:
            write_text(self._output, text)
        return text


class WorkflowExecutor_Local:  # noqa: N801
    """Runs an ordinary workflow on this machine.

    Parameters
    ----------
    w : Workflow
        What to run.
    target : str
        Where its networks run; ``cpu`` by default.
    """

    _executor: ClassVar[str] = "processes"

    def __init__(self, w: Workflow, target: str = "cpu") -> None:
        self._workflow, self.target = w, target

    def execute(self) -> Any:
        """Run, and write the outputs to the files that ``wouts`` names.

        Returns
        -------
        Run
            Over.

        Raises
        ------
        GraphError
            When the workflow cannot run.
        RunError
            When a task failed.
        """
        return self._workflow.run(executor=self._executor, target=self.target)


class WorkflowExecutor_Beta(WorkflowExecutor_Local):  # noqa: N801
    """Runs an ordinary workflow on this machine, in threads."""

    _executor = "threads"


def _whole_batches(data: Any, batches: int) -> Dataset:
    """Leave out the rows that fill no batch, as DATAVIEW does."""
    dataset = as_dataset(data)
    rows = dataset.rows // batches * batches
    if rows in (dataset.rows, 0) or dataset.labels is None:
        return dataset
    return Dataset(
        dataset.features[:rows],
        dataset.labels[:rows],
        dataset.feature_names,
        dataset.label_name,
        dataset.classes,
        dataset.source,
        dataset.dropped_rows + dataset.rows - rows,
    )
