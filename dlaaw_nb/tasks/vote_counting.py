"""Counts the votes of networks; `voting` has the task that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlaaw_nb.nn.labels import class_array
from dlaaw_nb.nn.metrics import predicted_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlaaw_nb.nn.prediction import Prediction

__all__ = ["class_votes", "mismatch", "number_votes"]

_ROUNDING = 1e-7
"""Share of all votes within which two classes have as many: probabilities are float32."""
_TAKEN = frozenset(
    ("label", "disagreement", "true_label", "right", "true_value", "residual", "")
)  # fmt: skip


def mismatch(members: Sequence[Prediction]) -> str | None:
    """Say why members cannot vote together.

    Parameters
    ----------
    members : sequence of Prediction
        At least one.

    Returns
    -------
    str or None
        A sentence that names the first member that does not fit; None when all do.
    """
    first, one = members[0], _who(members, 0)
    known: tuple[str, Any] | None = None
    for place, member in enumerate(members):
        who = _who(members, place)
        if len(member.labels) != len(first.labels):
            return (
                f"{who}: expected {len(first.labels)} rows as of {one}, got {len(member.labels)}."
            )
        if set(member.classes) != set(first.classes):
            return f"{who}: expected {_kinds(first)} as of {one}, got {_kinds(member)}."
        truth = _truth(member, first.classes)
        if truth is None:
            continue
        if known is not None and not np.array_equal(known[1], truth):
            return f"{who}: expected the true labels of {known[0]}, got others."
        known = known or (who, truth)
    return None


def class_votes(
    members: Sequence[Prediction], weights: Sequence[float], *, soft: bool
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Count votes for classes.

    Parameters
    ----------
    members : sequence of Prediction
        Without a `mismatch`.
    weights : sequence of float
        Votes of each member.
    soft : bool
        Whether a member's votes are shared out by its probabilities.

    Returns
    -------
    table : pandas.DataFrame
        A row for each row of the data.
    summary : dict
        Plain values.
    """
    classes, votes = members[0].classes, np.array(weights)
    chosen = np.stack([_chosen(member, classes) for member in members])
    counts = np.zeros((chosen.shape[1], len(classes)))
    for vote, member, codes in zip(votes, members, chosen, strict=True):
        counts += vote * (_shares(member, classes) if soft else np.eye(len(classes))[codes])
    most = counts.max(axis=1, keepdims=True)
    winner = (counts >= most - _ROUNDING * votes.sum()).argmax(axis=1)
    disagreement = votes @ (chosen != winner) / votes.sum()
    kinds, names = class_array(classes), _names(members)
    columns = {"label": kinds[winner]}
    columns |= {name: kinds[codes] for name, codes in zip(names, chosen, strict=True)}
    columns["disagreement"] = disagreement
    summary = _summary(chosen, disagreement)
    truth = _first_truth(members, classes)
    if truth is not None:
        columns |= {"true_label": kinds[truth], "right": winner == truth}
        summary["accuracy"] = float((winner == truth).mean())
        summary["members_accuracy"] = {
            name: float((codes == truth).mean()) for name, codes in zip(names, chosen, strict=True)
        }
    return pd.DataFrame(columns), summary


def number_votes(
    members: Sequence[Prediction], weights: Sequence[float]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Average numbers.

    Parameters
    ----------
    members : sequence of Prediction
        Without a `mismatch`.
    weights : sequence of float
        Of each member.

    Returns
    -------
    table : pandas.DataFrame
        A row for each row of the data.
    summary : dict
        Plain values.
    """
    values = np.stack([np.asarray(member.labels, np.float64) for member in members])
    label = np.average(values, axis=0, weights=weights)
    spread = np.sqrt(np.average((values - label) ** 2, axis=0, weights=weights))
    names = _names(members)
    columns = {"label": label, **dict(zip(names, values, strict=True)), "disagreement": spread}
    summary = _summary(values, spread)
    truth = _first_truth(members, ())
    if truth is not None:
        columns |= {"true_value": truth, "residual": truth - label}
        summary["rmse"] = _rmse(truth, label)
        summary["members_rmse"] = {
            name: _rmse(truth, own) for name, own in zip(names, values, strict=True)
        }
    return pd.DataFrame(columns), summary


def _shares(member: Prediction, classes: tuple[object, ...]) -> NDArray[np.float64]:
    """Share one vote out by probabilities: float64, shape (rows, classes)."""
    chances = np.asarray(member.probabilities, np.float64)
    if chances.ndim == 1:
        chances = np.column_stack([1.0 - chances, chances])
    return chances[:, [member.classes.index(one) for one in classes]]


def _chosen(member: Prediction, classes: tuple[object, ...]) -> NDArray[np.intp]:
    """Codes of the classes that a member gives, shape (rows,)."""
    chances: Any = member.probabilities
    places = np.array([classes.index(one) for one in member.classes], np.intp)
    return places[np.asarray(predicted_classes(chances), np.intp)]


def _truth(member: Prediction, classes: tuple[object, ...]) -> NDArray[Any] | None:
    """Give true numbers, or codes of the true classes, shape (rows,); None if not known."""
    if member.true_labels is None or not classes:
        return member.true_labels
    places = np.array([classes.index(one) for one in member.classes], np.intp)
    return places[member.true_labels.astype(np.intp)]


def _first_truth(members: Sequence[Prediction], classes: tuple[object, ...]) -> Any:
    found = (_truth(member, classes) for member in members)
    return next((truth for truth in found if truth is not None), None)


def _names(members: Sequence[Prediction]) -> list[str]:
    names = ["" if member.model is None else member.model.name for member in members]
    clear = len(set(names)) == len(names) and not _TAKEN & set(names)
    return names if clear else [f"vote{number}" for number in range(1, len(members) + 1)]


def _who(members: Sequence[Prediction], place: int) -> str:
    model = members[place].model
    name = "" if model is None else model.name
    return f"member {place + 1} ({name})" if name else f"member {place + 1}"


def _kinds(member: Prediction) -> str:
    classes = list(member.classes)
    if not classes:
        return "numbers"
    more = ", ..." if len(classes) > 5 else ""
    return f"the classes {', '.join(map(repr, classes[:5]))}{more}"


def _summary(votes: NDArray[Any], disagreement: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "members": len(votes),
        "rows": len(disagreement),
        "unanimous": int((votes == votes[0]).all(axis=0).sum()),
        "mean_disagreement": float(disagreement.mean()) if len(disagreement) else 0.0,
    }


def _rmse(truth: NDArray[Any], values: NDArray[Any]) -> float:
    return float(np.sqrt(((truth - values) ** 2).mean()))
