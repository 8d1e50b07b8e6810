"""Network 1, 5 folds x 20 settings, 1000 epochs each: fast enough to sit behind a slider."""

from __future__ import annotations

import time

import numpy as np

from tests.benchmarks import networks, peers
from tests.benchmarks.measure import interleaved
from tests.benchmarks.report import Options, Section, met, milliseconds

GOAL_S = 0.25
LEARNING_RATES = (0.02, 0.05, 0.1, 0.2, 0.5)
MOMENTA = (0.0, 0.5, 0.8, 0.9)


def run(options: Options) -> list[Section]:
    """Time one ``sweep`` over 20 settings with 5 folds."""
    section = Section(
        "Sliders: network 1, 5 folds x 20 settings, 1000 epochs each",
        ("call", "median (ms)", "fastest (ms)", "goal (ms)", "met"),
    )
    if not peers.available("ours"):
        return [section]
    from tests.benchmarks.peer_ours import workflow

    features, labels = networks.prepared(networks.NETWORKS[0].data)
    arrays = features.astype(np.float64), labels.astype(np.float64)
    network = workflow(networks.train_and_test(networks.NETWORKS[0]))

    def call() -> dict[str, float]:
        started = time.perf_counter()
        sweep = network.sweep(
            arrays, learning_rate=list(LEARNING_RATES), momentum=list(MOMENTA), folds=5
        )
        seconds = time.perf_counter() - started
        if len(sweep.points) != len(LEARNING_RATES) * len(MOMENTA):
            raise RuntimeError(f"expected 20 points of the sweep, got {len(sweep.points)}.")
        return {"sweep": seconds}

    call()
    timing = interleaved({"sweep": call}, max(options.rounds, 5), fill_s=1.0)["sweep"]
    section.rows.append(
        (
            "`w.sweep(arrays, learning_rate=[5], momentum=[4], folds=5)`",
            milliseconds(timing.median),
            milliseconds(timing.best),
            milliseconds(GOAL_S),
            met(timing.median, GOAL_S, at_least=False),
        )
    )
    return [section]
