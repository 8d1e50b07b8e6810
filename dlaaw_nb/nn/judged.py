"""The measures that training results and predictions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import PlanError
from dlaaw_nb.nn import metrics, regression
from dlaaw_nb.nn.class_counts import count_classes, predicted_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    import pandas as pd

    from dlaaw_nb.views.canvas import View

__all__ = ["CLASS_MEASURES", "MOST_CELLS", "NUMBER_MEASURES", "Judged", "Pooled"]

MOST_CELLS = 100
"""Of more classes a picture shows those that are most often wrong, and JSON has no confusion."""

_SHOWN_CLASSES = 40

CLASS_MEASURES = ("accuracy", "precision", "recall", "f1", "auc")
NUMBER_MEASURES = ("r2", "rmse", "mae")


class Judged:
    """What was predicted, against the truth.

    An implementer must give `task` (``"binary"``, ``"multiclass"`` or ``"regression"``), `classes`,
    `pair` and `_about`, and says in `_missing` what a measure is that is not defined.
    """

    __slots__ = ()
    _missing: Any = None

    @property
    def task(self) -> str:
        """What was predicted: two classes, several classes, or numbers."""
        raise NotImplementedError

    @property
    def classes(self) -> tuple[object, ...]:
        """The class values, for 0, 1, ...; none for numbers."""
        raise NotImplementedError

    @property
    def _about(self) -> str:
        """Say which rows of which network are judged, for titles."""
        raise NotImplementedError

    def pair(self) -> tuple[Any, Any] | None:
        """Give the truth and the probabilities (or numbers); None where they cannot be judged."""
        raise NotImplementedError

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures that apply."""
        return NUMBER_MEASURES if self.task == "regression" else CLASS_MEASURES

    @property
    def score_name(self) -> str:
        """Name of the measure that decides: ``"accuracy"``, or ``"R2"`` for numbers."""
        return "R2" if self.task == "regression" else "accuracy"

    @property
    def score(self) -> Any:
        """The measure that decides: accuracy, or R2 for numbers; larger is better."""
        return self.r2 if self.task == "regression" else self.accuracy

    @property
    def accuracy(self) -> Any:
        """Share of the rows predicted right; not defined for numbers."""
        return self._class_measure(metrics.accuracy)

    @property
    def precision(self) -> Any:
        """Share of true class-1 rows among those predicted so; of several classes, their mean."""
        return self._class_measure(metrics.precision)

    @property
    def recall(self) -> Any:
        """Share of the class-1 rows that were found; of several classes, their mean."""
        return self._class_measure(metrics.recall)

    @property
    def f1(self) -> Any:
        """Harmonic mean of precision and recall; of several classes, their mean."""
        return self._class_measure(metrics.f1)

    @property
    def auc(self) -> Any:
        """Area under the ROC curve; of several classes, the mean of each against the others."""
        return self._class_measure(metrics.auc)

    @property
    def log_loss(self) -> Any:
        """Mean of -log of the probability that the true class was given; not for numbers."""
        return self._class_measure(metrics.log_loss)

    @property
    def r2(self) -> Any:
        """Share of the numbers' variance that is predicted; not defined for classes."""
        return self._number_measure(regression.r2)

    @property
    def rmse(self) -> Any:
        """Root of the mean squared error, in the label's unit; not defined for classes."""
        return self._number_measure(regression.rmse)

    @property
    def mae(self) -> Any:
        """Mean absolute error, in the label's unit; not defined for classes."""
        return self._number_measure(regression.mae)

    @property
    def residuals(self) -> npt.NDArray[np.float64] | None:
        """Truth minus prediction of each row, in the label's unit; None where not defined."""
        pair = self.pair() if self.task == "regression" else None
        return None if pair is None else regression.residuals(*pair)

    def by_class(self) -> pd.DataFrame:
        """Tabulate the measures of each class.

        Returns
        -------
        pandas.DataFrame
            One row for each class: class, precision, recall, f1 (missing where not defined), rows
            (of that class), predicted (rows predicted as that class). Without rows for numbers, or
            where nothing can be judged.
        """
        import pandas as pd

        return pd.DataFrame(self.class_columns())

    def class_columns(self) -> dict[str, Any]:
        """Give the columns of `by_class`, plain lists and arrays; empty ones without measures."""
        columns = ("class", "precision", "recall", "f1", "rows", "predicted")
        pair = None if self.task == "regression" else self.pair()
        if pair is None:
            return {name: [] for name in columns}
        counts = count_classes(*pair)
        by_class = (metrics.precision_by_class, metrics.recall_by_class, metrics.f1_by_class)
        values = [list(self.classes), *(measure(*pair) for measure in by_class)]
        return dict(zip(columns, [*values, counts.true, counts.predicted], strict=True))

    def plot_confusion(self, *, title: str | None = None) -> View:
        """Draw the confusion matrix.

        Parameters
        ----------
        title : str or None
            The title; None says of what.

        Returns
        -------
        View
            A matplotlib figure: counts in cells, above 20 classes a heat map, above 100 one of the
            40 classes that are most often wrong.

        Raises
        ------
        PlanError
            When numbers are predicted.
        """
        from dlaaw_nb.views.confusion import confusion_view

        if self.task == "regression":
            raise PlanError("plot_confusion: the model predicts numbers. Try plot_residuals().")
        title = title or f"Confusion matrix of {self._about}"
        pair, classes = self.pair(), self.classes
        if pair is None:
            zeros = np.zeros((min(len(classes), _SHOWN_CLASSES),) * 2, np.int64)
            return confusion_view(zeros, classes[:_SHOWN_CLASSES], title=title)
        if len(classes) <= MOST_CELLS:
            return confusion_view(metrics.confusion_matrix(*pair), classes, title=title)
        chosen = _most_confused(pair)
        title += f": the {len(chosen)} of {len(classes)} classes most often wrong"
        names = [classes[code] for code in chosen]
        rows = count_classes(*pair).true[chosen]
        return confusion_view(_confusion_among(pair, chosen), names, rows=rows, title=title)

    def plot_residuals(self, *, title: str | None = None) -> View:
        """Draw predicted against true numbers, and what is left over.

        Parameters
        ----------
        title : str or None
            The title; None says of what.

        Returns
        -------
        View
            A matplotlib figure.

        Raises
        ------
        PlanError
            When classes are predicted, or the truth is not known.
        """
        from dlaaw_nb.views.residuals import residual_view

        if self.task != "regression":
            raise PlanError("plot_residuals: the model predicts classes. Try plot_confusion().")
        truth, values = self.pair() or (np.empty(0), np.empty(0))
        title = title or f"Predictions of {self._about}"
        return residual_view(truth, values, name=self.label_name, title=title)

    @property
    def label_name(self) -> str:
        """Name of what is predicted."""
        return "label"

    def _class_measure(self, measure: Callable[[Any, Any], Any]) -> Any:
        pair = None if self.task == "regression" else self.pair()
        return self._missing if pair is None else measure(*pair)

    def _number_measure(self, measure: Callable[[Any, Any], Any]) -> Any:
        pair = self.pair() if self.task == "regression" else None
        return self._missing if pair is None else measure(*pair)


