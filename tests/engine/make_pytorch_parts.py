"""Records what PyTorch makes of each layer, loss, optimizer and schedule.

``python make_pytorch_parts.py`` writes ``data/pytorch_parts.json``: for each case its
specification's parts, initial weights, costs of 101 epochs and parameters after 1, 10 and 100, in
float32 and in float64. What is drawn by chance (what Dropout drops, the order of the rows) is ours,
for PyTorch draws otherwise.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from make_pytorch_trajectories import make_data, numbers

from dlaaw_nb.engine import random

EPOCHS, AFTER, BATCHES, SEED = 101, (1, 10, 100), 6, 0
OUTPUT = Path(__file__).parent / "data" / "pytorch_parts.json"
HEAD, END = [["Linear", 7, 5]], [["Linear", 5, 1], ["Sigmoid"]]
BODY = [*HEAD, ["Tanh"], *END]
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
CASES: dict[str, dict[str, Any]] = {
    "LeakyReLU": {"layers": [*HEAD, ["LeakyReLU", {"slope": 0.1}], *END]},
    "ELU": {"layers": [*HEAD, ["ELU", {"alpha": 0.7}], *END]},
    "GELU": {"layers": [*HEAD, ["GELU"], *END]},
    "Softmax": {"layers": [*HEAD, ["Softmax"], *END]},
    "Dropout": {"layers": [*HEAD, ["Tanh"], ["Dropout", {"rate": 0.3}], *END]},
    "BatchNorm1d": {
        "layers": [*HEAD, ["BatchNorm1d", {"epsilon": 1e-5, "momentum": 0.1}], ["Tanh"], *END]
    },
    "CrossEntropy": {
        "layers": [*HEAD, ["Tanh"], ["Linear", 5, 3], ["Softmax"]],
        "loss": "CrossEntropy",
    },
    "MeanSquaredError": {"layers": [*HEAD, ["Tanh"], ["Linear", 5, 1]], "loss": "MeanSquaredError"},
    "Huber": {
        "layers": [*HEAD, ["Tanh"], ["Linear", 5, 1]],
        "loss": "Huber",
        "loss_options": {"delta": 0.3},
    },
    "weight decay": {"layers": BODY, "weight_decay": 0.01},
    "Nesterov": {"layers": BODY, "optimizer": "Nesterov", "weight_decay": 0.01},
    "Adam": {
        "layers": BODY,
        "optimizer": "Adam",
        "optimizer_options": ADAM,
        "weight_decay": 0.01,
        "learning_rate": 0.01,
    },
    "AdamW": {
        "layers": BODY,
        "optimizer": "AdamW",
        "optimizer_options": ADAM,
        "weight_decay": 0.1,
        "learning_rate": 0.01,
    },
    "StepDecay": {
        "layers": BODY,
        "schedule": {"kind": "StepDecay", "parameters": {"every": 20, "factor": 0.5}},
    },
    "CosineDecay": {
        "layers": BODY,
        "schedule": {"kind": "CosineDecay", "parameters": {"minimum": 0.01}},
    },
    "ReduceOnPlateau": {
        "layers": BODY,
        "learning_rate": 0.5,
        "schedule": {
            "kind": "ReduceOnPlateau",
            "parameters": {"factor": 0.5, "patience": 0, "minimum": 0.05},
        },
    },
    "clipping": {"layers": BODY, "clip_norm": 0.02},
    "every epoch": {"layers": BODY, "shuffle": "every_epoch"},
}


class Dropout(torch.nn.Module):
    """Drops what our own random numbers say."""

    def __init__(self, rate: float, number: int) -> None:
        super().__init__()
        self.rate, self.number, self.place = rate, number, (0, 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop by the epoch and row in `place`."""
        if not self.training:
            return x
        drawn = random.dropout(*self.place[:1], self.number, self.place[1], *x.shape)
        kept = 1 / (1 - self.rate)
        return x * torch.tensor(np.where(drawn < np.float32(self.rate), 0, kept), dtype=x.dtype)


