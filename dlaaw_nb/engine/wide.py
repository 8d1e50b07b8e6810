"""What large networks need on a GPU: whether they are served, and how much scratch memory.

The sums here are those of ``kernels_cu/programs/train_wide.cuh`` and ``predict_wide.cuh``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import codegen
from .reference import LAYERS, LOSSES, OPTIMIZERS

if TYPE_CHECKING:
    from .chain import Chain

__all__ = ["SHARED_FLOATS", "THREADS", "fits", "predict_floats", "train_floats"]

THREADS = 256  # of a block: WIDE_THREADS of products.cuh
SHARED_FLOATS = 10240  # dynamic shared memory of a block: WIDE_FLOATS of products.cuh
_TILE = 64  # rows: DLAAW_TILE on a GPU
_STRIP = 16
_PIECE, _MOST_PARTS, _MOST_SUMS = 4096, 16, 1 << 22  # of train_wide.cuh


def fits(chain: Chain) -> str:
    """Say why the kernels for large networks cannot train a network.

    Parameters
    ----------
    chain : Chain
        Its layers.

    Returns
    -------
    str
        A sentence; empty if they can.
    """
    for node in chain.nodes:
        kind = node["kind"]
        layer = LAYERS[kind]
        shapes = layer.shapes(int(node["in_features"]), int(node["out_features"]))
        if (shapes or layer.whole_batch) and kind not in ("Linear", "BatchNorm1d"):
            return (
                f"{kind}: large networks train on a GPU with Linear, BatchNorm1d and layers "
                "without parameters. Use fewer or narrower layers, or the target cpu."
            )
    if "Linear" not in chain.kinds:
        return "no Linear layer: large networks need one to train on a GPU. Use the target cpu."
    return ""


def train_floats(chain: Chain, loss: str, optimizer: str, rows: int) -> int:
    """Count the floats of ``Training.work``.

    Parameters
    ----------
    chain : Chain
        The layers.
    loss, optimizer : str
        Kinds.
    rows : int
        Rows of the largest batch.

    Returns
    -------
    int
        For one trial; the memory begins on 64 bytes.
    """
    capacity = _round(rows, _TILE)
    pieces = -(-chain.count // _PIECE)
    parts = min(_MOST_PARTS, max(1, _MOST_SUMS // chain.padded))
    kept = OPTIMIZERS[optimizer].states + 1 + parts
    moments = sum(int(node["in_features"]) for node in chain.nodes if _is_batch(node["kind"]))
    units = sum(codegen.fused_sizes(chain)[1:])
    if LOSSES[loss].takes_in == chain.kinds[-1]:
        units -= chain.sizes[-1]
    return (
        _round(16 + capacity // _STRIP * 2 + 2 * pieces, 16)
        + _round(6 * moments, 16)
        + chain.padded * kept
        + capacity * (3 + 2 * chain.sizes[0] + 2 * units)
    )


def predict_floats(chain: Chain, rows: int, fused: bool = True) -> int:
    """Count the floats of ``Prediction.work``.

    Parameters
    ----------
    chain : Chain
        The layers.
    rows : int
        ``Prediction.work_rows``: rows at a time, whole tiles of 64.
    fused : bool
        Whether activations are fused, as in `codegen.wide_source`.

    Returns
    -------
    int
        For one prediction; the memory begins on 64 bytes.
    """
    sizes = codegen.fused_sizes(chain) if fused else chain.sizes
    return rows * (1 + sum(sizes))


def _is_batch(kind: str) -> bool:
    return bool(LAYERS[kind].whole_batch)


def _round(n: int, multiple: int) -> int:
    return -(-n // multiple) * multiple
