"""The mapper: a network to its specification and back, without loss.

The specification is what travels to a target: plain JSON, described by ``schemas/spec-1.json``.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from dlaaw_nb.errors import FormatError, NetworkError
from dlaaw_nb.nn.hyperparameters import checked, shown
from dlaaw_nb.nn.layers import NNTask, layer_kind
from dlaaw_nb.nn.layers.own import Definition, OwnActivation, definition_of, own_class
from dlaaw_nb.nn.losses import Loss
from dlaaw_nb.nn.optimizers import Optimizer
from dlaaw_nb.nn.parts import Part, part_kind, part_kinds
from dlaaw_nb.nn.schedules import Schedule
from dlaaw_nb.nn.stopping import EarlyStopping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["build_network", "default_plan", "to_spec"]

SPEC_FORMAT = "dlaaw-nb/spec"
SPEC_VERSION = 1

AnyNetwork = TypeVar("AnyNetwork")


def default_plan() -> dict[str, Any]:
    """Make the plan of a specification that was saved without one: train, test on the last batch.

    Returns
    -------
    dict
        The plan, of one trial.
    """
    return {
        "kind": "train",
        "folds": None,
        "stratified": False,
        "test": "last_batch",
        "taps": [],
        "variants": [{}],
    }


def to_spec(network: NNWorkflow, plan: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write a network as a specification.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    plan : mapping or None
        What to do with it; None for ``default_plan``.

    Returns
    -------
    dict
        Plain JSON values; nothing in it is shared with the network.
    """
    stopping = network.early_stopping
    own = own_definitions(network.layers)
    return {
        "format": SPEC_FORMAT,
        "version": SPEC_VERSION,
        "name": network.name,
        "layers": layers_object(network.layers),
        **({"activations": [definition.plain() for definition in own]} if own else {}),
        "loss": {"kind": network.loss.kind, "parameters": network.loss.parameters},
        "optimizer": {"kind": network.optimizer.kind, "parameters": _optimizer(network)},
        "schedule": {"kind": network.schedule.kind, "parameters": network.schedule.parameters},
        "preprocessing": {
            "normalize": network.normalize,
            "normalize_on": network.normalize_on,
            "normalize_target": network.normalize_target,
        },
        "training": {
            "batches": network.batches,
            "epochs": network.epochs,
            "seed": network.seed,
            "shuffle": network.shuffle,
            "cost_every": network.cost_every,
            "clip_norm": network.clip_norm,
            "early_stopping": stopping.parameters if stopping else None,
        },
        "plan": default_plan() if plan is None else dict(plan),
    }


def _optimizer(network: NNWorkflow) -> dict[str, float]:
    rates = {"learning_rate": network.learning_rate, "weight_decay": network.weight_decay}
    if network.optimizer.takes_momentum:
        rates["momentum"] = network.momentum
    return {**rates, **network.optimizer.parameters}


def layers_object(layers: Sequence[NNTask]) -> dict[str, Any]:
    """Write placed layers as nodes and edges.

    Parameters
    ----------
    layers : sequence of NNTask
        The placed layers of a network.

    Returns
    -------
    dict
        ``{"nodes": [...], "edges": [[from, to], ...]}``, the ``layers`` of a specification.
    """
    return {
        "nodes": [
            {
                "id": layer.name,
                "kind": layer.spec_kind,
                "in_features": layer.in_features,
                "out_features": layer.out_features,
                "parameters": layer.hyperparameters,
            }
            for layer in layers
        ],
        "edges": [[before.name, after.name] for before, after in itertools.pairwise(layers)],
    }


def build_network(spec: Mapping[str, Any], make: Callable[..., AnyNetwork]) -> AnyNetwork:
    """Make the network that a specification describes.

    Parameters
    ----------
    spec : mapping
        A specification that obeys the schema (see ``documents.read_document``); its plan is left
        aside.
    make : callable
        ``NNWorkflow``; called with the layers and the hyperparameters by name.

    Returns
    -------
    NNWorkflow
        What `make` gives.

    Raises
    ------
    FormatError
        When a kind is unknown, layers do not chain, or a value is out of its range.
    """
    _declare(spec.get("activations", ()))
    nodes = _chain(spec["layers"]["nodes"], spec["layers"]["edges"])
    layers = [_layer(node, f"layers.nodes[{index}]") for index, node in nodes]
    settings = _settings(spec)
    try:
        network = make(layers, **settings)
    except NetworkError as error:
        raise FormatError(f"layers: {error}", "layers") from error
    placed = layers_object(network.layers)["nodes"]  # type: ignore[attr-defined]
    for (index, node), layer in zip(nodes, placed, strict=True):
        _compare(node, layer, f"layers.nodes[{index}]")
    return network


def own_definitions(layers: Iterable[NNTask]) -> list[Definition]:
    """List the activations in source that layers are made of, each once."""
    own = (layer.definition for layer in layers if isinstance(layer, OwnActivation))
    return list(dict.fromkeys(own))


def _declare(activations: Sequence[Mapping[str, Any]]) -> None:
    """Make classes of the activations that a specification carries; nothing is compiled."""
    for number, told in enumerate(activations):
        path = f"activations[{number}]"
        try:
            own_class(definition_of(told["name"], told["source"], dict(told["hyperparameters"])))
        except (NetworkError, TypeError, ValueError) as error:
            raise FormatError(f"{path}: {error}", path) from error


