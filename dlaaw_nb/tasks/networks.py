"""Ready tasks that train networks, and that use trained ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dlaaw_nb.nn import ports as _ports  # the types that annotations name are registered
from dlaaw_nb.tasks.network_holder import NetworkHolder, with_kernels
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from dlaaw_nb.nn.dataset import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.prediction import Prediction

__all__ = ["NNCrossValidate", "NNExecutor", "NNSweep", "NNTrainer"]


class Trained(NamedTuple):
    """What a training gives."""

    model: Model
    prediction: Prediction
    report: pd.DataFrame
    costs: pd.DataFrame


class Validated(NamedTuple):
    """What a cross-validation gives."""

    folds: pd.DataFrame
    summary: dict[str, Any]
    figure: Figure


class Swept(NamedTuple):
    """What a sweep gives."""

    points: pd.DataFrame
    best: dict[str, Any]
    model: Model
    figure: Figure


class Executed(NamedTuple):
    """What a trained model gives."""

    prediction: Prediction
    report: pd.DataFrame


@dataclass(frozen=True, eq=True, unsafe_hash=False)
class NNTrainer(NetworkHolder):
    """Trains a network, and tests it on rows that it has not seen.

    Parameters
    ----------
    network : NNWorkflow or mapping
        The network, or its specification.
    target : str or None
        Where it trains; None for the run's target.
    test_fraction : float or None
        Share of the rows to test on, above 0 and below 1; None for the last of the `batches` parts.
    """

    test_fraction: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_fraction is not None:
            self._check_number("test_fraction", 0.0, 1.0)

    def run(self, dataset: Dataset) -> Trained:
        """Train.

        Parameters
        ----------
        dataset : Dataset
            Features and labels.

        Returns
        -------
        Trained
            The model, its prediction of the test rows, its measures, and its cost by epoch.
        """
        import pandas as pd

        from dlaaw_nb.nn.task_results import test_prediction, training_report
        from dlaaw_nb.nn.task_training import carry_out
        from dlaaw_nb.workflow.context import context

        result = carry_out(
            self.ready.train,
            context(),
            dataset,
            target=self.target,
            alone=True,
            test_fraction=self.test_fraction,
        )
        costs = pd.DataFrame(result.costs, columns=["epoch", "cost"])
        return Trained(result.model, test_prediction(result), training_report(result), costs)

    __hash__ = NetworkHolder.__hash__


@dataclass(frozen=True, eq=True, unsafe_hash=False)
class NNCrossValidate(NetworkHolder):
    """Cross-validates a network: every row is tested once.

    Parameters
    ----------
    network : NNWorkflow or mapping
        The network, or its specification.
    target : str or None
        Where it trains; None for the run's target.
    folds : int
        Parts that the rows are cut into, from 2.
    stratified : bool
        Whether each fold has the share of classes that all rows have.
    """

    folds: int = 5
    stratified: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_count("folds", 2)
        self._check_flag("stratified")

    def run(self, dataset: Dataset) -> Validated:
        """Train once for each fold.

        Parameters
        ----------
        dataset : Dataset
            Features and labels.

        Returns
        -------
        Validated
            A row for each fold, mean and variance over them, and their picture.
        """
        from dlaaw_nb.nn.task_results import folds_summary, folds_table
        from dlaaw_nb.nn.task_training import carry_out
        from dlaaw_nb.workflow.context import context

        result = carry_out(
            self.ready.cross_validate,
            context(),
            dataset,
            self.folds,
            target=self.target,
            stratified=self.stratified,
        )
        return Validated(folds_table(result), folds_summary(result), result.plot())

    __hash__ = NetworkHolder.__hash__


@dataclass(frozen=True, eq=True, unsafe_hash=False)
class NNSweep(NetworkHolder):
    """Trains a network with every combination of settings, and finds the best.

    Parameters
    ----------
    network : NNWorkflow or mapping
        The network, or its specification.
    target : str or None
        Where it trains; None for the run's target.
    grid : mapping of str to list
        Values to try, by hyperparameter: ``{"learning_rate": [0.3, 0.1], "hidden": [3, 8]}``.
    folds : int or None
        Cross-validate each setting with so many folds; None trains and tests each once.
    stratified : bool
        Whether each fold has the share of classes that all rows have.
    """

    grid: Mapping[str, list[Any]] = field(default_factory=dict)
    folds: int | None = None
    stratified: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        grid: Any = self.grid
        fits = isinstance(grid, Mapping) and grid
        if not fits or not all(isinstance(v, list | tuple) and v for v in grid.values()):
            raise self._refuse("grid", "at least one hyperparameter with a list of values")
        self._keep("grid", {name: list(values) for name, values in grid.items()})
        if self.folds is not None:
            self._check_count("folds", 2)
        self._check_flag("stratified")

    def run(self, dataset: Dataset) -> Swept:
        """Train with all settings, in one go.

        Parameters
        ----------
        dataset : Dataset
            Features and labels.

        Returns
        -------
        Swept
            A row for each setting, the best one, a model trained with it, and the picture of all.
        """
        from dlaaw_nb.nn.task_results import points_table
        from dlaaw_nb.nn.task_training import carry_out
        from dlaaw_nb.workflow.context import context

        grid: dict[str, Any] = {
            name: [_setting(value) for value in values] for name, values in self.grid.items()
        }
        here, network = context(), self.ready
        result = carry_out(
            network.sweep,
            here,
            dataset,
            target=self.target,
            folds=self.folds,
            stratified=self.stratified,
            **grid,
        )
        best = result.best
        chosen = best.trials[0] if self.folds is None else None
        if chosen is None:
            tuned = network.replace(**best.settings)
            chosen = carry_out(tuned.train, here, dataset, target=self.target, alone=True)
        settings = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in best.settings.items()
        }
        found = {**settings, result.score_name: float(best.mean)}
        return Swept(points_table(result), found, chosen.model, result.plot())

    __hash__ = NetworkHolder.__hash__


@dataclass(frozen=True)
class NNExecutor(ReadyTask):
    """Runs a trained network on rows: the paper's NNExecutor.

    Parameters
    ----------
    target : str or None
        Where it runs; None for the run's target.
    layers : list of str
        Layers, such as ``ReLU1``, whose output the prediction holds too.
    """

    palette_group = "Networks"
    uses_target: ClassVar[bool] = True
    target: str | None = None
    layers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.target is not None:
            self._check_text("target", empty=False)
        self._check_names("layers", what="names of layers")

    def run(self, model: Model, dataset: Dataset) -> Executed:
        """Predict every row.

        Parameters
        ----------
        model : Model
            A trained network.
        dataset : Dataset
            Rows with the features that it was trained on, with or without labels.

        Returns
        -------
        Executed
            The prediction, and its measures where labels are known.
        """
        from dlaaw_nb.nn.task_results import prediction_report
        from dlaaw_nb.nn.task_training import predict_in
        from dlaaw_nb.workflow.context import context

        found = predict_in(context(), model, dataset, outputs=self.layers, target=self.target)
        return Executed(found, prediction_report(found))

    def fingerprint(self) -> str:
        """Hash code and parameters, and the kernels that compute."""
        return with_kernels(super().fingerprint())


def _setting(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


del _ports
