"""Plans: what the verbs of a network do.

Each makes a specification, submits it and collects the result.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb import targets
from dlaaw_nb.errors import DataError, DivergenceError, NetworkError, PlanError
from dlaaw_nb.nn.collector import Collector
from dlaaw_nb.nn.cross_validation import CrossValidation
from dlaaw_nb.nn.data import Dataset, as_dataset, as_features
from dlaaw_nb.nn.labels import class_array
from dlaaw_nb.nn.layers.own_trust import require_own_trust
from dlaaw_nb.nn.mapper import default_plan
from dlaaw_nb.nn.metrics import predicted_classes
from dlaaw_nb.nn.prediction import Prediction
from dlaaw_nb.nn.sweep_result import Sweep, SweepPoint
from dlaaw_nb.nn.sweep_settings import sweep_settings
from dlaaw_nb.nn.targets import Targets
from dlaaw_nb.nn.weights import checked_parameters

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.training_result import TrainingResult

__all__ = ["cross_validate", "predict", "sweep", "train"]

Callback = "Callable[[dict[str, Any]], object] | None"


def train(
    network: NNWorkflow,
    data: Any,
    *,
    target: str = "cpu",
    label: int | str | None = -1,
    test: Any = None,
    test_fraction: float | None = None,
    initial: Mapping[str, np.ndarray] | None = None,
    taps: Sequence[str] = (),
    callback: Callable[[dict[str, Any]], object] | None = None,
    stop: threading.Event | None = None,
) -> TrainingResult:
    """Train and test once; see ``NNWorkflow.train``."""
    _prepare(network, data, target)
    dataset = _dataset(network, data, label)
    labels = Targets([network], dataset)
    arrays = labels.arrays()
    test_labels = labels.truth
    if test is not None:
        if test_fraction is not None:
            raise PlanError("test: give either a test set or test_fraction, not both.")
        arrays["test_features"], test_labels = labels.test_set(test)
    if initial is not None:
        arrays["initial"] = _initial(network, initial)
    collector = Collector([network], dataset, test_labels, labels.scaling, callback, stop)
    plan = {
        "kind": "train",
        "test": _test_plan(test, test_fraction),
        "taps": _layer_names(network, "taps", taps),
        "live": collector.live,
    }
    collector.read(targets.submit(_spec(network, plan), arrays, target))
    (result,) = collector.results()
    if result.diverged_at is not None:
        raise DivergenceError(
            f"{network.name}: in epoch {result.diverged_at} the weights became NaN or infinite. "
            f"Try a smaller learning_rate (now {network.learning_rate:g}) or momentum "
            f"(now {network.momentum:g}), or normalize='minmax' (now {network.normalize!r}). "
            "The error's .result holds what came before.",
            result.diverged_at,
            result,
        )
    return result


def cross_validate(
    network: NNWorkflow,
    data: Any,
    folds: int = 5,
    *,
    stratified: bool = False,
    target: str = "cpu",
    label: int | str | None = -1,
    callback: Callable[[dict[str, Any]], object] | None = None,
    stop: threading.Event | None = None,
) -> CrossValidation:
    """Train once for each fold; see ``NNWorkflow.cross_validate``."""
    _prepare(network, data, target)
    dataset = _dataset(network, data, label)
    labels = Targets([network], dataset)
    if stratified:
        labels.require_classes("stratified")
    collector = Collector([network], dataset, labels.truth, labels.scaling, callback, stop)
    plan = {
        "kind": "cross_validate",
        "folds": _folds(folds),
        "stratified": bool(stratified),
        "live": collector.live,
    }
    collector.read(targets.submit(_spec(network, plan), labels.arrays(), target))
    settings = {**network.hyperparameters, "folds": folds}
    return CrossValidation(collector.results(), collector.seconds, settings, collector.placements)


def sweep(
    network: NNWorkflow,
    data: Any,
    settings: Iterable[Mapping[str, Any]] | None = None,
    *,
    folds: int | None = None,
    stratified: bool = False,
    target: str = "cpu",
    sample: int | None = None,
    sample_seed: int = 0,
    label: int | str | None = -1,
    callback: Callable[[dict[str, Any]], object] | None = None,
    stop: threading.Event | None = None,
    **grid: Iterable[Any],
) -> Sweep:
    """Train with many settings; see ``NNWorkflow.sweep``."""
    points = sweep_settings(settings, grid, sample, sample_seed)
    networks = [network.replace(**point) for point in points]
    for changed in networks:
        require_own_trust(changed.layers, changed.name)
    points = [_named(point, made) for point, made in zip(points, networks, strict=True)]
    dataset = _dataset(network, data, label)
    base = network.spec()
    labels = Targets(networks, dataset)
    if stratified and folds:
        labels.require_classes("stratified")
    collector = Collector(networks, dataset, labels.truth, labels.scaling, callback, stop)
    plan = {
        "kind": "sweep",
        "folds": None if folds is None else _folds(folds),
        "stratified": bool(stratified),
        "variants": [_variant(base, changed.spec()) for changed in networks],
        "live": collector.live,
    }
    collector.read(targets.submit(_spec(network, plan), labels.arrays(), target))
    found = [(point, collector.results(k)) for k, point in enumerate(points)]
    return Sweep(
        tuple(SweepPoint(point, trials) for point, trials in found if trials),
        collector.seconds,
        collector.placements,
    )


def predict(
    model: Model,
    data: Any,
    *,
    outputs: Sequence[str] = (),
    label: int | str | None = "auto",
    target: str = "cpu",
) -> Prediction:
    """Predict each row; see ``Model.predict``."""
    network = model.network
    features, labels, dropped = as_features(
        data,
        network.in_features,
        model.feature_names,
        model.classes or None,
        label,
        numbers=not model.classes,
    )
    wanted = _layer_names(network, "outputs", outputs)
    spec = _spec(network, {"kind": "predict", "outputs": wanted})
    arrays = {
        "features": features,
        "parameters": model.parameters,
        "normalization": {"offset": model.offset, "scale": model.scale},
    }
    found: dict[str, np.ndarray] = {}
    for event in targets.submit(spec, arrays, target).events():
        if event["event"] == "prediction":
            found = event["outputs"]
    last, extra = found[network.layers[-1].name], {name: found[name] for name in wanted}
    last = last[:, 0] if last.shape[1] == 1 else last
    if not model.classes:
        offset, scale = model.target
        values = last.astype(np.float64) / scale + offset
        return Prediction(None, values, extra, labels, dropped, model)
    words = class_array(model.classes)[predicted_classes(last)]
    return Prediction(last, words, extra, labels, dropped, model)


def _prepare(network: NNWorkflow, data: Any, target: str) -> None:
    """Have the network compiled while a file is read, if its source may be."""
    require_own_trust(network.layers, network.name)
    if isinstance(data, (str, os.PathLike)):
        targets.prepare(network.spec(), target)


def _dataset(network: NNWorkflow, data: Any, label: int | str | None) -> Dataset:
    dataset = as_dataset(data, label=label)
    if dataset.column is None:
        raise DataError(
            f"{dataset.source}: training needs labels. Leave label= at -1 or name the column."
        )
    if dataset.n_features != network.in_features:
        first = network.layers[0]
        raise DataError(
            f"{dataset.source}: expected {network.in_features} features, since {first.name} of "
            f"{network.name!r} takes so many, got {dataset.n_features}. Begin the network with "
            f"{first.kind}({dataset.n_features}, {first.out_features}), or choose the label column "
            "(label=).",
            source=dataset.source,
        )
    return dataset


def _test_plan(test: Any, test_fraction: float | None) -> Any:
    if test is not None:
        return "separate"
    if test_fraction is None:
        return "last_batch"
    if isinstance(test_fraction, bool) or not 0.0 < float(test_fraction) < 1.0:
        raise PlanError(f"test_fraction: expected a share between 0 and 1, got {test_fraction!r}.")
    return {"fraction": float(test_fraction)}


def _initial(network: NNWorkflow, initial: Mapping[str, Any]) -> dict[str, np.ndarray]:
    try:
        return dict(checked_parameters(network.array_shapes, initial))
    except NetworkError as error:
        raise NetworkError(f"initial: {error}") from error


def _folds(folds: Any) -> int:
    if isinstance(folds, bool) or not isinstance(folds, (int, np.integer)) or folds < 2:
        raise PlanError(f"folds: expected a whole number from 2, got {folds!r}.")
    return int(folds)


def _layer_names(network: NNWorkflow, what: str, names: Sequence[str]) -> list[str]:
    wanted = [names] if isinstance(names, str) else list(names)
    known = [layer.name for layer in network.layers]
    for name in wanted:
        if name not in known:
            raise PlanError(f"{what}: expected names of layers ({', '.join(known)}), got {name!r}.")
    return wanted


def _spec(network: NNWorkflow, plan: Mapping[str, Any]) -> dict[str, Any]:
    require_own_trust(network.layers, network.name)
    return network.spec({**default_plan(), **plan})


def _named(point: Mapping[str, Any], network: NNWorkflow) -> dict[str, Any]:
    """Write settings that were given as classes as what was made of them."""
    return {
        name: getattr(network, name) if isinstance(value, type) else value
        for name, value in point.items()
    }


def _variant(base: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is different, part by part."""
    return {
        part: changed[part]
        for part in ("layers", "loss", "optimizer", "schedule", "training", "preprocessing")
        if changed[part] != base[part]
    }
