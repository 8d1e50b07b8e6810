"""How data sets, models and predictions are kept: the codecs of this room's port types."""

from __future__ import annotations

from dlaaw_nb.nn.codecs_dataset import DATASET
from dlaaw_nb.nn.codecs_model import MODEL
from dlaaw_nb.nn.codecs_prediction import PREDICTION

__all__ = ["DATASET", "MODEL", "PREDICTION"]
