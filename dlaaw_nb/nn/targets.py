"""What networks learn of a label column: classes by number, or numbers brought to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DataError, PlanError
from dlaaw_nb.nn.data import as_features
from dlaaw_nb.nn.labels import classes_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["Targets"]


class Targets:
    """The labels of a data set as some networks learn them.

    Parameters
    ----------
    networks : sequence of NNWorkflow
        The networks of a plan, at least one.
    dataset : Dataset
        With labels.

    Attributes
    ----------
    truth : float64 array, shape (rows,)
        Number of each row's class, or the label's own number.
    scaling : tuple of (float, float)
        For numbers, offset and scale that bring them to mean 0 and deviation 1, if the networks
        want that.

    Raises
    ------
    DataError
        When the labels do not fit what the networks put out.
    PlanError
        When the networks ask for different things.
    """

    def __init__(self, networks: Sequence[NNWorkflow], dataset: Dataset) -> None:
        self._network, self._dataset = networks[0], dataset
        asked = {(n.loss.task, n.out_features, n.normalize_target) for n in networks}
        if len(asked) > 1:
            raise PlanError(
                "sweep: expected networks that predict the same thing, got different losses, "
                "outputs or normalize_target. Sweep over each by itself."
            )
        self._numbers = self._network.loss.task == "regression"
        self.scaling = (0.0, 1.0)
        if self._numbers:
            self.truth: np.ndarray = np.asarray(dataset.targets)
            if self._network.normalize_target == "standard":
                self.scaling = _standard(self.truth)
        else:
            self._check_classes()
            self.truth = np.asarray(dataset.labels)

    def arrays(self) -> dict[str, Any]:
        """Give what the engine wants.

        Returns
        -------
        dict
            ``features`` and ``labels``.
        """
        offset, scale = self.scaling
        labels = (self.truth - offset) * scale if self._numbers else self.truth
        return {"features": self._dataset.features, "labels": labels}

    def test_set(self, test: Any) -> tuple[np.ndarray, np.ndarray]:
        """Read a separate test set.

        Parameters
        ----------
        test : object
            Data of any kind, with labels.

        Returns
        -------
        features, labels : float64 array
            Of the rows; labels like `truth`.

        Raises
        ------
        DataError
            When it does not fit the data, or has no labels.
        """
        network, dataset = self._network, self._dataset
        classes = None if self._numbers else dataset.classes
        features, labels, _ = as_features(
            test, network.in_features, dataset.feature_names, classes, numbers=self._numbers
        )
        if labels is None:
            raise DataError(
                "test: expected the label column beside the features, got features only."
            )
        return features, labels

    def require_classes(self, option: str) -> None:
        """Refuse an option that means something for classes only.

        Raises
        ------
        PlanError
            When numbers are predicted.
        """
        if self._numbers:
            raise PlanError(
                f"{option}: folds can be given their share of classes, not of numbers. Leave "
                f"{option} out."
            )

    def _check_classes(self) -> None:
        network, dataset = self._network, self._dataset
        count, outputs = dataset.class_count, network.out_features
        wanted = 2 if network.loss.task == "binary" else outputs
        if count == wanted:
            return
        width = network.layers[-1].in_features
        shown = f" ({classes_text(dataset.classes)})" if count <= 1000 else ""
        place = f"{dataset.source}, label column {dataset.label_name!r}"
        ends = "one Sigmoid, which tells 2 apart" if wanted == 2 else f"a Softmax of {outputs}"
        mend = f"End it with Linear(n, {count}), Softmax()"
        if count == 2:
            mend = "End it with Linear(n, 1), Sigmoid(), or Linear(n, 2), Softmax()"
        elif network.loss.task == "multiclass":
            mend = f"Write Linear(n, {count}) before the Softmax"
        raise DataError(
            f"{place}: {count} classes{shown}, but {network.name!r} ends in {ends} (it has "
            f"{width} inputs there). {mend}; for numbers end it with Linear(n, 1) and give "
            "loss='MeanSquaredError'; or name the right label column with label=.",
            source=dataset.source,
            column=dataset.label_name,
        )


def _standard(numbers: np.ndarray) -> tuple[float, float]:
    """Give the offset and the scale that bring numbers to mean 0 and deviation 1."""
    largest = float(np.abs(numbers).max(initial=0.0)) or 1.0
    shares = numbers / largest  # squares of very large or small numbers have no float64
    mean, deviation = float(shares.mean()), float(shares.std())
    # Of equal numbers rounding may leave a deviation that is none.
    scale = 1.0 / deviation / largest if deviation > 1e-14 else 1.0
    return mean * largest, scale if 0.0 < scale < np.inf else 1.0
