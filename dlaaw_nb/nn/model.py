"""Models: trained networks, and the text files they live in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dlaaw_nb.errors import FormatError, NetworkError
from dlaaw_nb.nn.hyperparameters import shown
from dlaaw_nb.nn.labels import classes_text
from dlaaw_nb.nn.mapper import build_network
from dlaaw_nb.nn.network import NNWorkflow
from dlaaw_nb.nn.weights import checked_parameters, plain

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from dlaaw_nb.nn.layers import NNTask
    from dlaaw_nb.nn.prediction import Prediction

__all__ = ["Model"]


class Model:
    """A trained network with all that is needed to use it again.

    Parameters
    ----------
    spec : NNWorkflow or mapping
        The network, or its specification; a plan in it is left aside.
    parameters : mapping of str to array
        Trained arrays: ``"Linear1.weight"``, shape (out_features, in_features),
        ``"Linear1.bias"``, shape (out_features,), and so on, as in PyTorch.
    offset, scale : array, shape (in_features,)
        Normalization of the features, ``(x - offset) * scale``; float64.
    classes : sequence of object
        The label values that 0, 1, ... stand for; words, numbers or booleans. None for numbers.
    feature_names : sequence of str
        Names of the columns, as many as features.
    label_name : str
        Name of the label column.
    provenance : mapping or None
        How it was made: data, settings, costs, time, device; plain values. None for nothing known.
    target : pair of float
        For a model that predicts numbers, what maps them to what it puts out:
        ``(y - offset) * scale``.

    Attributes
    ----------
    network : NNWorkflow
        The network without its weights.
    parameters : dict of str to float32 array
        The trained arrays, own copies; what ``train(..., initial=...)`` takes.
    offset, scale : float64 array, shape (in_features,)
        The normalization.
    classes : tuple of object
        Label values for 0, 1, ...; empty for a model that predicts numbers.
    target : tuple of (float, float)
        Offset and scale of the label; 0 and 1 for classes.
    feature_names : tuple of str
        Names of the columns.
    label_name : str
        Name of the label column.
    provenance : dict
        How it was made.

    Raises
    ------
    NetworkError
        When arrays, names or classes do not fit the network.
    FormatError
        When `spec` is a mapping that is no specification.
    """

    def __init__(
        self,
        spec: NNWorkflow | Mapping[str, Any],
        parameters: Mapping[str, Any],
        offset: npt.ArrayLike,
        scale: npt.ArrayLike,
        classes: Sequence[Any],
        feature_names: Sequence[str],
        label_name: str,
        provenance: Mapping[str, Any] | None = None,
        *,
        target: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.network = spec if isinstance(spec, NNWorkflow) else _network(spec)
        self.parameters = checked_parameters(self.network.array_shapes, parameters)
        features = self.network.in_features
        self.offset = _vector("offset", offset, features)
        self.scale = _vector("scale", scale, features)
        self.classes = _classes(classes, self.network)
        self.target = _target(target)
        self.feature_names = _names(feature_names, features)
        self.label_name = str(label_name)
        self.provenance = dict(provenance or {})

    @property
    def name(self) -> str:
        """Name of the network."""
        return self.network.name

    @property
    def layers(self) -> tuple[NNTask, ...]:
        """The placed layers of the network."""
        return self.network.layers

    @property
    def normalization(self) -> str:
        """How features are scaled: ``"minmax"``, ``"standard"`` or ``"none"``."""
        return self.network.normalize

    @property
    def spec(self) -> dict[str, Any]:
        """The network's specification without a plan."""
        spec = self.network.spec()
        del spec["plan"]
        return spec

    def predict(
        self,
        data: Any,
        *,
        outputs: Sequence[str] = (),
        label: int | str | None = "auto",
        target: str = "cpu",
    ) -> Prediction:
        """Predict the class, or the number, of each row.

        Parameters
        ----------
        data : str, Path, DataFrame, Dataset, array or pair of arrays
            Rows with the features the model was trained on; with or without their labels.
        outputs : sequence of str
            Names of layers whose output is wanted too, such as ``["ReLU1"]``.
        label : int, str or None
            Position or name of the label column; ``"auto"`` looks for it where the training data
            had it, None says that there is none.
        target : str
            Where to run: ``"cpu"``, or a name of the targets file.

        Returns
        -------
        Prediction
            Probabilities and labels of the rows, or numbers; how good they are where labels were
            given.

        Raises
        ------
        DataError
            When the data cannot be used, or has another count of features.
        TargetError
            When there is no such target, or it cannot run this.
        """
        from dlaaw_nb.nn import plans

        return plans.predict(self, data, outputs=outputs, label=label, target=target)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to a JSON text file; every weight comes back to the bit.

        Parameters
        ----------
        path : str or path
            The file; one that exists is replaced, at once or not at all.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        SaveError
            When it cannot be written, or a weight is NaN or infinite.
        """
        from dlaaw_nb.nn.model_file import write_model

        return write_model(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, trust: bool = False) -> Model:
        """Read a model from a file that `save` wrote. Nothing in the file is executed.

        Parameters
        ----------
        path : str or path
            The file.
        trust : bool
            Whether the CUDA source of activations in it may be compiled, from now on. What was
            saved here is trusted.

        Returns
        -------
        Model
            The model.

        Raises
        ------
        FormatError
            When it is no model file; the message and ``path`` name the place.
        VersionError
            When a newer version of the package wrote it.
        MissingDataError
            When there is no such file.
        TrustError
            When it carries source that is not trusted.
        """
        from dlaaw_nb.nn.layers.own_trust import let_in
        from dlaaw_nb.nn.model_file import read_model

        model = read_model(path)
        let_in(model.layers, str(path), trust)
        return model

    def __repr__(self) -> str:
        layers = ", ".join(repr(layer) for layer in self.layers)
        return f"<Model {self.name!r}: [{layers}], {self._labels_text()}>"

    def _repr_html_(self) -> str:
        from dlaaw_nb.nn.summary import layers_html

        data = self.provenance.get("data")
        source = data.get("source") if isinstance(data, Mapping) else None
        made = f"Trained on {source}. " if source else ""
        labels = self._labels_text()
        footer = f"{made}{labels[0].upper()}{labels[1:]}."
        return layers_html(self.layers, f"Model {self.name}", footer)

    def _labels_text(self) -> str:
        if not self.classes:
            return f"predicts {self.label_name}"
        return f"classes {classes_text(self.classes)}"

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.network._repr_png_()


def _network(spec: Mapping[str, Any]) -> NNWorkflow:
    # The full check would import jsonschema into every training; a training's spec is our own.
    try:
        return build_network(spec, NNWorkflow)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, (FormatError, NetworkError)):
            raise
        raise FormatError(f"spec: expected a specification, got {shown(spec)}.") from error


def _vector(name: str, values: npt.ArrayLike, length: int) -> npt.NDArray[np.float64]:
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{name}: expected {length} numbers, got {shown(values)}.") from error
    if vector.shape != (length,):
        raise NetworkError(f"{name}: expected {length} numbers, got shape {vector.shape}.")
    return vector


def _classes(classes: Sequence[Any], network: NNWorkflow) -> tuple[Any, ...]:
    values = tuple(plain(value) for value in classes)
    wanted = {"regression": 0, "binary": 2}.get(network.loss.task, network.out_features)
    known = all(isinstance(value, (str, int, float, bool)) for value in values)
    if len(values) != wanted or not known or len(set(values)) != wanted:
        many = "two" if wanted == 2 else str(wanted)
        raise NetworkError(
            f"classes: expected {many} different words, numbers or booleans, got {shown(classes)}."
        )
    return values


def _target(target: Sequence[Any]) -> tuple[float, float]:
    offset, scale = (float(value) for value in target)
    if not (math.isfinite(offset) and math.isfinite(scale) and scale > 0):
        raise NetworkError(
            f"target: expected a finite offset and a scale above 0, got {shown(tuple(target))}."
        )
    return offset, scale


def _names(names: Sequence[str], length: int) -> tuple[str, ...]:
    result = tuple(str(name) for name in names)
    if len(result) != length:
        raise NetworkError(
            f"feature_names: expected {length} names, one for each feature, got {len(result)}."
        )
    return result
