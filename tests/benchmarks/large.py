"""A network that outgrows the fused kernel: 784-256-128-1, layer-wise, at BLAS speed."""

from __future__ import annotations

import numpy as np

from tests.benchmarks import networks, peers
from tests.benchmarks.agreement import distance
from tests.benchmarks.measure import faster, interleaved, ratio
from tests.benchmarks.peer_numpy import ByHand
from tests.benchmarks.report import Options, Section, milliseconds, times

WIDTHS = (784, 256, 128, 1)
ROWS = 6000
EPOCHS = 10
SEED = 0


def synthetic() -> networks.Work:
    """Random pixels and the labels that a random plane gives them, 5 batches and a test part."""
    rng = np.random.default_rng(SEED)
    features = rng.random((ROWS, WIDTHS[0]), dtype=np.float32)
    scores = (features - 0.5) @ rng.standard_normal(WIDTHS[0], dtype=np.float32)
    labels = (scores > 0).astype(np.float32)
    n_train = ROWS - ROWS // networks.BATCHES
    return networks.Work(
        WIDTHS,
        features[:n_train],
        labels[:n_train],
        networks.BATCHES - 1,
        features[n_train:],
        labels[n_train:],
        networks.xavier(WIDTHS, SEED),
        epochs=EPOCHS,
    )


def run(options: Options) -> list[Section]:
    """Time ours, PyTorch, NumPy by hand and JAX on the synthetic set."""
    section = Section(
        f"Large: {'-'.join(map(str, WIDTHS))}, {ROWS} synthetic rows, {EPOCHS} epochs",
        ("system", "median (ms)", "fastest (ms)", "time over ours", "weights to float64"),
        notes=["Training alone; float32; the goal is the speed of NumPy's BLAS."],
    )
    work = synthetic()
    contestants = peers.installed(
        "ours", "numpy", "pytorch", "pytorch1", "jax", without=options.without
    )
    exact = ByHand(np.float64).train(work).parameters
    apart = {k: distance(peer.train(work).parameters, exact) for k, peer in contestants.items()}
    calls = {
        key: lambda key=key, peer=peer: {key: peer.train(work).seconds}
        for key, peer in contestants.items()
    }
    timings = interleaved(calls, options.rounds)
    for key, timing in timings.items():
        over = times(ratio(timing, timings["ours"])) if "ours" in timings else "-"
        figures = milliseconds(timing.median), milliseconds(timing.best)
        section.rows.append((contestants[key].name, *figures, over, f"{apart[key]:.1e}"))
    best = faster(timings, timings)
    if best is not None:
        section.notes.append(f"Fastest: {contestants[best].name}.")
    return [section]
