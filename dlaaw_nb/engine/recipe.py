"""How a trial is trained besides its layers: loss, optimizer, schedule, stopping, shuffling."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from . import random
from .reference import LOSSES, OPTIMIZERS, SCHEDULES

__all__ = ["Recipe"]

_DEFAULTS = {"weight_decay": 0.0}  # of specifications that are older


class Recipe:
    """What a specification says of a training besides its layers.

    Parameters
    ----------
    spec : mapping
        A specification, a variant merged in.

    Attributes
    ----------
    loss, optimizer, schedule : str
        Kinds.
    settings, schedule_settings, loss_options : float32 array, shape (count + 1,)
        Their hyperparameters, in the kernels' order.
    patience : int
        Epochs without a better cost before it stops early; 0 for no early stopping.
    min_delta : float
        By how much a cost must be below the best.
    clip_norm : float
        Longest gradient; 0 for any.
    reshuffle : bool
        Whether rows are put in a new order each epoch.
    shuffle_key, dropout_key : int
        Keys of what the kernels draw.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        training = spec["training"]
        schedule = spec.get("schedule") or {"kind": "Constant", "parameters": {}}
        self.loss, self.optimizer, self.schedule = recipe_kinds(spec)
        self.settings = _values(spec["optimizer"], OPTIMIZERS[self.optimizer].settings)
        self.schedule_settings = _values(schedule, SCHEDULES[self.schedule].settings)
        self.loss_options = _values(spec["loss"], LOSSES[self.loss].options)
        stopping = training.get("early_stopping") or {}
        self.patience = int(stopping.get("patience", 0))
        self.min_delta = float(stopping.get("min_delta", 0.0))
        self._fraction = float(stopping.get("validation_fraction", 0.0))
        self.clip_norm = float(training.get("clip_norm") or 0.0)
        self.reshuffle = training.get("shuffle") == "every_epoch"
        seed = int(training["seed"])
        self.shuffle_key = random.key(seed, random.SHUFFLE)
        self.dropout_key = random.key(seed, random.DROPOUT)

    @property
    def watches(self) -> bool:
        """Whether each epoch's cost is needed."""
        return self.patience > 0 or SCHEDULES[self.schedule].observe is not None

    def validation_rows(self, rows: int) -> int:
        """Count the rows that tell when to stop.

        Parameters
        ----------
        rows : int
            Rows that train, these among them.

        Returns
        -------
        int
            The last so many.
        """
        return max(1, round(rows * self._fraction)) if self._fraction else 0


def recipe_kinds(spec: Mapping[str, Any]) -> Tuple[str, str, str]:
    """Name the loss, optimizer and schedule of a specification.

    Parameters
    ----------
    spec : mapping
        A specification.

    Returns
    -------
    tuple of three str
        Their kinds.
    """
    schedule = (spec.get("schedule") or {}).get("kind", "Constant")
    return spec["loss"]["kind"], spec["optimizer"]["kind"], schedule


def _values(part: Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    parameters: Dict[str, Any] = {**_DEFAULTS, **part["parameters"]}
    values: List[float] = [float(parameters[name]) for name in names]
    with np.errstate(over="ignore"):  # a rate beyond float32 diverges, and says so
        return np.array([*values, 0.0], np.float32)  # never empty: it must have an address
