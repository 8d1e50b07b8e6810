"""PyTorch eager, as a user would write it: tensors in memory, a plain loop over batches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

from tests.benchmarks.peers import Trained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tests.benchmarks.networks import Work

_DEFAULT_THREADS = torch.get_num_threads()


class Eager:
    """PyTorch with its default number of threads."""

    name = "PyTorch eager"
    threads = _DEFAULT_THREADS

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        self.dtype = dtype

    def train(self, work: Work) -> Trained:
        """Train once; batches are cut before the clock starts, in PyTorch's favour."""
        torch.set_num_threads(self.threads)
        model = build(work, self.dtype)
        parts = [
            (torch.from_numpy(x).to(self.dtype), torch.from_numpy(y).to(self.dtype)[:, None])
            for x, y in work.parts()
        ]
        criterion = torch.nn.BCELoss()
        optimizer = torch.optim.SGD(
            model.parameters(), lr=work.learning_rate, momentum=work.momentum
        )
        started = time.perf_counter()
        for _ in range(work.epochs):
            for features, labels in parts:
                optimizer.zero_grad()
                loss = criterion(model(features), labels)
                loss.backward()
                optimizer.step()
        seconds = time.perf_counter() - started
        return Trained(_named(model), seconds)


class EagerOneThread(Eager):
    """PyTorch on one thread, which is often faster for networks this small."""

    name = "PyTorch eager, 1 thread"
    threads = 1


def build(work: Work, dtype: torch.dtype = torch.float32) -> torch.nn.Sequential:
    """The network of ``work`` with its initial weights."""
    layers: list[torch.nn.Module] = []
    for number in work.layers:
        linear = torch.nn.Linear(work.widths[number - 1], work.widths[number], dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(work.initial[f"Linear{number}.weight"]))
            linear.bias.copy_(torch.from_numpy(work.initial[f"Linear{number}.bias"]))
        last = number == work.layers[-1]
        layers += [linear, torch.nn.Sigmoid() if last else torch.nn.ReLU()]
    return torch.nn.Sequential(*layers)


def _named(model: torch.nn.Sequential) -> dict[str, NDArray[np.floating]]:
    linears = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    named = {}
    for number, linear in enumerate(linears, start=1):
        named[f"Linear{number}.weight"] = linear.weight.detach().numpy().copy()
        named[f"Linear{number}.bias"] = linear.bias.detach().numpy().copy()
    return named