def main() -> None:
    """Write the file and say how far float32 drifts from float64 in each case."""
    torch.set_num_threads(1)
    features, labels = make_data()
    rows = features.tolist()
    classes = (labels + (features[:, 0] > 0.6)).astype(int)
    targets = np.round((features @ np.linspace(-1, 1, 7)) * 256) / 256
    kinds = {"CrossEntropy": classes, "MeanSquaredError": targets, "Huber": targets}
    cases = {}
    for seed, (name, case) in enumerate(CASES.items()):
        y = kinds.get(case.get("loss", ""), labels)
        initial = make_initial(case["layers"], 40 + seed)
        made = {"labels": y.tolist(), "initial": initial, **case}
        made["runs"] = {
            kind: run(made, features, np.asarray(y, float), getattr(torch, kind))
            for kind in ("float32", "float64")
        }
        last = [
            np.concatenate([np.ravel(p) for p in made["runs"][kind]["parameters"]["100"].values()])
            for kind in ("float32", "float64")
        ]
        drift = np.linalg.norm(last[0] - last[1]) / np.linalg.norm(last[1])
        costs = made["runs"]["float32"]["costs"]
        print(f"{name:18s} cost {costs[0]:8.4f} -> {costs[-1]:8.4f}   drift {drift:.1e}")
        cases[name] = made
    version = torch.__version__.partition("+")[0]
    content = {"made_with": f"torch {version}", "features": rows, "cases": cases}
    OUTPUT.write_text(json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n")
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


def make_initial(layers: list[list[Any]], seed: int) -> dict[str, Any]:
    """Xavier-uniform weights in steps of 2**-12, and what BatchNorm1d begins with."""
    rng, counts, width = np.random.default_rng(seed), {}, 7
    found: dict[str, Any] = {}
    for kind, *rest in layers:
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{kind}{counts[kind]}"
        if kind == "Linear":
            before, width = rest[:2]
            bound = np.sqrt(6.0 / (before + width))
            weight = np.round(rng.uniform(-bound, bound, (width, before)) * 4096) / 4096
            found[f"{name}.weight"], found[f"{name}.bias"] = weight.tolist(), [0.0] * width
        elif kind == "BatchNorm1d":
            found[f"{name}.weight"], found[f"{name}.bias"] = [1.0] * width, [0.0] * width
            found[f"{name}.running_mean"] = [0.0] * width
            found[f"{name}.running_variance"] = [1.0] * width
    return found


def make_model(case: dict[str, Any], dtype: torch.dtype) -> torch.nn.Sequential:
    """The case's network; without the Softmax that PyTorch's cross-entropy has inside."""
    layers = case["layers"][:-1] if case.get("loss") == "CrossEntropy" else case["layers"]
    modules, width = [], 7
    for number, (kind, *rest) in enumerate(layers):
        options = rest[-1] if rest and isinstance(rest[-1], dict) else {}
        if kind == "Linear":
            width = rest[1]
            modules.append(torch.nn.Linear(*rest[:2]))
        elif kind == "Dropout":
            modules.append(Dropout(options["rate"], number))
        elif kind == "BatchNorm1d":
            modules.append(torch.nn.BatchNorm1d(width, options["epsilon"], options["momentum"]))
        elif kind == "Softmax":
            modules.append(torch.nn.Softmax(dim=1))
        else:
            modules.append(getattr(torch.nn, kind)(*options.values()))
    model = torch.nn.Sequential(*modules).to(dtype)
    with torch.no_grad():
        for name, tensor in named(model).items():
            tensor.copy_(torch.tensor(case["initial"][name]))
    return model


def named(model: torch.nn.Sequential) -> dict[str, torch.Tensor]:
    """Parameters and buffers by the project's names."""
    found, counts = {}, {}
    for module in model:
        kind = type(module).__name__
        counts[kind] = counts.get(kind, 0) + 1
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if name != "num_batches_tracked":
                found[f"{kind}{counts[kind]}.{name.replace('running_var', 'running_variance')}"] = (
                    tensor
                )
    return found


def make_optimizer(case: dict[str, Any], model: torch.nn.Module) -> torch.optim.Optimizer:
    """The case's optimizer."""
    kind, rate = case.get("optimizer", "SGD"), case.get("learning_rate", 0.1)
    decay = case.get("weight_decay", 0.0)
    if kind in ("SGD", "Nesterov"):
        return torch.optim.SGD(
            model.parameters(), rate, momentum=0.9, weight_decay=decay, nesterov=kind == "Nesterov"
        )
    return getattr(torch.optim, kind)(model.parameters(), rate, weight_decay=decay)


def make_schedule(case: dict[str, Any], optimizer: torch.optim.Optimizer) -> Any:
    """The case's schedule."""
    kind = case.get("schedule", {}).get("kind")
    options = case.get("schedule", {}).get("parameters", {})
    schedules = torch.optim.lr_scheduler
    if kind == "StepDecay":
        return schedules.StepLR(optimizer, options["every"], options["factor"])
    if kind == "CosineDecay":
        return schedules.CosineAnnealingLR(optimizer, EPOCHS, options["minimum"])
    if kind == "ReduceOnPlateau":
        return schedules.ReduceLROnPlateau(
            optimizer,
            "min",
            options["factor"],
            options["patience"],
            min_lr=options["minimum"],
            eps=0,
        )
    return None


def run(case: dict[str, Any], x: np.ndarray, y: np.ndarray, dtype: torch.dtype) -> dict[str, Any]:
    """Train with PyTorch and record costs and parameters."""
    model = make_model(case, dtype)
    optimizer = make_optimizer(case, model)
    schedule = make_schedule(case, optimizer)
    bounds = np.cumsum([0, *map(len, np.array_split(x, BATCHES))])[:-1]
    if case.get("shuffle"):  # once for good, then anew each epoch
        order = random.permutation(SEED, len(x))
        x, y = x[order], y[order]
    keys = [random.key(SEED, stream) for stream in (random.SHUFFLE, random.DROPOUT)]
    recorded: dict[str, Any] = {"costs": [], "parameters": {}}
    for epoch in range(EPOCHS):
        if epoch in AFTER:
            recorded["parameters"][str(epoch)] = {k: numbers(v) for k, v in named(model).items()}
        order = np.arange(bounds[-1])
        if case.get("shuffle"):
            order = random.shuffled(random.epoch_key(keys[0], epoch), len(order))
        total = 0.0
        for begin, end in pairwise(bounds):
            for module in model:
                if isinstance(module, Dropout):
                    module.place = (random.epoch_key(keys[1], epoch), int(begin))
            rows = order[begin:end]
            loss = step(case, model, optimizer, x[rows], y[rows], dtype)
            total += loss * len(rows)
        recorded["costs"].append(total / len(order))
        if case.get("schedule", {}).get("kind") == "ReduceOnPlateau":
            schedule.step(recorded["costs"][-1])
        elif schedule:
            schedule.step()
    return recorded


def step(
    case: dict[str, Any], model: Any, optimizer: Any, x: np.ndarray, y: np.ndarray, dtype: Any
) -> float:
    """One batch; its mean loss."""
    optimizer.zero_grad()
    out = model(torch.tensor(x, dtype=dtype))
    kind = case.get("loss", "BinaryCrossEntropy")
    if kind == "CrossEntropy":
        loss = torch.nn.functional.cross_entropy(out, torch.tensor(y.astype(int)))
    else:
        function = {
            "BinaryCrossEntropy": torch.nn.BCELoss(),
            "MeanSquaredError": torch.nn.MSELoss(),
            "Huber": torch.nn.HuberLoss(delta=case.get("loss_options", {}).get("delta", 1.0)),
        }[kind]
        loss = function(out, torch.tensor(y, dtype=dtype)[:, None])
    loss.backward()
    if case.get("clip_norm"):
        torch.nn.utils.clip_grad_norm_(model.parameters(), case["clip_norm"])
    optimizer.step()
    return float(loss.item())


if __name__ == "__main__":
    main()
