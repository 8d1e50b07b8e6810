"""From an interrupt to the result in hand: kernels, a team of threads, and NumPy layer by layer."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time

import numpy as np

from tests.benchmarks import networks, peers
from tests.benchmarks.report import Options, Section, met, milliseconds

GOAL_S = 0.2
TRIES = 10
AFTER_S = 0.4


def run(options: Options) -> list[Section]:
    """Interrupt long trainings and time the way back."""
    # A process that a shell started in the background ignores interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    section = Section(
        "Stop: interrupt to result, what was trained so far in it",
        ("training", "median (ms)", "slowest (ms)", "goal (ms)", "met"),
        notes=[f"{TRIES} interrupts each, {AFTER_S:g} s after the start."],
    )
    if not peers.available("ours"):
        return [section]
    from tests.benchmarks.peer_ours import workflow

    for number in (1, 5):
        network = networks.NETWORKS[number - 1]
        features, labels = networks.prepared(network.data)
        endless = workflow(networks.train_and_test(network), epochs=10_000_000)
        section.rows.append(_row(network.title, endless, (features.astype(float), labels)))
    section.rows.append(_large())
    return [section]


def _large() -> tuple[str, ...]:
    from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid

    layers = [Linear(784, 256), ReLU(), Linear(256, 128), ReLU(), Linear(128, 1), Sigmoid()]
    rng = np.random.default_rng(0)
    data = rng.random((20_000, 784)), np.arange(20_000) % 2
    endless = NNWorkflow(layers, epochs=100_000, batches=3, normalize="none")
    return _row("784-256-128-1, 20,000 rows", endless, data)


def _row(title: str, network: object, data: object) -> tuple[str, ...]:
    seconds = [_stop(network, data) for _ in range(TRIES)]
    slowest = max(seconds)
    return (
        title,
        milliseconds(statistics.median(seconds)),
        milliseconds(slowest),
        milliseconds(GOAL_S),
        met(slowest, GOAL_S, at_least=False),
    )


def _stop(network: object, data: object) -> float:
    asked: list[float] = []

    def interrupt() -> None:
        asked.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timers: list[threading.Timer] = []

    def once(event: dict[str, object]) -> None:
        if event["event"] == "start" and not timers:
            timers.append(threading.Timer(AFTER_S, interrupt))
            timers[0].start()

    result = network.train(data, callback=once)  # type: ignore[attr-defined]
    seconds = time.perf_counter() - asked[0]
    if not result.stopped:
        raise RuntimeError("the training was to be stopped, and was not.")
    return seconds
