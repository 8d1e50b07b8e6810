"""Whether the trained weights agree: with PyTorch's, or with a float64 run as nearly as PyTorch's.

On small sets float32 weights after 100 epochs are within 1e-4 of PyTorch's. On the large ones the
order of sums decides on which side of zero a ReLU falls, and runs drift apart; there we ask that
our distance to a float64 run be at most three times PyTorch's own. One run is a throw of dice, so
the medians over some initial weights are compared.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks import networks, peers
from tests.benchmarks.peer_numpy import ByHand
from tests.benchmarks.report import Options, Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

EPOCHS = 100
SMALL_TOLERANCE = 1e-4
LARGE_FACTOR = 3.0
LARGE_STARTS = 5


def distance(
    ours: Mapping[str, NDArray[np.floating]], theirs: Mapping[str, NDArray[np.floating]]
) -> float:
    """The norm of the difference of all weights and biases over the norm of ``theirs``."""
    mine = np.concatenate([np.ravel(ours[name]).astype(np.float64) for name in sorted(theirs)])
    other = np.concatenate([np.ravel(theirs[name]).astype(np.float64) for name in sorted(theirs)])
    return float(np.linalg.norm(mine - other) / np.linalg.norm(other))


def run(options: Options) -> Section:
    """Compare all installed peers after 100 epochs."""
    contestants = peers.installed("ours", "pytorch1", "sklearn", "jax", without=options.without)
    names = [peer.name for key, peer in contestants.items() if key != "ours"]
    section = Section(
        f"Do the weights agree after {EPOCHS} epochs?",
        (
            "network",
            "ours to PyTorch",
            "ours to float64",
            *(f"{n} to float64" for n in names),
            "agree",
        ),
        notes=[__doc__.split("\n\n")[1].strip().replace("\n", " ")],
    )
    for network in networks.NETWORKS:
        if network.number in options.networks:
            section.rows.append(_compare(network, contestants))
    return section


def _compare(network: networks.Network, contestants: Mapping[str, peers.Peer]) -> tuple[str, ...]:
    starts = 1 if network.small else LARGE_STARTS
    to_exact: dict[str, list[float]] = {key: [] for key in contestants}
    to_pytorch: list[float] = []
    for seed in range(network.seed, network.seed + starts):
        work = networks.train_and_test(replace(network, seed=seed)).with_epochs(EPOCHS)
        exact = ByHand(np.float64).train(work).parameters
        trained = {key: peer.train(work).parameters for key, peer in contestants.items()}
        for key, parameters in trained.items():
            to_exact[key].append(distance(parameters, exact))
        if "ours" in trained and "pytorch1" in trained:
            to_pytorch.append(distance(trained["ours"], trained["pytorch1"]))
    medians = {key: statistics.median(found) for key, found in to_exact.items()}
    apart = statistics.median(to_pytorch) if to_pytorch else None
    others = [f"{value:.1e}" for key, value in medians.items() if key != "ours"]
    ours = f"{medians['ours']:.1e}" if "ours" in medians else "-"
    verdict = _verdict(network, medians, apart)
    return (network.title, "-" if apart is None else f"{apart:.1e}", ours, *others, verdict)


def _verdict(network: networks.Network, medians: Mapping[str, float], apart: float | None) -> str:
    if apart is None:
        return "-"
    near = apart <= SMALL_TOLERANCE
    if not network.small:
        near = near or medians["ours"] <= LARGE_FACTOR * medians["pytorch1"]
    return "yes" if near else "**no**"
