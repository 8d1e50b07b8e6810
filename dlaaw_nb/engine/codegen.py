"""Writes the few lines of CUDA that name one network; the arithmetic is in ``kernels_cu/``.

``python -m dlaaw_nb.engine.codegen 5-3-1`` prints the source of such a network with ReLU and a
final Sigmoid.
"""

from __future__ import annotations

import re
import sys
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from .chain import Chain
from .faults import PlanError
from .reference import LAYERS, LOSSES
from .resources import kernel_names

__all__ = ["layers_source", "training_source", "wide_source"]

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def is_kind(name: str) -> bool:
    """Tell whether a name may stand in generated code: a plain word."""
    return _KIND.fullmatch(name) is not None


def training_source(
    chain: Chain, loss: str, optimizer: str, schedule: str = "Constant", constant: bool = True
) -> str:
    """Write the program that trains a network and predicts with it.

    An activation right behind a Linear layer is fused into it, if its derivative follows from what
    it puts out. A last layer that is part of the loss is not run in training.

    Parameters
    ----------
    chain : Chain
        The layers.
    loss, optimizer, schedule : str
        Kinds, as the specification names them.
    constant : bool
        Whether sizes are constants. Otherwise they are arguments, and one program serves all
        networks with the same kinds of layers.

    Returns
    -------
    str
        CUDA C++14 source, which includes files of ``kernels_cu/``.
    """
    return _program(chain, loss, optimizer, schedule, constant, "")


def wide_source(
    chain: Chain, loss: str, optimizer: str, schedule: str = "Constant", constant: bool = True
) -> str:
    """Write the program that trains a large network on a GPU and predicts with it.

    Parameters
    ----------
    chain, loss, optimizer, schedule, constant
        As for `training_source`; `wide.fits` says which networks are served.

    Returns
    -------
    str
        CUDA C++14 source with entries of the same names.
    """
    return _program(chain, loss, optimizer, schedule, constant, "_WIDE")


def _program(
    chain: Chain, loss: str, optimizer: str, schedule: str, constant: bool, wide: str
) -> str:
    types = [_layer_type(node, constant, follower) for node, follower in fused(chain)]
    lines = _includes(chain.kinds, loss, optimizer, schedule, wide.lower())
    lines.append(f"using Net = dlaaw::Network<{', '.join(types)}>;")
    trained = "Net"
    if LOSSES[loss].takes_in == chain.kinds[-1]:
        lines.append(f"using Trained = dlaaw::Network<{', '.join(types[:-1])}>;")
        trained = "Trained"
    recipe = ", ".join(f"dlaaw::{kind}" for kind in (loss, optimizer, schedule))
    lines += [f"DLAAW_TRAIN{wide}({trained}, {recipe})", f"DLAAW_PREDICT{wide}(Net)"]
    return "\n".join(lines) + "\n"


def layers_source(chain: Chain, constant: bool = True, wide: bool = False) -> str:
    """Write the program that gives what each layer puts out, nothing fused.

    Parameters
    ----------
    chain : Chain
        The layers.
    constant : bool
        As for `training_source`.
    wide : bool
        For a large network on a GPU, as `wide_source`.

    Returns
    -------
    str
        CUDA C++14 source.
    """
    end = "_WIDE" if wide else ""
    types = [_layer_type(node, constant, "") for node in chain.nodes]
    lines = _includes(chain.kinds, entries=end.lower())
    lines += [f"using Net = dlaaw::Network<{', '.join(types)}>;", f"DLAAW_PREDICT{end}(Net)"]
    return "\n".join(lines) + "\n"


def fused(chain: Chain) -> List[Tuple[Mapping[str, Any], str]]:
    """Pair each layer with the kind of the activation that is fused into it.

    Parameters
    ----------
    chain : Chain
        The layers.

    Returns
    -------
    list of (mapping, str)
        Nodes; the second is empty where nothing is fused.
    """
    pairs: List[Tuple[Mapping[str, Any], str]] = []
    for node in chain.nodes:
        before, follower = pairs[-1] if pairs else ({"kind": ""}, "")
        if before["kind"] == "Linear" and not follower and LAYERS[node["kind"]].fused:
            pairs[-1] = (before, node["kind"])
        else:
            pairs.append((node, ""))
    return pairs


def fused_sizes(chain: Chain) -> Tuple[int, ...]:
    """Sizes of the layers of `training_source`'s network: features, then units of each layer.

    Parameters
    ----------
    chain : Chain
        The layers.

    Returns
    -------
    tuple of int
        Shorter than ``chain.sizes`` by the activations that are fused.
    """
    return (chain.sizes[0], *(int(node["out_features"]) for node, _ in fused(chain)))


def _layer_type(node: Mapping[str, Any], constant: bool, activation: str) -> str:
    n, m = (int(node["in_features"]), int(node["out_features"])) if constant else (0, 0)
    kind = node["kind"]
    if kind == "Linear":
        return f"dlaaw::Linear<{n}, {m}{', dlaaw::' + activation if activation else ''}>"
    if LAYERS[kind].template == "Elementwise":
        return f"dlaaw::Elementwise<{n}, dlaaw::{kind}>"
    return f"dlaaw::{kind}<{n}>"


def _includes(
    kinds: Sequence[str],
    loss: str = "",
    optimizer: str = "",
    schedule: str = "",
    entries: str = "",
) -> List[str]:
    wanted = [("layers", kind) for kind in dict.fromkeys(kinds)]
    parts = (("losses", loss), ("optimizers", optimizer), ("schedules", schedule))
    wanted += [part for part in parts if part[1]]
    files = []
    for folder, kind in wanted:
        file = f"{folder}/{kind.lower()}.cuh"
        if not is_kind(kind) or file not in kernel_names():
            raise PlanError(f"{kind[:64]}: no kernel of that name; expected {file} in kernels_cu/.")
        files.append(file)
    return [f'#include "{file}"' for file in [*files, f"programs/entries{entries}.cuh"]]


def _node(name: str, kind: str, n: int, m: int) -> Dict[str, Any]:
    return {"id": name, "kind": kind, "in_features": n, "out_features": m, "parameters": {}}


def _main() -> None:
    widths = [int(width) for width in sys.argv[1].split("-")]
    nodes = []
    for k, (n, m) in enumerate(zip(widths, widths[1:])):
        kind = "Sigmoid" if k == len(widths) - 2 else "ReLU"
        nodes.append(_node(f"Linear{k}", "Linear", n, m))
        nodes.append(_node(f"{kind}{k}", kind, m, m))
    sys.stdout.write(training_source(Chain(nodes), "BinaryCrossEntropy", "SGD"))


if __name__ == "__main__":
    _main()