def _chain(
    nodes: Sequence[Mapping[str, Any]], edges: Sequence[Sequence[str]]
) -> list[tuple[int, Mapping[str, Any]]]:
    """Put nodes in the order that the edges give, each with its index in the file."""
    places = _places(nodes)
    follows = _follows(edges, places)
    fed = set(follows.values())
    chain = []
    name = next((name for name in places if name not in fed), None)
    while name is not None:
        chain.append((places[name], nodes[places[name]]))
        name = follows.get(name)
    if len(chain) < len(nodes):
        raise FormatError(
            f"layers.edges: layers must form one chain, but from its beginning {len(chain)} of "
            f"{len(nodes)} nodes are reached. Join every node to the next.",
            "layers.edges",
        )
    return chain


def _places(nodes: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    places: dict[str, int] = {}
    for index, node in enumerate(nodes):
        if places.setdefault(node["id"], index) != index:
            path = f"layers.nodes[{index}].id"
            raise FormatError(f"{path}: {shown(node['id'])} stands there twice.", path)
    return places


def _follows(edges: Sequence[Sequence[str]], places: Mapping[str, int]) -> dict[str, str]:
    follows: dict[str, str] = {}
    fed: set[str] = set()
    for number, (source, target) in enumerate(edges):
        path = f"layers.edges[{number}]"
        for end in (source, target):
            if end not in places:
                raise FormatError(f"{path}: no node has the id {shown(end)}.", path)
        if source in follows or target in fed:
            raise FormatError(
                f"{path}: layers must form one chain, but {shown(source)} to {shown(target)} "
                "makes a branch. Take one edge away.",
                path,
            )
        follows[source] = target
        fed.add(target)
    return follows


def _layer(node: Mapping[str, Any], path: str) -> NNTask:
    try:
        kind = layer_kind(node["kind"])
    except NetworkError as error:
        raise FormatError(f"{path}.kind: {error}", f"{path}.kind") from error
    widths = {name: node[name] for name in kind.own_widths()}
    try:
        return kind(**widths, **node["parameters"])
    except (NetworkError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: {error}", path) from error


def _settings(spec: Mapping[str, Any]) -> dict[str, Any]:
    rates, optimizer = _rates(spec["optimizer"])
    chosen = {"loss": _part(spec["loss"], Loss, "loss"), "optimizer": optimizer}
    if "schedule" in spec:
        chosen["schedule"] = _part(spec["schedule"], Schedule, "schedule")
    training = dict(spec["training"])
    if training.get("early_stopping") is not None:
        part = {"kind": "EarlyStopping", "parameters": training["early_stopping"]}
        training["early_stopping"] = _part(part, EarlyStopping, "training.early_stopping")
    parts: dict[str, Mapping[str, Any]] = {
        "": {"name": spec["name"], **chosen},
        "training.": training,
        "preprocessing.": spec["preprocessing"],
        "optimizer.parameters.": rates,
    }
    return {
        name: _setting(name, value, path)
        for path, part in parts.items()
        for name, value in part.items()
    }


def _setting(name: str, value: object, path: str) -> Any:
    try:
        return checked({name: value})[name]
    except NetworkError as error:
        raise FormatError(f"{path}{error}", f"{path}{name}") from error


def _rates(part: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Take apart an optimizer's parameters: those of the network, and its own."""
    parameters = dict(part["parameters"])
    names = ["learning_rate", "weight_decay"]
    with suppress(NetworkError):
        if part_kind(Optimizer, str(part["kind"])).takes_momentum:
            names.append("momentum")
    rates = {name: parameters.pop(name) for name in names if name in parameters}
    own = {"kind": part["kind"], "parameters": parameters}
    optimizer = _part(own, Optimizer, "optimizer", also=tuple(names))
    missing = [name for name in names if name not in rates and name != "weight_decay"]
    if missing:
        raise FormatError(
            f"optimizer.parameters: {part['kind']} takes {', '.join(names)}, and {missing[0]} is "
            "missing.",
            "optimizer.parameters",
        )
    return rates, optimizer


def _part(part: Mapping[str, Any], role: type[Part], path: str, also: tuple[str, ...] = ()) -> Any:
    """Make what a specification names by kind and parameters."""
    kinds = part_kinds(role)
    if part["kind"] not in kinds:
        names = " or ".join(map(repr, sorted(kinds)))
        raise FormatError(
            f"{path}.kind: expected {names}, got {shown(part['kind'])}.", f"{path}.kind"
        )
    kind = kinds[part["kind"]]
    wanted = [item.name for item in fields(kind)]
    if set(part["parameters"]) != set(wanted):
        text = ", ".join([*also, *wanted]) or "none"
        got = ", ".join(part["parameters"]) or "none"
        raise FormatError(
            f"{path}.parameters: {kind.__name__} takes {text}, got {got[:60]}.",
            f"{path}.parameters",
        )
    try:
        return kind(**part["parameters"])
    except NetworkError as error:
        raise FormatError(f"{path}.parameters: {error}", f"{path}.parameters") from error


def _compare(node: Mapping[str, Any], layer: Mapping[str, Any], path: str) -> None:
    for key, value in layer.items():
        if key != "kind" and node[key] != value:  # it was made from the kind
            raise FormatError(
                f"{path}.{key}: expected {value!r}, got {shown(node[key])}. Layers are named by "
                "kind and count along the chain, and each takes what the one before puts out.",
                f"{path}.{key}",
            )
