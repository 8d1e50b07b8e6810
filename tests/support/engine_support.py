"""Specifications and data for the engine's tests; nothing here needs more than NumPy."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Sequence

import numpy as np
import pytest

from dlaaw_nb.engine import build
from dlaaw_nb.engine.chain import Chain
from dlaaw_nb.engine.execute import execute

needs_compiler = pytest.mark.skipif(
    build.compiler() is None and not os.environ.get("CI"), reason="no C++ compiler on this machine"
)


def nodes_of(layers: Sequence[Sequence[Any]]) -> List[Dict[str, Any]]:
    """``[["Linear", 5, 3], ["ReLU"]]`` as nodes of a specification."""
    counts: Dict[str, int] = {}
    nodes: List[Dict[str, Any]] = []
    width = 0
    for kind, *sizes in layers:
        options = sizes.pop() if sizes and isinstance(sizes[-1], dict) else {}
        counts[kind] = counts.get(kind, 0) + 1
        before, width = (sizes[0], sizes[1]) if sizes else (width or 1, width or 1)
        nodes.append(
            {
                "id": f"{kind}{counts[kind]}",
                "kind": kind,
                "in_features": before,
                "out_features": width,
                "parameters": options,
            }
        )
    return nodes


def make_spec(layers: Sequence[Sequence[Any]], plan: Any = None, **settings: Any) -> Dict[str, Any]:
    """A specification; settings: learning_rate, momentum, normalize, normalize_on, epochs, ..."""
    optimizer = {
        "learning_rate": settings.pop("learning_rate", 0.1),
        "weight_decay": settings.pop("weight_decay", 0.0),
        "momentum": settings.pop("momentum", 0.9),
        **settings.pop("optimizer_options", {}),
    }
    schedule = settings.pop("schedule", {"kind": "Constant", "parameters": {}})
    loss, options = settings.pop("loss", "BinaryCrossEntropy"), settings.pop("loss_options", {})
    kind = settings.pop("optimizer", "SGD")
    how = {
        "normalize": settings.pop("normalize", "minmax"),
        "normalize_on": settings.pop("normalize_on", "train"),
    }
    training = {"batches": 6, "epochs": 20, "seed": 0, "shuffle": True, "cost_every": 5, **settings}
    return {
        "layers": {"nodes": nodes_of(layers), "edges": []},
        "loss": {"kind": loss, "parameters": options},
        "optimizer": {"kind": kind, "parameters": optimizer},
        "schedule": schedule,
        "preprocessing": how,
        "training": training,
        "plan": {
            "kind": "train",
            "folds": None,
            "stratified": False,
            "test": "last_batch",
            "taps": [],
            "variants": [{}],
            **(plan or {}),
        },
    }


def make_data(rows: int, features: int, seed: int = 0) -> Dict[str, np.ndarray]:
    """Two overlapping clouds of points, on unlike scales."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(rows) < 0.4).astype(float)
    x = rng.normal(size=(rows, features)) + labels[:, None]
    return {"features": x * 10.0 ** np.arange(features) + 3.0, "labels": labels}


def run(spec: Any, data: Any, stop: Any = None) -> List[Dict[str, Any]]:
    """All events."""
    events: List[Dict[str, Any]] = []
    execute(spec, data, events.append, stop)
    return events


def trials(events: Any) -> List[Dict[str, Any]]:
    """The trial events in the order of the plan."""
    return sorted((e for e in events if e["event"] == "trial"), key=lambda e: e["trial"])


def chain(*layers: Sequence[Any]) -> Chain:
    """A chain of layers."""
    return Chain(nodes_of(layers))
