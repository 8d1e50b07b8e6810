"""Tests a machine that is reached over SSH: what it has, and how fast it is."""

from __future__ import annotations

import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.targets.board import Board
from dlaaw_nb.targets.depot import Depot
from dlaaw_nb.targets.mpi import World

if TYPE_CHECKING:
    from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

__all__ = ["probe", "probe_world"]

_ROWS, _EPOCHS = 1000, 200


def probe(settings: BoardSettings) -> dict[str, Any]:
    """Reach a machine, start a worker there, and train a tiny network.

    Parameters
    ----------
    settings : BoardSettings
        Where.

    Returns
    -------
    dict
        What ``dlaaw_nb.engine.facts`` gives, device (what the worker runs on), notes (what was
        tried before), connect_s, latency_ms (there and back), first_event_ms (from the submission,
        connected) and rows_per_second (trained by a 5-3-1 network).

    Raises
    ------
    RemoteError
        When it cannot be reached, or lacks something.
    """
    begin = time.perf_counter()
    board = Board(Depot(settings))
    connect_s = time.perf_counter() - begin
    try:
        latency = statistics.median(board.latency_s() for _ in range(5))
        first, seconds = _trained(board)
        return {
            **board.facts,
            "device": board.device.get("name"),
            "device_kind": board.device.get("kind"),
            "notes": board.notes,
            "connect_s": round(connect_s, 3),
            "latency_ms": round(1e3 * latency, 2),
            "first_event_ms": round(1e3 * first, 1),
            "rows_per_second": round(_ROWS * _EPOCHS / seconds),
        }
    finally:
        board.close()


def probe_world(settings: ClusterSettings) -> dict[str, Any]:
    """Run mpiexec over the machines of a cluster, and train a tiny network under it.

    Parameters
    ----------
    settings : ClusterSettings
        Which, with launch ``"mpi"``.

    Returns
    -------
    dict
        mpiexec (the command), ranks (how many), notes (who is left out, and why), connect_s,
        first_event_ms and rows_per_second (of one rank); see `probe`.

    Raises
    ------
    RemoteError
        When no machine answers, or mpiexec cannot be run.
    """
    begin = time.perf_counter()
    world = World(settings)
    connect_s = time.perf_counter() - begin
    try:
        first, seconds = _trained(world.board)
        return {
            "mpiexec": settings.mpiexec,
            "ranks": 1 + len(world.board.device["nodes"]),
            "notes": world.notes,
            "connect_s": round(connect_s, 3),
            "first_event_ms": round(1e3 * first, 1),
            "rows_per_second": round(_ROWS * _EPOCHS / seconds),
        }
    finally:
        world.close()


def _trained(board: Board) -> tuple[float, float]:
    """Give the seconds to the first event, and of the training."""
    data = _data()
    begin, seconds = 0.0, [0.0]
    first: list[float] = []

    def take(event: dict[str, Any]) -> None:
        if not first:
            first.append(time.perf_counter() - begin)
        if event["event"] == "trial":
            seconds[0] = event["seconds"]

    for _ in range(2):  # once to compile
        first.clear()
        begin = time.perf_counter()
        board.run(_SPEC, data, digest_of(data), take, threading.Event())
    return first[0], max(seconds[0], 1e-9)


def _data() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(_ROWS, 5))
    return {"features": features, "labels": (features.sum(1) > 0).astype(np.float64)}


def _node(name: str, kind: str, n: int, m: int) -> dict[str, Any]:
    return {"id": name, "kind": kind, "in_features": n, "out_features": m, "parameters": {}}


_SPEC: dict[str, Any] = {
    "layers": {
        "nodes": [
            _node("Linear1", "Linear", 5, 3),
            _node("ReLU1", "ReLU", 3, 3),
            _node("Linear2", "Linear", 3, 1),
            _node("Sigmoid1", "Sigmoid", 1, 1),
        ]
    },
    "loss": {"kind": "BinaryCrossEntropy", "parameters": {}},
    "optimizer": {"kind": "SGD", "parameters": {"learning_rate": 0.1, "momentum": 0.9}},
    "schedule": {"kind": "Constant", "parameters": {}},
    "preprocessing": {"normalize": "minmax", "normalize_on": "train"},
    "training": {"batches": 6, "epochs": _EPOCHS, "seed": 0, "shuffle": False, "cost_every": 100},
    "plan": {
        "kind": "train", "folds": None, "stratified": False, "test": "last_batch", "taps": [],
        "variants": [{}], "live": True,
    },
}  # fmt: skip
