"""The ready task that lets trained networks vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn import ports as _ports  # the types that annotations name are registered
from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dlaaw_nb.nn.prediction import Prediction

__all__ = ["EnsembleVote"]

_METHODS = ("majority", "soft")


class Voted(NamedTuple):
    """What a vote gives."""

    prediction: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True)
class EnsembleVote(ReadyTask):
    """Lets networks vote: the label that most of them give, and how far they disagree.

    Each member has its weight of votes, for its label (``majority``), or shared out to the classes
    by their probabilities (``soft``). Of classes with as many votes the one that comes first among
    the members' classes wins. Members that predict numbers are averaged by their weights.

    Parameters
    ----------
    method : {"majority", "soft"}
        What a member's votes go to.
    weights : list of float, or None
        Votes of each member, in order; above 0. None for one each.

    References
    ----------
    L. I. Kuncheva, 2014, "Combining Pattern Classifiers", chapters 4 and 5,
    https://doi.org/10.1002/9781118914564
    """

    method: str = "majority"
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        self._check_choice("method", _METHODS)
        if self.weights is not None:
            values: Any = self.weights
            fits = isinstance(values, list | tuple) and all(
                type(value) in (int, float) and 0 < value < float("inf") for value in values
            )
            if not fits or not values:
                raise self._refuse("weights", "a list of numbers above 0, or None")
            self._keep("weights", tuple(float(value) for value in values))

    def run(self, *votes: Prediction) -> Voted:
        """Count the votes.

        Parameters
        ----------
        *votes : Prediction
            Of the same rows, with the same classes.

        Returns
        -------
        Voted
            ``prediction``: a row for each row of the data, with ``label``, each member's vote,
            ``disagreement`` (share of the votes that went to other labels; for numbers the
            deviation between members), and where the truth is known ``true_label`` and ``right``
            (``true_value`` and ``residual``). ``summary``: members, rows, unanimous rows, mean
            disagreement, and where the truth is known the score of the vote and of each member.

        Raises
        ------
        DataError
            When there is no member, or they differ in rows or classes, or not as many weights.
        """
        members = self._checked(votes)
        weights = np.ones(len(members)) if self.weights is None else np.array(self.weights)
        if members[0].classes:
            return _classes(members, weights, soft=self.method == "soft")
        return _numbers(members, weights)

    def _checked(self, votes: Sequence[Prediction]) -> list[Prediction]:
        members = list(votes)
        if not members:
            raise DataError(f"{self.where}: expected at least one member, got none.")
        if self.weights is not None and len(self.weights) != len(members):
            raise DataError(
                f"{self.where}: expected as many weights as members, {len(members)}, got "
                f"{len(self.weights)}."
            )
        first = members[0]
        for number, member in enumerate(members[1:], 2):
            if len(member.labels) != len(first.labels):
                raise DataError(
                    f"{self.where}: member {number}: expected {len(first.labels)} rows as of "
                    f"member 1, got {len(member.labels)}. Let all predict the same data."
                )
            if set(member.classes) != set(first.classes):
                raise DataError(
                    f"{self.where}: member {number}: expected the classes of member 1, "
                    f"{list(first.classes)[:5]}, got {list(member.classes)[:5]}."
                )
        return members


def _classes(members: list[Prediction], weights: Any, *, soft: bool) -> Voted:
    from dlaaw_nb.nn.labels import class_array

    classes = members[0].classes
    ballots = [_ballot(member, classes, soft=soft) for member in members]
    total = sum(weight * ballot for weight, ballot in zip(weights, ballots, strict=True))
    winner = np.asarray(total).argmax(axis=1)
    chosen = np.stack([_chosen(member, classes) for member in members])
    lost = (chosen != winner) * weights[:, None]
    disagreement = lost.sum(axis=0) / weights.sum()
    names = _names(members)
    kinds = class_array(classes)
    columns = {"label": kinds[winner]}
    columns |= {name: kinds[codes] for name, codes in zip(names, chosen, strict=True)}
    columns["disagreement"] = disagreement
    summary = _summary(members, disagreement, (chosen == chosen[0]).all(axis=0))
    truth = _truth(members, classes)
    if truth is not None:
        columns |= {"true_label": kinds[truth], "right": winner == truth}
        summary["accuracy"] = float((winner == truth).mean())
        summary["members_accuracy"] = {
            name: float((codes == truth).mean()) for name, codes in zip(names, chosen, strict=True)
        }
    return Voted(_frame(columns), summary)


def _numbers(members: list[Prediction], weights: Any) -> Voted:
    values = np.stack([np.asarray(member.labels, np.float64) for member in members])
    label = np.average(values, axis=0, weights=weights)
    spread = np.sqrt(np.average((values - label) ** 2, axis=0, weights=weights))
    names = _names(members)
    columns = {"label": label, **dict(zip(names, values, strict=True)), "disagreement": spread}
    summary = _summary(members, spread, (values == values[0]).all(axis=0))
    truth = next((m.true_labels for m in members if m.true_labels is not None), None)
    if truth is not None:
        columns |= {"true_value": truth, "residual": truth - label}
        summary["rmse"] = float(np.sqrt(((truth - label) ** 2).mean()))
        summary["members_rmse"] = {
            name: float(np.sqrt(((truth - own) ** 2).mean()))
            for name, own in zip(names, values, strict=True)
        }
    return Voted(_frame(columns), summary)


def _ballot(member: Prediction, classes: tuple[object, ...], *, soft: bool) -> Any:
    """Share a member's vote out: float64, shape (rows, classes)."""
    if not soft:
        return np.eye(len(classes))[_chosen(member, classes)]
    chances = np.asarray(member.probabilities, np.float64)
    if chances.ndim == 1:
        chances = np.column_stack([1.0 - chances, chances])
    return chances[:, [member.classes.index(one) for one in classes]]


def _chosen(member: Prediction, classes: tuple[object, ...]) -> Any:
    """Codes of the classes that a member gives, int64, shape (rows,)."""
    from dlaaw_nb.nn.metrics import predicted_classes

    chances: Any = member.probabilities
    own = predicted_classes(chances)
    places = np.array([classes.index(one) for one in member.classes])
    return places[np.asarray(own, np.intp)]


def _truth(members: list[Prediction], classes: tuple[object, ...]) -> Any:
    member = next((one for one in members if one.true_labels is not None), None)
    if member is None or member.true_labels is None:
        return None
    places = np.array([classes.index(one) for one in member.classes])
    return places[member.true_labels.astype(np.intp)]


def _names(members: list[Prediction]) -> list[str]:
    names = ["" if member.model is None else member.model.name for member in members]
    taken = {"label", "disagreement", "true_label", "right", "true_value", "residual", ""}
    clear = len(set(names)) == len(names) and not taken & set(names)
    return names if clear else [f"vote{number}" for number in range(1, len(members) + 1)]


def _summary(members: list[Prediction], disagreement: Any, unanimous: Any) -> dict[str, Any]:
    rows = len(disagreement)
    return {
        "members": len(members),
        "rows": rows,
        "unanimous": int(unanimous.sum()),
        "mean_disagreement": float(disagreement.mean()) if rows else 0.0,
    }


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns)

del _ports
