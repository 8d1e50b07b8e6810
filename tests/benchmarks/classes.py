"""Several classes: digits with Adam, a large network with ten outputs, a sweep of architectures."""

from __future__ import annotations

import time
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.measure import faster, interleaved, ratio
from tests.benchmarks.report import Options, Section, left_out, met, milliseconds, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb import NNWorkflow

BATCH, RATE = 128, 0.001
ARCHITECTURES = 50


def run(options: Options) -> list[Section]:
    """Time ours against PyTorch eager and scikit-learn, and what of a sweep is compiling."""
    if not peers.available("sklearn") or not peers.available("ours"):
        return [Section("Several classes: not run, scikit-learn is missing", ("",))]
    return [_digits(options), _large(options), _sweep()]


def _digits(options: Options) -> Section:
    from sklearn.datasets import load_digits

    features, labels = load_digits(return_X_y=True)
    section = Section(
        "Digits: 1797 x 64, 64-32-10, Softmax, Adam, batches of 128, 100 epochs",
        ("we against", "ours (ms)", "theirs (ms)", "ratio", "goal", "met"),
        notes=[
            "Training alone, medians; float32; features divided by 16, the same rows and batches.",
            "PyTorch is the faster of its default threads and one thread.",
            *left_out(options),
        ],
    )
    x = (features / 16).astype(np.float32)
    timings = _timings((64, 32, 10), x, labels, 100, options, sklearn=True)
    for keys, name, goal in (
        (("pytorch", "pytorch1"), "PyTorch eager", 20.0),
        (("sklearn",), "scikit-learn MLP", 5.0),
    ):
        _compare(section, timings, keys, name, goal)
    return section


def _large(options: Options) -> Section:
    rng = np.random.default_rng(0)
    x = rng.random((10_000, 784), dtype=np.float32)
    labels = ((x - 0.5) @ rng.standard_normal((784, 10), dtype=np.float32)).argmax(axis=1)
    section = Section(
        "Large: 784-256-128-10, Softmax, Adam, batches of 128, 10,000 synthetic rows, 2 epochs",
        ("we against", "ours (ms)", "theirs (ms)", "ratio", "goal", "met"),
        notes=["Training alone, medians; float32; layer by layer, by NumPy's BLAS."],
    )
    timings = _timings((784, 256, 128, 10), x, labels, 2, options, sklearn=False)
    _compare(section, timings, ("pytorch", "pytorch1"), "PyTorch eager", 1.0)
    return section


def _compare(section: Section, timings: Any, keys: tuple[str, ...], name: str, goal: float) -> None:
    best = faster(timings, keys)
    if best is None:
        return
    share = ratio(timings[best], timings["ours"])
    figures = milliseconds(timings["ours"].median), milliseconds(timings[best].median)
    section.rows.append((name, *figures, times(share), times(goal), met(share, goal)))


def _timings(
    widths: tuple[int, ...],
    x: np.ndarray,
    labels: np.ndarray,
    epochs: int,
    options: Options,
    *,
    sklearn: bool,
) -> Any:
    batches = round(len(x) / BATCH)
    network = _network(widths, epochs=epochs, batches=batches + 1)
    test = (x[:BATCH], labels[:BATCH])  # a separate test set: all rows train
    calls: dict[str, Callable[[], dict[str, float]]] = {
        "ours": lambda: {"ours": network.train((x, labels), test=test).seconds}
    }
    if peers.available("pytorch"):
        for key, threads in (("pytorch", None), ("pytorch1", 1)):
            if key not in options.without:
                calls[key] = lambda key=key, threads=threads: {  # type: ignore[misc]
                    key: _pytorch(widths, x, labels, epochs, batches, threads)
                }
    if sklearn and "sklearn" not in options.without:
        calls["sklearn"] = lambda: {"sklearn": _sklearn(widths, x, labels, epochs)}
    network.train((x, labels), test=test)
    return interleaved(calls, max(3, options.rounds))


def _network(widths: tuple[int, ...], **settings: Any) -> NNWorkflow:
    from dlaaw_nb import Linear, NNWorkflow, ReLU, Softmax

    layers: list[Any] = []
    for before, after in pairwise(widths):
        layers += [Linear(before, after), ReLU()]
    layers[-1] = Softmax()
    settings = {"optimizer": "Adam", "learning_rate": RATE, "normalize": "none", **settings}
    return NNWorkflow(layers, shuffle=False, **settings)


def _pytorch(
    widths: tuple[int, ...],
    x: np.ndarray,
    labels: np.ndarray,
    epochs: int,
    batches: int,
    threads: int | None,
) -> float:
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(threads or usual)
    try:
        layers: list[Any] = []
        for before, after in pairwise(widths):
            layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
        model = torch.nn.Sequential(*layers[:-1])
        optimizer = torch.optim.Adam(model.parameters(), RATE)
        loss = torch.nn.CrossEntropyLoss()
        parts = [
            (torch.tensor(a), torch.tensor(b.astype(np.int64)))
            for a, b in zip(
                np.array_split(x, batches), np.array_split(labels, batches), strict=True
            )
        ]
        began = time.perf_counter()
        for _ in range(epochs):
            for rows, classes in parts:
                optimizer.zero_grad()
                loss(model(rows), classes).backward()
                optimizer.step()
        return time.perf_counter() - began
    finally:
        torch.set_num_threads(usual)


def _sklearn(widths: tuple[int, ...], x: np.ndarray, labels: np.ndarray, epochs: int) -> float:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        widths[1:-1], batch_size=BATCH, max_iter=epochs, tol=0.0, n_iter_no_change=epochs + 1,
        shuffle=False, alpha=0.0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        model.fit(x, labels)
        return time.perf_counter() - began


def _sweep() -> Section:
    """Fifty architectures, none of them compiled before."""
    import os
    import tempfile

    from sklearn.datasets import load_digits

    from dlaaw_nb.engine import build, programs

    data = load_digits(return_X_y=True)
    network = _network((64, 8, 10), epochs=200, batches=15)
    hidden = [(4 + k,) for k in range(ARCHITECTURES)]
    spent: list[float] = []
    compile_, before = build._compile, os.environ.get("DLAAW_CACHE")

    def timed(*arguments: Any) -> None:
        began = time.perf_counter()
        compile_(*arguments)
        spent.append(time.perf_counter() - began)

    with tempfile.TemporaryDirectory() as folder:
        os.environ["DLAAW_CACHE"] = folder
        programs._ready.clear()
        build._loaded.clear()
        build._compile = timed
        try:
            began = time.perf_counter()
            network.sweep(data, hidden=hidden, folds=3)
            whole = time.perf_counter() - began
        finally:
            build._compile = compile_
            os.environ.pop("DLAAW_CACHE")
            if before is not None:
                os.environ["DLAAW_CACHE"] = before
    share = sum(spent) / whole
    return Section(
        f"Sweep of {ARCHITECTURES} architectures: digits, 64-4-10 to 64-53-10, 3 folds, 200 epochs",
        ("whole sweep (s)", "compilations", "compiling (s)", "share", "goal", "met"),
        [
            (
                f"{whole:.3g}",
                str(len(spent)),
                f"{sum(spent):.3g}",
                f"{share:.2f}",
                "0.33",
                met(share, 1 / 3, at_least=False),
            )
        ],
        ["Empty cache; from the call to the result, preparation included."],
    )
