"""First use with an empty cache: import, compile, train; what a new user waits for."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.benchmarks import children, networks, peers
from tests.benchmarks.measure import Timing
from tests.benchmarks.report import Options, Section, met

GOAL_S = 2.0

_CODE = (
    children.NETWORK
    + """
import json, sys, time
path, *widths = sys.argv[1:]
started = time.perf_counter()
result = network([int(width) for width in widths]).train(path)
whole = time.perf_counter() - started
print(json.dumps({"train": whole, "training": result.seconds, "accuracy": result.accuracy}))
"""
)


def run(options: Options) -> list[Section]:
    """Time the first and a second process of networks 1 and 5, on their CSV files."""
    section = Section(
        "First use, compiling included (s, medians)",
        (
            "network",
            "cache",
            "whole process",
            "import and `train(path)`",
            "training alone",
            "goal",
            "met",
        ),
        notes=[
            "A new interpreter each time: import, read the CSV file, compile or load, 1000 epochs.",
            "The goal is judged on import and `train(path)` with an empty cache.",
        ],
    )
    if not peers.available("ours"):
        return [section]
    for network in (networks.NETWORKS[0], networks.NETWORKS[-1]):
        timings: dict[tuple[str, str], Timing] = {}
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                for cache in ("empty", "warm"):
                    for label, seconds in _once(network, Path(folder)).items():
                        timings.setdefault((cache, label), Timing()).samples.append(seconds)
        for cache in ("empty", "warm"):
            medians = [timings[cache, label].median for label in ("process", "train", "training")]
            verdict = met(medians[1], GOAL_S, at_least=False)
            section.rows.append(
                (network.title, cache, *(f"{m:.3g}" for m in medians), f"{GOAL_S:.0f}", verdict)
            )
    return [section]


def _once(network: networks.Network, cache: Path) -> dict[str, float]:
    path = networks.data_path(network.data)
    started = time.perf_counter()
    said = children.run(_CODE, str(path), *map(str, network.widths), cache=cache)
    process = time.perf_counter() - started
    return {"process": process, "train": said["train"], "training": said["training"]}
