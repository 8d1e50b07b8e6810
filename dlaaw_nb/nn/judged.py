"""The measures that training results and predictions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.nn import metrics, regression

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

__all__ = ["CLASS_MEASURES", "NUMBER_MEASURES", "Judged"]

CLASS_MEASURES = ("accuracy", "precision", "recall", "f1", "auc")
NUMBER_MEASURES = ("r2", "rmse", "mae")


class Judged:
    """What was predicted, against the truth.

    An implementer must give `task` (``"binary"``, ``"multiclass"`` or ``"regression"``) and
    `_pair`, and says in `_missing` what a measure is that is not defined.
    """

    __slots__ = ()
    _missing: Any = None

    @property
    def task(self) -> str:
        """What was predicted: two classes, several classes, or numbers."""
        raise NotImplementedError

    def _pair(self) -> tuple[Any, Any] | None:
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
        pair = self._pair() if self.task == "regression" else None
        return None if pair is None else regression.residuals(*pair)

    def _class_measure(self, measure: Callable[[Any, Any], Any]) -> Any:
        pair = None if self.task == "regression" else self._pair()
        return self._missing if pair is None else measure(*pair)

    def _number_measure(self, measure: Callable[[Any, Any], Any]) -> Any:
        pair = self._pair() if self.task == "regression" else None
        return self._missing if pair is None else measure(*pair)
