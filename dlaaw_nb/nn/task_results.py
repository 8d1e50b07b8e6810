"""What networks give as tasks, besides models: tables and predictions that are the same each time.

A task's outputs hold no times, so that running it again gives the same bytes; how long it took is
told by the record of the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.nn.labels import class_array
from dlaaw_nb.nn.metrics import predicted_classes
from dlaaw_nb.nn.prediction import Prediction
from dlaaw_nb.nn.result_json import plain

if TYPE_CHECKING:
    import pandas as pd

    from dlaaw_nb.nn.results import CrossValidation, Sweep, TrainingResult

__all__ = [
    "folds_summary",
    "folds_table",
    "points_table",
    "prediction_report",
    "test_prediction",
    "training_report",
]

_CELLS = (str, int, float, bool)


def training_report(result: TrainingResult) -> pd.DataFrame:
    """Tabulate the measures of a training.

    Parameters
    ----------
    result : TrainingResult
        The training.

    Returns
    -------
    pandas.DataFrame
        Columns ``measure`` and ``value``: the rows of ``TrainingResult.report`` without seconds.
    """
    return result.report().drop(index="seconds").reset_index()


def prediction_report(prediction: Prediction) -> pd.DataFrame:
    """Tabulate the measures of a prediction.

    Parameters
    ----------
    prediction : Prediction
        The prediction.

    Returns
    -------
    pandas.DataFrame
        Columns ``measure`` and ``value``: the count of rows and, where the truth is known, what
        ``TrainingResult.report`` has of it.
    """
    import pandas as pd

    values: dict[str, float] = {}
    if prediction.true_labels is not None:
        values = {name: getattr(prediction, name) for name in prediction.measures}
        confusion = prediction.confusion
        if prediction.task == "binary" and confusion is not None:
            names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
            values |= dict(zip(names, confusion.ravel().tolist(), strict=True))
    values["rows"] = len(prediction.labels)
    return pd.DataFrame({"measure": list(values), "value": np.array(list(values.values()), float)})


def test_prediction(result: TrainingResult) -> Prediction:
    """Give what the trained model says about the rows that it was tested on.

    Parameters
    ----------
    result : TrainingResult
        A training that did not diverge.

    Returns
    -------
    Prediction
        With the true labels, in the order of ``result.test_rows``.
    """
    chances = result.test_probabilities
    if chances is None:
        labels: Any = result.test_outputs
    else:
        labels = class_array(result.classes)[predicted_classes(chances)]
    return Prediction(chances, labels, {}, result.test_labels, 0, result.model)


test_prediction.__test__ = False  # type: ignore[attr-defined] # no test, though its name begins so


def folds_table(result: CrossValidation) -> pd.DataFrame:
    """Tabulate the folds of a cross-validation.

    Parameters
    ----------
    result : CrossValidation
        The cross-validation.

    Returns
    -------
    pandas.DataFrame
        ``CrossValidation.table`` without seconds, and without what tells of a stop.
    """
    return result.table().drop(columns=["seconds", "stopped"])


def folds_summary(result: CrossValidation) -> dict[str, Any]:
    """Sum a cross-validation up.

    Parameters
    ----------
    result : CrossValidation
        The cross-validation.

    Returns
    -------
    dict
        score_name, mean, variance, folds, diverged (counts), and the measures of the test rows of
        all folds together; None for what is not defined.
    """
    pooled = result.pooled
    return {
        "score_name": result.score_name,
        "mean": plain(result.mean),
        "variance": plain(result.variance),
        "folds": len(result.trials),
        "diverged": result.diverged,
        "pooled": {name: plain(getattr(pooled, name)) for name in pooled.measures},
    }


def points_table(result: Sweep) -> pd.DataFrame:
    """Tabulate the settings of a sweep.

    Parameters
    ----------
    result : Sweep
        The sweep.

    Returns
    -------
    pandas.DataFrame
        ``Sweep.table`` without seconds; settings that are no plain values, such as several widths,
        as text.
    """
    frame = result.table().drop(columns="seconds")
    for name in frame.columns:
        values = frame[name].tolist()
        if not all(type(value) in _CELLS for value in values):
            frame[name] = [str(value) for value in values]
    return frame
