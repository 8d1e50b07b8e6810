"""Pieces that several results share: what their JSON holds, and their sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.nn.judged import MOST_CELLS
from dlaaw_nb.views.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.training_result import TrainingResult

__all__ = [
    "DIVERGED_HINT",
    "confusion_rows",
    "data_content",
    "device_text",
    "devices_text",
    "epochs_text",
    "trial_content",
    "trials_notes",
]

DIVERGED_HINT = "Try a smaller learning_rate or momentum, or normalize the features."
NODES_SHOWN = 8


def data_content(dataset: Dataset) -> dict[str, Any]:
    """Say which data a result is about.

    Parameters
    ----------
    dataset : Dataset
        The data of a plan.

    Returns
    -------
    dict
        ``source``, ``rows``, ``dropped_rows`` and ``fingerprint``.
    """
    names = ("source", "rows", "dropped_rows", "fingerprint")
    return {name: getattr(dataset, name) for name in names}


def trial_content(trial: TrainingResult) -> dict[str, Any]:
    """Give everything about a training but the network and the data, which all trials share.

    Parameters
    ----------
    trial : TrainingResult
        The training.

    Returns
    -------
    dict
        See `TrainingResult.to_json`.
    """
    few = 0 < len(trial.classes) <= MOST_CELLS
    return {
        "settings": trial.settings,
        "fold": trial.fold,
        "accuracy": trial.accuracy,
        "precision": trial.precision,
        "recall": trial.recall,
        "auc": trial.auc,
        "confusion": trial.confusion if few else None,
        "test_rows": len(trial.test_labels),
        "cost": trial.cost,
        "costs": trial.costs,
        "seconds": trial.seconds,
        "device": trial.device,
        "epochs_done": trial.epochs_done,
        "stopped": trial.stopped,
        "diverged_at": trial.diverged_at,
        "task": trial.task,
        **{name: getattr(trial, name) for name in ("f1", "r2", "rmse", "mae")},
        "validation_costs": trial.validation_costs,
        "best_epoch": trial.best_epoch,
        "early_stopped": trial.early_stopped,
        "score_name": trial.score_name,
        "score": trial.score,
        "log_loss": trial.log_loss,
        "by_class": trial.class_columns() if few else None,
    }


def confusion_rows(
    confusion: np.ndarray[Any, Any], classes: Sequence[object]
) -> list[tuple[str, str]]:
    """Write the confusion of two classes as lines of a table.

    Parameters
    ----------
    confusion : int array, shape (2, 2)
        Row is the true class, column the predicted one.
    classes : sequence of object
        The class values; nothing is written unless they are two.

    Returns
    -------
    list of (str, str)
        What is counted, and the counts.
    """
    if len(classes) != 2:
        return []
    (tn, fp), (fn, tp) = confusion.tolist()
    no, yes = classes
    return [
        (f"true class {no}: predicted {no} / {yes}", f"{tn} / {fp}"),
        (f"true class {yes}: predicted {no} / {yes}", f"{fn} / {tp}"),
    ]


def device_text(device: Mapping[str, Any]) -> str:
    """Name a device for people.

    Parameters
    ----------
    device : mapping
        As the engine reports it: ``kind``, ``name``, ``cores``, ...

    Returns
    -------
    str
        ``cpu``, ``cpu (AMD EPYC, 2 cores)``, or ``jetson1: cpu (...)`` of a machine elsewhere.
    """
    kind = str(device.get("kind", "unknown device"))
    details = [str(device["name"])] if device.get("name") else []
    if device.get("cores"):
        details.append(counted(device["cores"], "core"))
    text = f"{kind} ({', '.join(details)})" if details else kind
    return f"{device['node']}: {text}" if device.get("node") else text


def devices_text(trials: Sequence[TrainingResult]) -> str:
    """Name what trials ran on, for people.

    Parameters
    ----------
    trials : sequence of TrainingResult
        Perhaps on several nodes.

    Returns
    -------
    str
        As of `device_text`; of more than one node their names.
    """
    if not trials:
        return "no device"
    nodes = sorted({str(trial.device["node"]) for trial in trials if trial.device.get("node")})
    if len(nodes) < 2:
        return device_text(trials[0].device)
    more = ", ..." if len(nodes) > NODES_SHOWN else ""
    return f"{len(nodes)} nodes ({', '.join(nodes[:NODES_SHOWN])}{more})"


def epochs_text(trial: TrainingResult) -> str:
    """Say how far a training came.

    Parameters
    ----------
    trial : TrainingResult
        The training.

    Returns
    -------
    str
        ``1000 epochs``, or ``300 of 1000 epochs``.
    """
    wanted = trial.settings.get("epochs")
    if wanted is None or wanted == trial.epochs_done:
        return counted(trial.epochs_done, "epoch")
    return f"{trial.epochs_done} of {counted(wanted, 'epoch')}"


def trials_notes(trials: Sequence[TrainingResult], *, stopped: bool) -> list[str]:
    """Say what went wrong in the trials of a plan.

    Parameters
    ----------
    trials : sequence of TrainingResult
        The trials that ran.
    stopped : bool
        Whether somebody stopped the plan.

    Returns
    -------
    list of str
        Sentences; empty if all went well.
    """
    cut = "Stopped before the end: the numbers are of what was trained so far."
    notes = [cut] if stopped else []
    lost = sum(trial.diverged for trial in trials)
    if lost:
        total = counted(len(trials), "training")
        notes.append(f"{lost} of {total} diverged and count in no mean. {DIVERGED_HINT}")
    return notes