class Pooled(Judged):
    """The rows of several results of one network's kind, judged together.

    Parameters
    ----------
    parts : sequence of Judged
        The results; those that cannot be judged are left aside.
    about : str
        What they are, for titles.
    """

    _missing = float("nan")

    def __init__(self, parts: Sequence[Judged], about: str) -> None:
        self._parts, self._text = parts, about

    @property
    def task(self) -> str:
        """What was predicted."""
        return self._parts[0].task if self._parts else "binary"

    @property
    def classes(self) -> tuple[object, ...]:
        """The class values."""
        return self._parts[0].classes if self._parts else (0, 1)

    @property
    def _about(self) -> str:
        return self._text

    @property
    def label_name(self) -> str:
        """Name of what is predicted."""
        return self._parts[0].label_name if self._parts else "label"

    def pair(self) -> tuple[Any, Any] | None:
        """Give the truth and what was predicted, of all parts together."""
        pairs = [pair for pair in (part.pair() for part in self._parts) if pair is not None]
        if not pairs:
            return None
        truths, outputs = zip(*pairs, strict=True)
        return np.concatenate(truths), np.concatenate(outputs)


def _most_confused(pair: tuple[Any, Any]) -> npt.NDArray[np.intp]:
    """Choose the classes with most rows that are missed or wrongly taken for them, by code."""
    counts = count_classes(*pair)
    wrong = counts.true + counts.predicted - 2 * counts.right
    return np.sort(np.argsort(-wrong, kind="stable")[:_SHOWN_CLASSES])


def _confusion_among(pair: tuple[Any, Any], chosen: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Count the rows that are of some classes and predicted as one of them."""
    truth, scores = pair
    places = np.full(scores.shape[1], -1)
    places[chosen] = np.arange(len(chosen))
    true, predicted = places[truth.astype(np.intp)], places[predicted_classes(scores)]
    both = (true >= 0) & (predicted >= 0)
    counts = np.zeros((len(chosen), len(chosen)), np.int64)
    np.add.at(counts, (true[both], predicted[both]), 1)
    return counts
