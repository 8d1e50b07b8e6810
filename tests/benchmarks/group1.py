"""The paper's group I: one train-and-test of each network, all peers in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks import networks, peers
from tests.benchmarks.measure import Timing, faster, interleaved, ratio
from tests.benchmarks.report import Options, Section, left_out, met, milliseconds, progress, times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PYTORCH = ("pytorch", "pytorch1")
JAX = ("jax", "jax2")
WHOLE = "ours, whole call"
ALONE_GOALS = {1: 500, 2: 500, 3: 500, 4: 25, 5: 12}
WHOLE_GOALS = {1: 300, 2: 300, 3: 300, 4: 25, 5: 12}
JAX_GOAL = 10
WARM_UP_EPOCHS = 5


def run(options: Options) -> list[Section]:
    """Time every peer on every network; one table of times, one of ratios."""
    contestants = peers.installed(without=options.without)
    labels = [key for key in contestants if key != "ours"]
    if "ours" in contestants:
        labels = ["ours", WHOLE, *labels]
    heads = [contestants[key].name if key in contestants else WHOLE for key in labels]
    timed = Section(
        "Group I: one training, 1000 epochs, learning rate 0.1, momentum 0.9 (ms)",
        ("network", "rows", *heads),
        notes=[*_TIME_NOTES, f"Interleaved rounds: {options.rounds}."],
    )
    compared = Section(
        "Group I: ratios of medians", _RATIO_HEADER, notes=[*_RATIO_NOTES, *left_out(options)]
    )
    scored = Section(
        "Group I: accuracy on the test part",
        ("network", "larger class", *(peer.name for peer in contestants.values())),
    )
    for network in networks.NETWORKS:
        if network.number not in options.networks:
            continue
        work = networks.train_and_test(network)
        timings, accuracies = _time(contestants, work, options.rounds)
        progress(f"group I, {network.title}: {_in_words(timings)}")
        rows = str(len(work.labels) + len(work.test_labels))
        timed.rows.append((network.title, rows, *(_cell(timings[label]) for label in labels)))
        compared.rows += _ratios(network, timings, contestants)
        share = float(work.test_labels.mean())
        scored.rows.append(
            (network.title, f"{max(share, 1 - share):.4f}", *(f"{a:.4f}" for a in accuracies))
        )
    return [timed, compared, scored]


_TIME_NOTES = (
    "Medians (fastest in brackets) of the training alone: no import, preparation or compilation.",
    "The whole call is `NNWorkflow(...).train((features, labels))` on arrays, result included.",
    "A run shorter than 0.1 s is repeated within its round until that time is spent.",
)
_RATIO_HEADER = ("network", "we against", "what", "ratio", "goal", "met")
_RATIO_NOTES = (
    "PyTorch: the faster of its default number of threads and one thread.",
    "JAX: the faster of an inner scan over padded batches and unrolled batches.",
)


def _in_words(timings: Mapping[str, Timing]) -> str:
    return ", ".join(f"{key} {milliseconds(t.median)} ms" for key, t in timings.items())


def _cell(timing: Timing) -> str:
    return f"{milliseconds(timing.median)} ({milliseconds(timing.best)})"


def _time(
    contestants: Mapping[str, peers.Peer], work: networks.Work, rounds: int
) -> tuple[dict[str, Timing], list[float]]:
    """Warm every peer up, then time all in turn; also the accuracy that each reaches."""
    accuracies: dict[str, float] = {}

    def contestant(key: str, peer: peers.Peer) -> Callable[[], dict[str, float]]:
        def call() -> dict[str, float]:
            trained = peer.train(work)
            if key not in accuracies:
                accuracies[key] = peers.accuracy(trained.parameters, work)
            seconds = {key: trained.seconds}
            return (
                seconds
                if trained.whole_seconds is None
                else seconds | {WHOLE: trained.whole_seconds}
            )

        return call

    for key, peer in contestants.items():
        compiles_for_epochs = key in JAX
        peer.train(work if compiles_for_epochs else work.with_epochs(WARM_UP_EPOCHS))
    timings = interleaved({k: contestant(k, peer) for k, peer in contestants.items()}, rounds)
    return timings, [accuracies[key] for key in contestants]


def _ratios(
    network: networks.Network,
    timings: Mapping[str, Timing],
    contestants: Mapping[str, peers.Peer],
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for rivals, measured, what, goal in (
        (PYTORCH, "ours", "training alone", ALONE_GOALS[network.number]),
        (PYTORCH, WHOLE, "whole call", WHOLE_GOALS[network.number]),
        (JAX, "ours", "training alone", JAX_GOAL),
        (("sklearn",), "ours", "training alone", None),
        (("numpy",), "ours", "training alone", None),
    ):
        rival = faster(timings, rivals)
        if rival is None or measured not in timings:
            continue
        found = ratio(timings[rival], timings[measured])
        goals = ("-", "-") if goal is None else (f"{goal} x", met(found, goal))
        rows.append((network.title, contestants[rival].name, what, times(found), *goals))
    return rows
