"""Writes the few lines of CUDA that name one network; the arithmetic is in ``kernels_cu/``.

``python -m dlaaw_nb.engine.codegen 5-3-1`` prints the source of such a network with ReLU and a
final Sigmoid.
"""

from __future__ import annotations

import re
import sys
from typing import Any, List, Mapping, Sequence, Tuple

from .chain import Chain
from .faults import PlanError
from .resources import kernel_names

__all__ = ["layers_source", "training_source"]

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


def training_source(chain: Chain, loss: str, optimizer: str, constant: bool = True) -> str:
    """Write the program that trains a network and predicts with it.

    An activation right behind a Linear layer is fused into it.

    Parameters
    ----------
    chain : Chain
        The layers.
    loss, optimizer : str
        Kinds, as the specification names them.
    constant : bool
        Whether sizes are constants. Otherwise they are arguments, and one program serves all
        networks with the same kinds of layers.

    Returns
    -------
    str
        CUDA C++14 source, which includes files of ``kernels_cu/``.
    """
    types = []
    nodes = chain.nodes
    at = 0
    while at < len(nodes):
        follower = nodes[at + 1] if at + 1 < len(nodes) else None
        fused = nodes[at]["kind"] == "Linear" and follower and follower["kind"] != "Linear"
        types.append(
            _layer_type(nodes[at], constant, follower["kind"] if fused and follower else "")
        )
        at += 2 if fused else 1
    lines = _includes(chain.kinds, loss, optimizer)
    lines += [
        f"using Net = dlaaw::Network<{', '.join(types)}>;",
        f"DLAAW_TRAIN(Net, dlaaw::{loss}, dlaaw::{optimizer})",
        "DLAAW_PREDICT(Net)",
    ]
    return "\n".join(lines) + "\n"


def layers_source(chain: Chain, constant: bool = True) -> str:
    """Write the program that gives what each layer puts out, nothing fused.

    Parameters
    ----------
    chain : Chain
        The layers.
    constant : bool
        As for `training_source`.

    Returns
    -------
    str
        CUDA C++14 source.
    """
    types = [_layer_type(node, constant, "") for node in chain.nodes]
    lines = _includes(chain.kinds)
    lines += [f"using Net = dlaaw::Network<{', '.join(types)}>;", "DLAAW_PREDICT(Net)"]
    return "\n".join(lines) + "\n"


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
    sizes = [chain.sizes[0]]
    before = ""
    for kind, units in zip(chain.kinds, chain.sizes[1:]):
        if kind == "Linear" or before != "Linear":
            sizes.append(units)
            before = kind
        else:
            before = "fused"
    return tuple(sizes)


def _layer_type(node: Mapping[str, Any], constant: bool, activation: str) -> str:
    n, m = (int(node["in_features"]), int(node["out_features"])) if constant else (0, 0)
    if node["kind"] == "Linear":
        return f"dlaaw::Linear<{n}, {m}{', dlaaw::' + activation if activation else ''}>"
    return f"dlaaw::Elementwise<{n}, dlaaw::{node['kind']}>"


def _includes(kinds: Sequence[str], loss: str = "", optimizer: str = "") -> List[str]:
    wanted = [("layers", kind) for kind in dict.fromkeys(kinds)]
    wanted += [("losses", loss)] * bool(loss) + [("optimizers", optimizer)] * bool(optimizer)
    files = []
    for folder, kind in wanted:
        file = f"{folder}/{kind.lower()}.cuh"
        if not _KIND.fullmatch(kind) or file not in kernel_names():
            raise PlanError(f"{kind[:64]}: no kernel of that name; expected {file} in kernels_cu/.")
        files.append(file)
    return [f'#include "{file}"' for file in [*files, "programs/entries.cuh"]]


def _main() -> None:
    widths = [int(width) for width in sys.argv[1].split("-")]
    nodes = []
    for k, (n, m) in enumerate(zip(widths, widths[1:])):
        kind = "Sigmoid" if k == len(widths) - 2 else "ReLU"
        nodes.append({"id": f"Linear{k}", "kind": "Linear", "in_features": n, "out_features": m})
        nodes.append({"id": f"{kind}{k}", "kind": kind, "in_features": m, "out_features": m})
    sys.stdout.write(training_source(Chain(nodes), "BinaryCrossEntropy", "SGD"))


if __name__ == "__main__":
    _main()
