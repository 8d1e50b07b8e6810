"""What a model says about rows: probabilities, labels, and how right they are if that is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from dlaaw_nb.nn import metrics
from dlaaw_nb.nn.result_json import json_text
from dlaaw_nb.views.shown import Shown
from dlaaw_nb.views.text import counted, number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.views.canvas import View

__all__ = ["Prediction"]

HTML_ROWS = 5

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prediction(Shown):
    """Predictions for a data set.

    Attributes
    ----------
    probabilities : float32 array, shape (rows,)
        Probability of the model's second class.
    labels : array, shape (rows,)
        The model's class values: the second class where the probability is at least 0.5.
    outputs : dict of str to float32 array, shape (rows, width)
        For the layers that were asked for, what they put out.
    true_labels : float64 array of 0 and 1, shape (rows,), or None
        The true classes (0 the model's first class, 1 its second), where the data had them.
    dropped_rows : int
        Count of rows left out because a cell was empty.
    model : Model or None
        The model that predicted.
    """

    probabilities: npt.NDArray[np.float32]
    labels: npt.NDArray[Any]
    outputs: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    true_labels: npt.NDArray[np.float64] | None = None
    dropped_rows: int = 0
    model: Model | None = None

    @property
    def accuracy(self) -> float | None:
        """Share of the rows predicted right; None where the true classes are not known."""
        return self._measure(metrics.accuracy)

    @property
    def precision(self) -> float | None:
        """Share of true class-1 rows among those predicted so; None without true classes."""
        return self._measure(metrics.precision)

    @property
    def recall(self) -> float | None:
        """Share of the class-1 rows that were found; None where the true classes are not known."""
        return self._measure(metrics.recall)

    @property
    def auc(self) -> float | None:
        """Area under the ROC curve; None where the true classes are not known."""
        return self._measure(metrics.auc)

    @property
    def confusion(self) -> npt.NDArray[np.int64] | None:
        """Int64 array, shape (2, 2): ``[[tn, fp], [fn, tp]]``; None without true classes."""
        return self._measure(metrics.confusion_matrix)

    @property
    def classes(self) -> tuple[object, object]:
        """The model's class values, for 0 and for 1."""
        return (0, 1) if self.model is None else self.model.classes

    def _measure(self, measure: Callable[[Any, Any], _T]) -> _T | None:
        return None if self.true_labels is None else measure(self.true_labels, self.probabilities)

    def to_frame(self, *, outputs: bool = False) -> pd.DataFrame:
        """Tabulate the rows.

        Parameters
        ----------
        outputs : bool
            Whether to add a column for each neuron of the layers in `outputs`, named ``ReLU1.0``,
            ``ReLU1.1``, ...

        Returns
        -------
        pandas.DataFrame
            Columns ``probability``, ``label`` and, where the truth is known, ``true_label`` and
            ``right``.
        """
        import pandas as pd

        columns: dict[str, Any] = {"probability": self.probabilities, "label": self.labels}
        if self.true_labels is not None:
            values = np.array([*self.classes])
            truth = self.true_labels >= metrics.THRESHOLD
            columns["true_label"] = values[truth.astype(int)]
            columns["right"] = (self.probabilities >= metrics.THRESHOLD) == truth
        if outputs:
            for name, array in self.outputs.items():
                columns |= {f"{name}.{index}": array[:, index] for index in range(array.shape[1])}
        return pd.DataFrame(columns)

    def plot(self, *, title: str | None = None) -> View:
        """Draw the histogram of the probabilities, by class and with the confusion matrix if known.

        Parameters
        ----------
        title : str or None
            The title; None names the network.

        Returns
        -------
        View
            A matplotlib figure, made without pyplot.
        """
        from dlaaw_nb.views.prediction import probability_view

        title = title or f"Predictions of {self._network}"
        return probability_view(
            self.probabilities, self.classes, self.true_labels, self.confusion, title=title
        )

    def to_json(self) -> str:
        """Write the predictions as JSON text.

        Returns
        -------
        str
            ``{"format": "dlaaw-nb/result", "version": 1, "kind": "prediction", "network",
            "classes", "rows": count, "dropped_rows", "accuracy", "precision", "recall", "auc",
            "confusion", "probabilities": [...], "labels": [...], "true_labels": [...] or null,
            "outputs": {layer: [[...], ...]}}``. ``labels`` are class values, ``true_labels`` 0 and
            1. Numbers that are not finite, and measures without true labels, are null.
        """
        content = {
            "network": None if self.model is None else self._network,
            "classes": self.classes,
            "rows": len(self.probabilities),
            "dropped_rows": self.dropped_rows,
            **{name: getattr(self, name) for name in ("accuracy", "precision", "recall", "auc")},
            "confusion": self.confusion,
            "probabilities": self.probabilities,
            "labels": self.labels,
            "true_labels": None if self.true_labels is None else self.true_labels.astype(int),
            "outputs": self.outputs,
        }
        return json_text("prediction", content)

    @property
    def _network(self) -> str:
        return "an unnamed network" if self.model is None else self.model.name

    def _html(self, picture: str) -> str:
        from dlaaw_nb.views import html

        ones = int(np.count_nonzero(self.probabilities >= metrics.THRESHOLD))
        counts = len(self.probabilities) - ones, ones
        rows = [(f"predicted {n}", str(c)) for n, c in zip(self.classes, counts, strict=True)]
        if self.true_labels is not None:
            names = ("accuracy", "precision", "recall", "auc")
            rows += [(name, number_text(getattr(self, name))) for name in names]
        for name, array in self.outputs.items():
            rows.append((f"output of {name}", " x ".join(map(str, array.shape))))
        first = list(zip(self.labels[:HTML_ROWS], self.probabilities[:HTML_ROWS], strict=True))
        lines = [(i, label, number_text(float(p))) for i, (label, p) in enumerate(first)]
        header = ("row", "label", f"probability of {self.classes[1]}")
        more = len(self.probabilities) > len(lines)
        caption = f"The first {len(lines)} rows; all of them: .to_frame()" if more else ""
        table = html.table(lines, header, caption) if lines else ""
        dropped = f"{counted(self.dropped_rows, 'row')} with empty cells left out."
        note = html.note(dropped) if self.dropped_rows else ""
        title = f"Predictions of {self._network} for {counted(len(self.probabilities), 'row')}"
        return html.section(title, note, html.table(rows), table, picture)

    def __repr__(self) -> str:
        rows = counted(len(self.probabilities), "row")
        if self.true_labels is not None:
            return f"Prediction({rows}, accuracy {number_text(self.accuracy)})"
        ones = int(np.count_nonzero(self.probabilities >= metrics.THRESHOLD))
        no, yes = self.classes
        return f"Prediction({rows}: {len(self.probabilities) - ones} {no}, {ones} {yes})"
