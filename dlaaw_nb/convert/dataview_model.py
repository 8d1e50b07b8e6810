"""A model as DATAVIEW keeps it: without minimum and maximum of what it was trained on."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DataError, SaveError
from dlaaw_nb.nn.data import as_features
from dlaaw_nb.nn.model import Model

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.prediction import Prediction

__all__ = ["DataviewModel"]


class DataviewModel(Model):
    """A trained network whose features are scaled to 0..1 by the rows that it predicts.

    DATAVIEW keeps neither minimum nor maximum of the training data, and takes those of each new
    file. So what is predicted for a row depends on the rows beside it; each prediction says so.
    `fixed` makes an ordinary model of it.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    parameters : mapping of str to array
        As for ``Model``.
    provenance : mapping or None
        How it was made.
    """

    def __init__(
        self,
        network: NNWorkflow,
        parameters: Mapping[str, Any],
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        width = network.in_features
        names = [f"column {k}" for k in range(width)]
        scaling = np.zeros(width), np.ones(width)
        super().__init__(network, parameters, *scaling, (0, 1), names, "label", provenance)

    def fixed(self, data: Any) -> Model:
        """Make a model that is scaled by one data set for good.

        Parameters
        ----------
        data : str, Path, DataFrame, Dataset, array or pair of arrays
            What it was trained on, best; with or without labels.

        Returns
        -------
        Model
            With the minimum and maximum of `data`.
        """
        features, _, _ = as_features(data, self.network.in_features, None, self.classes)
        return self._scaled(features)

    def predict(
        self,
        data: Any,
        *,
        outputs: Sequence[str] = (),
        label: int | str | None = "auto",
        target: str = "cpu",
    ) -> Prediction:
        """Predict the class of each row, scaled by minimum and maximum of these rows.

        Parameters, result and errors are those of ``Model.predict``; a warning says how the rows
        were scaled.
        """
        features, labels, dropped = as_features(
            data, self.network.in_features, None, self.classes, label
        )
        if len(features) < 2:
            raise DataError(
                f"{self.name}: expected two rows or more, since the model file has no minimum and "
                f"maximum and takes those of the rows, got {len(features)}. Use "
                "model.fixed(training_data)."
            )
        warnings.warn(
            f"{self.name}: the model file has no minimum and maximum of its training data, so "
            f"features are scaled by those of the {len(features)} rows predicted here, as DATAVIEW "
            "does. Use model.fixed(training_data) to scale every file alike.",
            RuntimeWarning,
            stacklevel=2,
        )
        rows = features if labels is None else (features, labels.astype(int))
        found = self._scaled(features).predict(rows, outputs=outputs, target=target)
        return replace(found, model=self, dropped_rows=dropped)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Refuse: the package's own files say how features are scaled.

        Raises
        ------
        SaveError
            Always.
        """
        raise SaveError(
            f"{path}: not written, for the model does not know how its features are scaled. Write "
            "model.fixed(training_data).save(path), or dlaaw_nb.convert.save(path, model, "
            "format='dataview')."
        )

    def _scaled(self, features: np.ndarray) -> Model:
        low, high = features.min(axis=0), features.max(axis=0)
        scale = 1.0 / np.where(high > low, high - low, 1.0)
        names, made = self.feature_names, self.provenance
        return Model(
            self.network, self.parameters, low, scale, self.classes, names, self.label_name, made
        )
