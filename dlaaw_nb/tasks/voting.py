"""The ready task that lets trained networks vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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
    by their probabilities (``soft``). Of classes with as many votes, but for what rounding does,
    the one that comes first among the first member's classes wins. Members that predict numbers are
    averaged by their weights.

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

    palette_group = "Voting"
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
            When there is no member, or they differ in rows, classes or true labels, or there are
            not as many weights; the message names the member.
        """
        from dlaaw_nb.tasks.vote_counting import class_votes, number_votes

        self._check_members(votes)
        weights = self.weights or (1.0,) * len(votes)
        if votes[0].classes:
            return Voted(*class_votes(votes, weights, soft=self.method == "soft"))
        return Voted(*number_votes(votes, weights))

    def _check_members(self, votes: Sequence[Prediction]) -> None:
        from dlaaw_nb.tasks.vote_counting import mismatch

        if not votes:
            raise DataError(
                f"{self.where}: expected at least one member, got none. Connect predictions to it."
            )
        if self.weights is not None and len(self.weights) != len(votes):
            raise DataError(
                f"{self.where}: expected as many weights as members, {len(votes)}, got "
                f"{len(self.weights)}."
            )
        reason = mismatch(votes)
        if reason is not None:
            raise DataError(f"{self.where}: {reason} Let all predict the same data.")


del _ports
