"""PyTorch on a GPU: eager, one CUDA graph for an epoch, and `torch.func.vmap` over trials.

Without a GPU the same steps run on the CPU, uncaptured, so that they can be proved there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tests.benchmarks.gpu_work import stacked
from tests.benchmarks.peer_pytorch import build

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.benchmarks.networks import Work

_WARM = 3  # runs before a capture, as PyTorch's documentation asks for


def exact() -> None:
    """Ask for products in float32, without TF32."""
    torch.set_float32_matmul_precision("highest")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def synchronize(device: str) -> None:
    """Wait until the device is done."""
    if device == "cuda":
        torch.cuda.synchronize()


def release() -> None:
    """Give memory that is free back to the device, for the others' sake."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


class Eager:
    """A plain loop over batches that lie on the device, as most people write it."""

    name = "PyTorch eager"
    unit = 1

    def __init__(self, work: Work, device: str) -> None:
        self.device = device
        classes = work.widths[-1] > 1
        self._parts = [
            (
                torch.from_numpy(x).to(device),
                torch.from_numpy(y.astype(np.int64) if classes else y[:, None]).to(device),
            )
            for x, y in work.parts()
        ]
        built = build(work)
        self._built = built.to(device)
        self._model, self._loss = self._plan(classes)
        self._start = [parameter.detach().clone() for parameter in built.parameters()]
        self._optimizer = self._make_optimizer(work)

    def _plan(self, classes: bool) -> tuple[torch.nn.Module, torch.nn.Module]:
        if classes:
            return self._built[:-1], torch.nn.CrossEntropyLoss()
        return self._built, torch.nn.BCELoss()

    def _make_optimizer(self, work: Work) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            self._built.parameters(), lr=work.learning_rate, momentum=work.momentum
        )

    def _epoch(self) -> None:
        for features, labels in self._parts:
            self._optimizer.zero_grad()
            loss = self._loss(self._model(features), labels)
            loss.backward()
            self._optimizer.step()

    def reset(self) -> None:
        with torch.no_grad():
            for parameter, start in zip(self._built.parameters(), self._start, strict=True):
                parameter.copy_(start)
                kept = self._optimizer.state[parameter].get("momentum_buffer")
                if kept is not None:  # with none kept, the first step makes it of the gradient
                    kept.zero_()
        synchronize(self.device)

    def advance(self, epochs: int) -> None:
        for _ in range(epochs):
            self._epoch()
        synchronize(self.device)

    def parameters(self) -> list[dict[str, Any]]:
        linears = [layer for layer in self._built if isinstance(layer, torch.nn.Linear)]
        named = {}
        for number, linear in enumerate(linears, start=1):
            named[f"Linear{number}.weight"] = linear.weight.detach().cpu().numpy().copy()
            named[f"Linear{number}.bias"] = linear.bias.detach().cpu().numpy().copy()
        return [named]


class Graph(Eager):
    """All steps of an epoch in one CUDA graph, the loss from logits, the update in one kernel."""

    name = "PyTorch, CUDA graph"

    def __init__(self, work: Work, device: str) -> None:
        super().__init__(work, device)
        self._replay = captured(self._epoch, device)
        self.reset()

    def _plan(self, classes: bool) -> tuple[torch.nn.Module, torch.nn.Module]:
        loss = torch.nn.CrossEntropyLoss() if classes else torch.nn.BCEWithLogitsLoss()
        return self._built[:-1], loss

    def _make_optimizer(self, work: Work) -> torch.optim.Optimizer:
        settings: dict[str, Any] = {"lr": work.learning_rate, "momentum": work.momentum}
        fused = self.device == "cuda"
        return torch.optim.SGD(self._built.parameters(), **settings, fused=fused or None)

    def advance(self, epochs: int) -> None:
        for _ in range(epochs):
            self._replay()
        synchronize(self.device)


def captured(call: Callable[[], None], device: str) -> Callable[[], object]:
    """Capture what a call does on the device; without a GPU, the call itself."""
    if device != "cuda":
        return call
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARM):
            call()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    # Other libraries' threads may call CUDA meanwhile; they must not break the capture.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        call()
    replay: Callable[[], object] = graph.replay
    return replay


class Vmap:
    """Folds x settings at once: weights stacked, gradients by vmap, SGD with momentum in place."""

    name = "PyTorch vmap"
    unit = 1

    def __init__(self, folds: Sequence[Work], settings: Sequence[Any], device: str) -> None:
        self.device, self._sizes = device, (len(folds), len(settings))
        self._layers = folds[0].layers
        self._batches = [
            tuple(torch.from_numpy(array).to(device) for array in batch) for batch in stacked(folds)
        ]
        start = [
            np.array(folds[0].initial[f"Linear{number}.{kind}"])  # ours is read-only
            for number in self._layers
            for kind in ("weight", "bias")
        ]
        self._start = [torch.from_numpy(a).to(device).expand(*self._sizes, *a.shape) for a in start]
        self._values = [a.clone() for a in self._start]
        self._kept = [torch.zeros_like(a) for a in self._values]
        self._rates = self._spread([s.learning_rate for s in settings])
        self._momenta = self._spread([s.momentum for s in settings])
        one = torch.func.grad(_cost)
        over_settings = torch.func.vmap(one, in_dims=(0, None, None, None))
        self._gradients = torch.func.vmap(over_settings, in_dims=(0, 0, 0, 0))

    def _spread(self, values: Sequence[float]) -> list[torch.Tensor]:
        flat = torch.tensor(values, dtype=torch.float32, device=self.device)
        return [flat.reshape(1, -1, *(1 for _ in v.shape[2:])) for v in self._values]

    def _epoch(self) -> None:
        for features, labels, shares in self._batches:
            found = self._gradients(self._values, features, labels, shares)
            for position, gradient in enumerate(found):
                self._kept[position].mul_(self._momenta[position]).add_(gradient)
                step = self._kept[position] * self._rates[position]
                self._values[position].sub_(step)

    def reset(self) -> None:
        for value, kept, start in zip(self._values, self._kept, self._start, strict=True):
            value.copy_(start)
            kept.zero_()
        synchronize(self.device)

    def advance(self, epochs: int) -> None:
        for _ in range(epochs):
            self._epoch()
        synchronize(self.device)

    def parameters(self) -> list[dict[str, Any]]:
        names = [f"Linear{n}.{kind}" for n in self._layers for kind in ("weight", "bias")]
        values = [value.cpu().numpy() for value in self._values]
        folds, settings = self._sizes
        return [
            {name: value[f, s] for name, value in zip(names, values, strict=True)}
            for s in range(settings)
            for f in range(folds)
        ]


class VmapGraph(Vmap):
    """The same, an epoch captured in one CUDA graph."""

    name = "PyTorch vmap, CUDA graph"

    def __init__(self, folds: Sequence[Work], settings: Sequence[Any], device: str) -> None:
        super().__init__(folds, settings, device)
        self._replay = captured(self._epoch, device)
        self.reset()

    def advance(self, epochs: int) -> None:
        for _ in range(epochs):
            self._replay()
        synchronize(self.device)


def _cost(
    values: list[torch.Tensor], rows: torch.Tensor, labels: torch.Tensor, shares: torch.Tensor
) -> torch.Tensor:
    for at in range(0, len(values) - 2, 2):
        rows = torch.relu(rows @ values[at].T + values[at + 1])
    logits = (rows @ values[-2].T + values[-1])[:, 0]
    costs = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (shares * costs).sum()
