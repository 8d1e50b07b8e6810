"""What a network can be told to do with data; the plans themselves are in ``plans``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np

    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.results import CrossValidation, Sweep, TrainingResult
    from dlaaw_nb.targets import Job

__all__ = ["NetworkVerbs"]


class NetworkVerbs:
    """The plans as methods of a network.

    An implementer is a network as ``plans`` wants it, and adds nothing to these methods.
    """

    def train(
        self,
        data: Any,
        *,
        target: str = "cpu",
        label: int | str | None = -1,
        test: Any = None,
        test_fraction: float | None = None,
        initial: Mapping[str, np.ndarray] | None = None,
        taps: Sequence[str] = (),
        callback: Callable[..., object] | None = None,
        stop: threading.Event | None = None,
    ) -> TrainingResult:
        """Train on all parts of the data but one, and test on that one.

        Parameters
        ----------
        data : str, Path, DataFrame, Dataset, array or pair of arrays
            Features and labels: a CSV file or URL, a table, a 2-D array of shape
            (rows, features + 1), or ``(features, labels)``.
        target : str
            Where to run: ``"cpu"``, or a name of the targets file.
        label : int, str or None
            Position or name of the label column; the last by default.
        test : like `data`, or None
            A separate test set. None tests on rows of `data`.
        test_fraction : float or None
            Share of the rows to test on, between 0 and 1. None tests on the last of the `batches`
            parts.
        initial : mapping of str to float32 array, or None
            Weights to start from, as ``model.parameters`` gives them: ``"Linear1.weight"``, shape
            (out_features, in_features), ``"Linear1.bias"``, shape (out_features,), and so on. None
            starts from Xavier initialization with the network's seed.
        taps : sequence of str
            Names of layers whose output is wanted at every cost event.
        callback : callable or None
            Called with each event as it comes, such as ``{"event": "cost", "epoch": 100, "cost":
            0.21, "score": 0.93, "parameters": {...}, "taps": {...}, ...}``;
            ``dlaaw_nb.nn.collector`` lists them. ``Monitor()`` draws them.
        stop : threading.Event or None
            Ends the training when it is set, from whatever thread, as an interrupt does.

        Returns
        -------
        TrainingResult
            The model, its cost by epoch, and how it does on the test rows. After a
            KeyboardInterrupt, what was trained so far.

        Raises
        ------
        DataError
            When the data cannot be used; the message names the place and the mend.
        PlanError
            When the plan does not fit the data, such as more batches than rows.
        TargetError
            When there is no such target, or it cannot run this.
        DivergenceError
            When the weights run off to NaN or infinity.
        """
        from dlaaw_nb.nn import plans

        return plans.train(
            cast("NNWorkflow", self),
            data,
            target=target,
            label=label,
            test=test,
            test_fraction=test_fraction,
            initial=initial,
            taps=taps,
            callback=callback,
            stop=stop,
        )

    def cross_validate(
        self,
        data: Any,
        folds: int = 5,
        *,
        stratified: bool = False,
        target: str = "cpu",
        label: int | str | None = -1,
        callback: Callable[..., object] | None = None,
        stop: threading.Event | None = None,
    ) -> CrossValidation:
        """Train once for each fold, and test each training on the fold that it did not see.

        Parameters
        ----------
        data : str, Path, DataFrame, Dataset, array or pair of arrays
            Features and labels, as for `train`.
        folds : int
            How many parts the rows are cut into, at least 2; each part tests once. The other rows
            are cut into ``batches - 1`` parts.
        stratified : bool
            Whether each fold has the share of classes that the whole data has.
        target : str
            Where to run.
        label : int, str or None
            Position or name of the label column.
        callback : callable or None
            Called with each event as it comes, as for `train`.
        stop : threading.Event or None
            Ends the trainings when it is set; those that had begun are kept.

        Returns
        -------
        CrossValidation
            One result for each fold, and mean and variance over them.

        Raises
        ------
        DataError
            When the data cannot be used.
        PlanError
            When the plan does not fit the data, such as more folds than rows.
        TargetError
            When there is no such target, or it cannot run this.
        """
        from dlaaw_nb.nn import plans

        return plans.cross_validate(
            cast("NNWorkflow", self),
            data,
            folds,
            stratified=stratified,
            target=target,
            label=label,
            callback=callback,
            stop=stop,
        )

    def sweep(
        self,
        data: Any,
        settings: Iterable[Mapping[str, Any]] | None = None,
        *,
        folds: int | None = None,
        stratified: bool = False,
        target: str = "cpu",
        sample: int | None = None,
        sample_seed: int = 0,
        label: int | str | None = -1,
        callback: Callable[..., object] | None = None,
        stop: threading.Event | None = None,
        **grid: Iterable[Any],
    ) -> Sweep:
        """Train with many settings of the hyperparameters and compare them.

        Parameters
        ----------
        data : str, Path, DataFrame, Dataset, array or pair of arrays
            Features and labels, as for `train`.
        settings : iterable of mapping, or None
            The settings one by one, such as ``[{"learning_rate": 0.1}, {"hidden": (8,)}]``; None
            makes them from `grid`.
        folds : int or None
            Cross-validate each setting with that many folds; None trains and tests each once.
        stratified : bool
            Whether each fold has the share of classes that the whole data has.
        target : str
            Where to run.
        sample : int or None
            Draw so many settings of the grid at random; None takes all.
        sample_seed : int
            Seed of that draw.
        label : int, str or None
            Position or name of the label column.
        callback : callable or None
            Called with each event as it comes, as for `train`.
        stop : threading.Event or None
            Ends the trainings when it is set; those that had begun are kept.
        **grid : iterable
            Values to try by name: learning_rate, momentum, epochs, batches, seed, hidden. Every
            combination is a setting.

        Returns
        -------
        Sweep
            A point for each setting with its results, and the best of them.

        Raises
        ------
        DataError
            When the data cannot be used.
        NetworkError
            When a setting is out of its range.
        PlanError
            When the plan does not fit the data.
        TargetError
            When there is no such target, or it cannot run this.
        """
        from dlaaw_nb.nn import plans

        return plans.sweep(
            cast("NNWorkflow", self),
            data,
            settings,
            folds=folds,
            stratified=stratified,
            target=target,
            sample=sample,
            sample_seed=sample_seed,
            label=label,
            callback=callback,
            stop=stop,
            submit=None,
            **grid,
        )

    def detach(self, verb: str, data: Any, *, target: str, **options: Any) -> Job:
        """Start a training elsewhere that goes on when this process ends.

        Parameters
        ----------
        verb : str
            ``"train"``, ``"cross_validate"`` or ``"sweep"``.
        data : object
            As of that verb.
        target : str
            A machine over SSH, see ``%targets``.
        **options
            As of that verb.

        Returns
        -------
        Job
            Under way. Its `id` is what `attach` wants, today or tomorrow, in whatever notebook.

        Raises
        ------
        TargetError
            When the target has no detached jobs, or cannot be reached.
        """
        from dlaaw_nb.nn.detached import detach

        return detach(self, verb, data, target, **options)  # type: ignore[arg-type]

    def attach(self, id: str, data: Any, **options: Any) -> Any:  # noqa: A002 (the field's word)
        """Read what became of a training that was detached; waits for its end.

        Parameters
        ----------
        id : str
            Of the job, as `detach` gave it.
        data : object
            The same as then.
        **options
            The same as then, and a callback such as ``Monitor()``.

        Returns
        -------
        TrainingResult, CrossValidation or Sweep
            As of the verb.

        Raises
        ------
        PlanError
            When network or options are others than then.
        TargetError
            When the job is not there any more, or its machine cannot be reached.
        """
        from dlaaw_nb.nn.detached import attach

        return attach(self, id, data, **options)  # type: ignore[arg-type]
