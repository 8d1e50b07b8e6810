"""What a model says about rows: probabilities, labels, and how right they are if that is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.nn import metrics
from dlaaw_nb.nn.judged import MOST_CELLS, NUMBER_MEASURES, Judged
from dlaaw_nb.nn.labels import class_array
from dlaaw_nb.nn.result_json import json_text
from dlaaw_nb.views.shown import Shown
from dlaaw_nb.views.text import counted, number_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.views.canvas import View

__all__ = ["Prediction"]

HTML_ROWS, HTML_CLASSES = 5, 10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prediction(Judged, Shown):
    """Predictions for a data set.

    Attributes
    ----------
    probabilities : float32 array, shape (rows,) or (rows, classes), or None
        Probability of the model's second class, or of each of several; None for numbers.
    labels : array, shape (rows,)
        The model's class values: the second class where the probability is at least 0.5, of several
        that with the largest; or the numbers, float64.
    outputs : dict of str to float32 array, shape (rows, width)
        For the layers that were asked for, what they put out.
    true_labels : float64 array, shape (rows,), or None
        The true classes (0 the model's first class, 1 its second, ...) or the true numbers, where
        the data had them.
    dropped_rows : int
        Count of rows left out because a cell was empty.
    model : Model or None
        The model that predicted.
    """

    probabilities: npt.NDArray[np.float32] | None
    labels: npt.NDArray[Any]
    outputs: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    true_labels: npt.NDArray[np.float64] | None = None
    dropped_rows: int = 0
    model: Model | None = None

    @property
    def task(self) -> str:
        """What was predicted: ``"binary"``, ``"multiclass"`` or ``"regression"``."""
        if self.probabilities is None:
            return "regression"
        return "multiclass" if self.probabilities.ndim == 2 else "binary"

    @property
    def confusion(self) -> npt.NDArray[np.int64] | None:
        """Int64 array, shape (classes, classes), row the true class, column the predicted one.

        Of two classes ``[[tn, fp], [fn, tp]]``; None without true classes.
        """
        pair = self.pair()
        return None if pair is None or not self.classes else metrics.confusion_matrix(*pair)

    @property
    def values(self) -> npt.NDArray[np.float64] | None:
        """The predicted numbers, float64, shape (rows,), in the label's unit; None for classes."""
        return self.labels if self.probabilities is None else None

    @property
    def classes(self) -> tuple[object, ...]:
        """The model's class values, for 0, 1, ...; none for numbers."""
        if self.probabilities is None:
            return ()
        return (0, 1) if self.model is None else self.model.classes

    @property
    def _about(self) -> str:
        return f"{self._network}, {counted(len(self.labels), 'row')}"

    @property
    def label_name(self) -> str:
        """Name of what is predicted."""
        return "label" if self.model is None else str(self.model.label_name)

    def pair(self) -> tuple[Any, Any] | None:
        """Give true labels, and probabilities or numbers; None where the truth is not known."""
        if self.true_labels is None:
            return None
        return self.true_labels, self.labels if self.probabilities is None else self.probabilities

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
            Columns ``probability`` (of several classes that of the label), ``label`` and, where the
            truth is known, ``true_label`` and ``right``; of several classes ``probability of ...``
            for each. For numbers ``value``, ``true_value`` and ``residual``.
        """
        import pandas as pd

        columns: dict[str, Any] = {}
        if self.probabilities is None:
            columns["value"] = self.labels
            if self.true_labels is not None:
                columns |= {"true_value": self.true_labels, "residual": self.residuals}
        else:
            chosen = metrics.predicted_classes(self.probabilities)
            several = self.probabilities.ndim == 2
            columns["probability"] = (
                self.probabilities.max(axis=1) if several else self.probabilities
            )
            columns["label"] = self.labels
            if self.true_labels is not None:
                truth = self.true_labels.astype(int)
                columns["true_label"] = class_array(self.classes)[truth]
                columns["right"] = chosen == truth
            if several:
                pairs = zip(self.classes, self.probabilities.T, strict=True)
                columns |= {f"probability of {name}": column for name, column in pairs}
        if outputs:
            for name, array in self.outputs.items():
                columns |= {f"{name}.{index}": array[:, index] for index in range(array.shape[1])}
        return pd.DataFrame(columns)

    def plot(self, *, title: str | None = None) -> View:
        """Draw the probabilities (or numbers), against the truth if that is known.

        Parameters
        ----------
        title : str or None
            The title; None names the network.

        Returns
        -------
        View
            A matplotlib figure, made without pyplot.
        """
        from dlaaw_nb.views import prediction, residuals

        title = title or f"Predictions of {self._network}"
        if self.probabilities is None:
            if self.true_labels is None:
                return residuals.number_view(self.labels, name=self.label_name, title=title)
            return self.plot_residuals(title=title)
        if self.probabilities.ndim == 2:
            if self.true_labels is not None:
                return self.plot_confusion(title=title)
            return prediction.class_view(self._counts(), self.classes, title=title)
        no, yes = self.classes
        return prediction.probability_view(
            self.probabilities, (no, yes), self.true_labels, self.confusion, title=title
        )

    def _counts(self) -> list[int]:
        """Count the rows predicted as each class."""
        assert self.probabilities is not None  # noqa: S101 - for the type checker
        chosen = metrics.predicted_classes(self.probabilities)
        counts: list[int] = np.bincount(chosen, minlength=len(self.classes)).tolist()
        return counts

    def to_json(self) -> str:
        """Write the predictions as JSON text.

        Returns
        -------
        str
            ``{"format": "dlaaw-nb/result", "version": 1, "kind": "prediction", "network",
            "classes", "rows": count, "dropped_rows", "accuracy", "precision", "recall", "auc",
            "confusion", "probabilities": [...], "labels": [...], "true_labels": [...] or null,
            "outputs": {layer: [[...], ...]}, "task", "f1", "r2", "rmse", "mae", "log_loss",
            "values"}``. ``labels`` are class values, ``true_labels`` 0, 1, ...; for numbers both
            are numbers, as ``values`` are. Numbers that are not finite, and measures without true
            labels, are null, and ``confusion`` for more than 100 classes.
        """
        content = {
            "network": None if self.model is None else self._network,
            "classes": self.classes,
            "rows": len(self.labels),
            "dropped_rows": self.dropped_rows,
            **{name: getattr(self, name) for name in ("accuracy", "precision", "recall", "auc")},
            "confusion": self.confusion if len(self.classes) <= MOST_CELLS else None,
            "probabilities": self.probabilities,
            "labels": self.labels,
            "true_labels": self._true_labels_content(),
            "outputs": self.outputs,
            "task": self.task,
            **{name: getattr(self, name) for name in ("f1", *NUMBER_MEASURES, "log_loss")},
            "values": self.values,
        }
        return json_text("prediction", content)

    def _true_labels_content(self) -> Any:
        if self.true_labels is None or not self.classes:
            return self.true_labels
        return self.true_labels.astype(int)

    @property
    def _network(self) -> str:
        return "an unnamed network" if self.model is None else self.model.name

    def _html(self, picture: str) -> str:
        from dlaaw_nb.views import html

        rows: list[tuple[str, str]] = []
        if self.classes:
            pairs = list(zip(self.classes, self._counts(), strict=True))
            rows += [(f"predicted {n}", str(c)) for n, c in pairs[:HTML_CLASSES]]
        if self.true_labels is not None:
            rows += [(name, number_text(getattr(self, name))) for name in self.measures]
        for name, array in self.outputs.items():
            rows.append((f"output of {name}", " x ".join(map(str, array.shape))))
        table = self._html_rows()
        dropped = f"{counted(self.dropped_rows, 'row')} with empty cells left out."
        note = html.note(dropped) if self.dropped_rows else ""
        title = f"Predictions of {self._network} for {counted(len(self.labels), 'row')}"
        return html.section(title, note, html.table(rows) if rows else "", table, picture)

    def _html_rows(self) -> str:
        from dlaaw_nb.views import html

        count = min(HTML_ROWS, len(self.labels))
        if not count:
            return ""
        header: tuple[str, ...] = ("row", "label")
        lines: list[tuple[Any, ...]]
        if self.probabilities is None:
            header = ("row", "value")
            lines = [(i, number_text(float(self.labels[i]), 4)) for i in range(count)]
        else:
            several = self.probabilities.ndim == 2
            header = (
                "row",
                "label",
                "its probability" if several else f"probability of {self.classes[1]}",
            )
            first = (
                self.probabilities[:count].max(axis=1) if several else self.probabilities[:count]
            )
            lines = [(i, self.labels[i], number_text(float(p))) for i, p in enumerate(first)]
        more = len(self.labels) > count
        caption = f"The first {count} rows; all of them: .to_frame()" if more else ""
        return html.table(lines, header, caption)

    def __repr__(self) -> str:
        rows = counted(len(self.labels), "row")
        if self.true_labels is not None:
            return f"Prediction({rows}, {self.score_name} {number_text(self.score)})"
        if not self.classes:
            return f"Prediction({rows}, mean {number_text(float(np.mean(self.labels)), 4)})"
        pairs = list(zip(self.classes, self._counts(), strict=True))
        text = ", ".join(f"{count} {name}" for name, count in pairs[:HTML_CLASSES])
        return f"Prediction({rows}: {text}{', ...' if len(pairs) > HTML_CLASSES else ''})"
