"""Early stopping: ending a training that no longer gets better, with the best model it had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlaaw_nb.nn.hyperparameters import MAX_COUNT, real_number, whole_number
from dlaaw_nb.nn.parts import Part

__all__ = ["EarlyStopping"]


@dataclass(frozen=True, repr=False)
class EarlyStopping(Part):
    """Ends a training when its cost has not fallen for a while, and keeps the best epoch's model.

    The cost is the mean loss over validation rows: the last ones of those that would train, which
    then do not. Test rows are never looked at.

    Parameters
    ----------
    patience : int
        Epochs without a better cost after which it ends, from 1; 50 by default.
    min_delta : float
        By how much a cost must be below the best one to be better, from 0; 0 by default.
    validation_fraction : float
        Share of the rows that train that are kept for validation, from 0 to below 1; 0.1 by
        default. 0 keeps none, and the cost of the training rows decides.

    Raises
    ------
    NetworkError
        When a parameter is out of its range.

    References
    ----------
    L. Prechelt, 1998, Early stopping - but when?, https://doi.org/10.1007/3-540-49430-8_3
    """

    role: ClassVar[str] = "early_stopping"

    patience: int = 50
    min_delta: float = 0.0
    validation_fraction: float = 0.1

    def __post_init__(self) -> None:
        label = "EarlyStopping: patience"
        object.__setattr__(self, "patience", whole_number(label, self.patience, 1, MAX_COUNT))
        rule = "a number from 0"
        delta = real_number("EarlyStopping: min_delta", self.min_delta, rule, lambda d: d >= 0)
        object.__setattr__(self, "min_delta", delta)
        label, rule = "EarlyStopping: validation_fraction", "a share from 0 to below 1"
        share = real_number(label, self.validation_fraction, rule, lambda f: 0 <= f < 1)
        object.__setattr__(self, "validation_fraction", share)
