"""Record how PyTorch trains some small networks: writes ``data/pytorch_trajectories.json``.

Run ``python tests/engine/make_pytorch_trajectories.py`` where PyTorch is installed. The tests read
only the file. Its shape::

    {"format": "dlaaw-nb/pytorch-trajectories", "version": 1, "made_with": "torch 2.13.0",
     "features": [[...], ...],        95 rows x 7; a case takes the first ``in_features`` columns
     "labels": [0, 1, ...],           95
     "cases": [
       {"name": "relu",
        "layers": [["Linear", 5, 3], ["ReLU"], ["Linear", 3, 1], ["Sigmoid"]],
        "batches": 6,                 numpy.array_split(rows, 6): all parts but the last train,
                                      the last one is the test part; no shuffling, no normalization
        "learning_rate": 0.1, "momentum": 0.9,
        "initial": {"Linear1.weight": [[...]], "Linear1.bias": [...], ...},
        "runs": {
          "float32": {
            "costs": [...],           of epochs 0 to 100: BCELoss of each batch before its update,
                                      weighted with its rows, over the training rows
            "parameters": {"1": {"Linear1.weight": ...}, "10": ..., "100": ...},
                                      after so many whole epochs
            "test_outputs": [...]},   probabilities of the test part after 100 epochs
          "float64": {...}}}]}        the same with float64 throughout

Features and initial weights are multiples of a power of two, so they are the same number in float32
and in float64; results are written with as many digits as their type needs. Nothing is infinite.

What to expect of the two saturated cases: with p the output and y the label, PyTorch's gradient by
the last Linear's output is ``(p - y) * p * (1 - p) / max(p * (1 - p), 1e-12)``. That is ``p - y``
until p is within 1e-12 of 0 or 1, and fades to zero from there; the loss takes each log as at least
-100. In float32 an output is exactly 1 from a logit of 17 on, so the two types truly differ. In the
second one every output is exactly 0 or 1 in float32, and nothing ever moves.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROWS = 95
FEATURES = 7
WEIGHTS_AFTER = (1, 10, 100)
EPOCHS = 101
SEED = 20
OUTPUT = Path(__file__).parent / "data" / "pytorch_trajectories.json"

# Name, widths, activation after each Linear, batches, learning rate, momentum, scale of the initial
# weights and their seed. These are cases where float32 can be judged, not a fair draw: "relu" had a
# dead network with its first seed, "mixed" drifted up to 0.1 from float64 at rate 0.05 and momentum
# 0.9, and "saturated" drifts up to 0.1 with most other seeds.
CASES: tuple[tuple[str, tuple[int, ...], tuple[str, ...], int, float, float, float, int], ...] = (
    ("relu", (5, 3, 1), ("ReLU", "Sigmoid"), 6, 0.1, 0.9, 1.0, 23),
    ("relu_deep", (7, 6, 5, 3, 1), ("ReLU", "ReLU", "ReLU", "Sigmoid"), 6, 0.1, 0.1, 1.0, 21),
    ("tanh", (7, 5, 1), ("Tanh", "Sigmoid"), 6, 0.1, 0.1, 1.0, 22),
    ("sigmoid", (4, 2, 1), ("Sigmoid", "Sigmoid"), 2, 0.5, 0.0, 1.0, 23),
    ("mixed", (7, 6, 5, 4, 1), ("ReLU", "Tanh", "Sigmoid", "Sigmoid"), 11, 0.02, 0.5, 1.0, 24),
    ("two_linears", (3, 4, 2, 1), ("", "Tanh", "Sigmoid"), 5, 0.1, 0.9, 1.0, 25),
    ("logistic", (6, 1), ("Sigmoid",), 4, 1.0, 0.9, 1.0, 26),
    ("one_row_batches", (3, 19, 1), ("ReLU", "Sigmoid"), 95, 0.01, 0.9, 1.0, 27),
    ("saturated", (5, 3, 1), ("Tanh", "Sigmoid"), 6, 0.1, 0.9, 24.0, 28),
    ("saturated_for_good", (5, 3, 1), ("ReLU", "Sigmoid"), 6, 0.1, 0.9, 4096.0, 29),
)


def main() -> None:
    """Write the file and say how far float32 drifts from float64 in each case."""
    torch.set_num_threads(1)
    features, labels = make_data()
    cases = [make_case(number, features, labels) for number in range(len(CASES))]
    content = {
        "format": "dlaaw-nb/pytorch-trajectories",
        "version": 1,
        "made_with": f"torch {torch.__version__.partition('+')[0]}",
        "features": features.tolist(),
        "labels": labels.astype(int).tolist(),
        "cases": cases,
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(content, allow_nan=False, separators=(",", ":")) + "\n")
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")


def make_data() -> tuple[np.ndarray, np.ndarray]:
    """Features in 0..1 in steps of 1/256 and labels from a noisy plane."""
    rng = np.random.default_rng(SEED)
    features = rng.integers(0, 257, size=(ROWS, FEATURES)) / 256
    scores = (features - 0.5) @ rng.standard_normal(FEATURES) + 0.2 * rng.standard_normal(ROWS)
    return features, (scores > 0).astype(np.float64)


def make_case(number: int, features: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """One case with its float32 and float64 runs."""
    name, widths, activations, batches, learning_rate, momentum, scale, seed = CASES[number]
    layers: list[list[Any]] = []
    for n_in, n_out, activation in zip(widths[:-1], widths[1:], activations, strict=True):
        layers += [["Linear", n_in, n_out]] + ([[activation]] if activation else [])
    case: dict[str, Any] = {
        "name": name,
        "layers": layers,
        "batches": batches,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "initial": make_initial(widths, scale, seed),
    }
    rows = features[:, : widths[0]]
    case["runs"] = {
        "float32": run(case, rows, labels, torch.float32),
        "float64": run(case, rows, labels, torch.float64),
    }
    last = {kind: flat(case["runs"][kind]["parameters"]["100"]) for kind in case["runs"]}
    drift = np.linalg.norm(last["float32"] - last["float64"]) / np.linalg.norm(last["float64"])
    costs = case["runs"]["float32"]["costs"]
    print(f"{name:16s} cost {costs[0]:8.4f} -> {costs[-1]:8.4f}   drift {drift:.1e}")
    return case


def make_initial(widths: tuple[int, ...], scale: float, seed: int) -> dict[str, Any]:
    """Xavier-uniform weights and small biases, in steps of 2**-12 times the scale."""
    rng = np.random.default_rng(seed)
    initial: dict[str, Any] = {}
    for number, (n_in, n_out) in enumerate(pairwise(widths), start=1):
        bound = np.sqrt(6.0 / (n_in + n_out))
        weight = np.round(rng.uniform(-bound, bound, (n_out, n_in)) * 4096) / 4096 * scale
        bias = np.round(rng.uniform(-0.1, 0.1, n_out) * 4096) / 4096 * scale
        initial[f"Linear{number}.weight"] = weight.tolist()
        initial[f"Linear{number}.bias"] = bias.tolist()
    return initial


def run(
    case: dict[str, Any], features: np.ndarray, labels: np.ndarray, dtype: torch.dtype
) -> dict[str, Any]:
    """Train with PyTorch and record costs, weights and outputs."""
    model = make_model(case, dtype)
    parts = [
        (torch.tensor(x, dtype=dtype), torch.tensor(y, dtype=dtype)[:, None])
        for x, y in zip(
            np.array_split(features, case["batches"]),
            np.array_split(labels, case["batches"]),
            strict=True,
        )
    ]
    optimizer = torch.optim.SGD(
        model.parameters(), lr=case["learning_rate"], momentum=case["momentum"]
    )
    recorded: dict[str, Any] = {"costs": [], "parameters": {}}
    for epoch in range(EPOCHS):
        if epoch in WEIGHTS_AFTER:
            recorded["parameters"][str(epoch)] = named(model)
        if epoch == WEIGHTS_AFTER[-1]:
            recorded["test_outputs"] = numbers(model(parts[-1][0])[:, 0])
        recorded["costs"].append(train_one_epoch(model, optimizer, parts[:-1]))
    return recorded


def train_one_epoch(
    model: torch.nn.Sequential,
    optimizer: torch.optim.SGD,
    parts: list[tuple[torch.Tensor, torch.Tensor]],
) -> float:
    """One pass over the training parts; the mean loss over their rows."""
    total = 0.0
    for features, labels in parts:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy(model(features), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / sum(len(labels) for _, labels in parts)


def make_model(case: dict[str, Any], dtype: torch.dtype) -> torch.nn.Sequential:
    """The case's network with its initial weights."""
    modules: list[torch.nn.Module] = []
    linears = 0
    for kind, *sizes in case["layers"]:
        module = getattr(torch.nn, kind)(*sizes, **({"dtype": dtype} if sizes else {}))
        if sizes:
            linears += 1
            with torch.no_grad():
                module.weight.copy_(torch.tensor(case["initial"][f"Linear{linears}.weight"]))
                module.bias.copy_(torch.tensor(case["initial"][f"Linear{linears}.bias"]))
        modules.append(module)
    return torch.nn.Sequential(*modules)


def named(model: torch.nn.Sequential) -> dict[str, Any]:
    """Weights and biases as nested lists, named as the project names them."""
    found: dict[str, Any] = {}
    linears = [module for module in model if isinstance(module, torch.nn.Linear)]
    for number, linear in enumerate(linears, start=1):
        found[f"Linear{number}.weight"] = numbers(linear.weight)
        found[f"Linear{number}.bias"] = numbers(linear.bias)
    return found


def numbers(tensor: torch.Tensor) -> Any:
    """Nested lists of the shortest decimal numbers that read back to the same bits."""
    array = tensor.detach().numpy()
    shortest = np.array([float(str(value)) for value in array.ravel()])
    return shortest.reshape(array.shape).tolist()


def flat(parameters: dict[str, Any]) -> np.ndarray:
    """All weights and biases in one vector."""
    return np.concatenate([np.ravel(parameters[name]) for name in sorted(parameters)])


if __name__ == "__main__":
    main()
