"""The paper's group III: 5 networks x 4 hyperparameter sets x 5 folds, 100 trainings."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tests.benchmarks import networks, peers
from tests.benchmarks.measure import interleaved
from tests.benchmarks.report import Options, Section, left_out, met, progress, times

GOAL = 40
TRAININGS = len(networks.HYPERPARAMETERS) * networks.FOLDS


def run(options: Options) -> list[Section]:
    """One sweep of ours against the same trainings in PyTorch, one after the other."""
    section = Section(
        "Group III: 4 hyperparameter sets x 5 folds of each network, 1000 epochs each (s)",
        ("network", "trainings", "dlaaw_nb sweep", "PyTorch eager", "ratio", "goal", "met"),
        notes=_notes(options),
    )
    means = Section(
        "Group III: mean accuracy over the folds",
        ("network", "set", "dlaaw_nb, its own initial weights", "PyTorch"),
    )
    totals = {"ours": 0.0, "pytorch": 0.0}
    for network in networks.NETWORKS:
        if network.number not in options.networks:
            continue
        ours, theirs, accuracies = _measure(network, options)
        progress(f"group III, {network.title}: ours {ours:.3g} s, PyTorch {theirs:.4g} s")
        totals["ours"] += ours
        totals["pytorch"] += theirs
        section.rows.append((network.title, str(TRAININGS), *_figures(ours, theirs), "-", "-"))
        means.rows += accuracies
    if len(section.rows) == len(networks.NETWORKS):
        ours, theirs = totals["ours"], totals["pytorch"]
        verdict = met(theirs / ours, GOAL) if ours and theirs else "-"
        trainings = str(TRAININGS * len(networks.NETWORKS))
        section.rows.append(("all", trainings, *_figures(ours, theirs), f"{GOAL} x", verdict))
    return [section, means]


def _notes(options: Options) -> list[str]:
    if options.full:
        how = "PyTorch: all trainings one after the other, one round."
    else:
        how = (
            f"PyTorch: median of 1 fold x set 1, multiplied by {TRAININGS} (`--full` measures all)."
        )
    return [
        f"{how} With its default number of threads or with one, whichever did 1 fold faster.",
        "Ours: wall time of `w.sweep(arrays, settings=[4 sets], folds=5)`, result object included.",
        f"Medians; interleaved rounds after a warm-up: {options.rounds}.",
        *left_out(options),
    ]


def _figures(ours: float, theirs: float) -> tuple[str, str, str]:
    def cell(value: float) -> str:
        return f"{value:.3g}" if value else "-"

    return cell(ours), cell(theirs), times(theirs / ours) if ours and theirs else "-"


def _measure(
    network: networks.Network, options: Options
) -> tuple[float, float, list[tuple[str, ...]]]:
    """Seconds of ours and of PyTorch (0 where one is not there), and the mean accuracies."""
    calls: dict[str, Any] = {}
    ours = _Sweep(network) if peers.available("ours") else None
    if ours is not None:
        ours.call()
        calls["ours"] = ours.call
    first = networks.fold(network, networks.HYPERPARAMETERS[0], 0)
    for key, peer in peers.installed("pytorch", "pytorch1", without=options.without).items():
        peer.train(first.with_epochs(5))
        calls[key] = lambda key=key, peer=peer: {key: peer.train(first).seconds}
    timings = interleaved(calls, options.rounds, fill_s=0.0)
    seconds = {key: timing.median for key, timing in timings.items()}
    rivals = {key: value for key, value in seconds.items() if key != "ours"}
    theirs, their_means = 0.0, ["-"] * len(networks.HYPERPARAMETERS)
    if rivals:
        chosen = min(rivals, key=lambda key: rivals[key])
        theirs = rivals[chosen] * TRAININGS
        if options.full:
            theirs, their_means = _all_trainings(network, peers.make(chosen))
    our_means = ours.means() if ours is not None else ["-"] * len(networks.HYPERPARAMETERS)
    rows: list[tuple[str, ...]] = [
        (network.title, str(number), mine, other)
        for number, (mine, other) in enumerate(zip(our_means, their_means, strict=True), start=1)
    ]
    return seconds.get("ours", 0.0), theirs, rows


class _Sweep:
    """Ours: one sweep over the four sets with five folds."""

    def __init__(self, network: networks.Network) -> None:
        from tests.benchmarks.peer_ours import workflow

        features, labels = networks.prepared(network.data)
        self._arrays = features.astype(np.float64), labels.astype(np.float64)
        self._workflow = workflow(networks.train_and_test(network))
        self._settings = [
            {"learning_rate": chosen.learning_rate, "momentum": chosen.momentum}
            for chosen in networks.HYPERPARAMETERS
        ]
        self._sweep: Any = None

    def call(self) -> dict[str, float]:
        started = time.perf_counter()
        self._sweep = self._workflow.sweep(
            self._arrays, settings=self._settings, folds=networks.FOLDS
        )
        return {"ours": time.perf_counter() - started}

    def means(self) -> list[str]:
        return [f"{point.mean:.4f}" for point in self._sweep.points]


def _all_trainings(network: networks.Network, peer: peers.Peer) -> tuple[float, list[str]]:
    seconds, means = 0.0, []
    for chosen in networks.HYPERPARAMETERS:
        accuracies: list[float] = []
        for number in range(networks.FOLDS):
            work = networks.fold(network, chosen, number)
            trained = peer.train(work)
            seconds += trained.seconds
            accuracies.append(peers.accuracy(trained.parameters, work))
        means.append(f"{np.mean(accuracies):.4f}")
    return seconds, means
