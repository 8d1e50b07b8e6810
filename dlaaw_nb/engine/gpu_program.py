"""The kernels of one network on a GPU: how they are compiled, and how they are launched."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Tuple

from . import codegen, cuda_build, wide
from .faults import DeviceError
from .launch import Training
from .programs import fits_kernels
from .reference import OPTIMIZERS

if TYPE_CHECKING:
    from .chain import Chain
    from .cuda_driver import Device, Function

__all__ = ["LANES", "GpuProgram", "Shape", "resident_blocks", "train_floats"]

LANES = 16  # as in kernels_cu/platform.cuh
_FEW_TILE, _MANY_TILE = 1024, 256  # most rows of a tile: where few trials run, where many do
_LEAST_THREADS, _MOST_THREADS = 128, 512
_WIDE_TILE = 64
_RESERVED = 1024  # bytes of shared memory that the driver takes for each block
_MOST_BLOCKS = 16  # of a multiprocessor, on the least of them

_loaded: Dict[Any, List[Function]] = {}
_lock = threading.Lock()


def train_floats(chain: Chain, optimizer: str, tile: int) -> int:
    """Count the floats of shared memory that a block needs to train a network.

    Parameters
    ----------
    chain : Chain
        The layers.
    optimizer : str
        Kind.
    tile : int
        Rows of a tile.

    Returns
    -------
    int
        As ``Workspace::floats`` in kernels_cu/programs/train.cuh (tested).
    """
    sizes = codegen.fused_sizes(chain)
    units, batch = sum(sizes[1:]), _batch_widths(chain)
    rows = tile * (sizes[0] + 2 * units + 2)
    fixed = 4 * LANES + 4 * LANES * max(batch, default=0) + 6 * sum(batch)
    arguments = -(-ctypes.sizeof(Training) // 4 // 16) * 16
    return arguments + chain.padded * (2 + OPTIMIZERS[optimizer].states + LANES + 1) + rows + fixed


def predict_floats(sizes: Sequence[int], tile: int) -> int:
    """Count the floats of shared memory that a block needs to predict.

    Parameters
    ----------
    sizes : sequence of int
        Features, then units of each layer of the program.
    tile : int
        Rows of a tile.

    Returns
    -------
    int
        As ``PredictProgram::shared_floats``.
    """
    return tile * (sizes[0] + sum(sizes[1:]) + 1)


def _batch_widths(chain: Chain) -> List[int]:
    from .reference import LAYERS

    return [int(n["in_features"]) for n in chain.nodes if LAYERS[n["kind"]].whole_batch]


def resident_blocks(device: Device, function: Function, threads: int, shared_bytes: int) -> int:
    """Count the blocks of a kernel that a device holds at once.

    Parameters
    ----------
    device : Device
        Where.
    function : Function
        The kernel.
    threads, shared_bytes : int
        Of a block.

    Returns
    -------
    int
        At least 0. A lower bound, since blocks of a team wait for each other.
    """
    info = device.info
    registers = -(-function.registers // 8) * 8 * (-(-threads // 32) * 32)
    taken = shared_bytes + function.shared_bytes + _RESERVED
    each = min(
        int(info["shared_bytes_each"]) // taken,
        int(info["threads_each"]) // threads,
        int(info["registers_each"]) // max(1, registers),
        _MOST_BLOCKS,
    )
    if each == 0 and shared_bytes + function.shared_bytes <= int(info["shared_bytes"]):
        each = 1
    return each * int(info["multiprocessors"])


class Shape:
    """How a kernel is launched, and what it may take for granted.

    Parameters
    ----------
    tile, threads : int
        Rows of a tile; threads of a block.
    shared_bytes : int
        Of a block.
    one_chunk, one_tile : bool
        Whether no batch has more than one chunk, no chunk more than one tile.
    """

    def __init__(
        self,
        tile: int,
        threads: int,
        shared_bytes: int,
        *,
        one_chunk: bool = False,
        one_tile: bool = False,
    ) -> None:
        self.tile, self.threads, self.shared_bytes = tile, threads, shared_bytes
        self._one_chunk, self._one_tile = one_chunk, one_tile

    def options(self) -> Tuple[str, ...]:
        """List the compiler's options that make all that constants."""
        options = [f"-DDLAAW_TILE={self.tile}", f"-DDLAAW_THREADS={self.threads}"]
        if self._one_chunk:
            options.append("-DDLAAW_MOST_CHUNKS=1")
        if self._one_tile:
            options.append("-DDLAAW_MOST_TILES=1")
        return tuple(options)


def _tile(rows: int) -> int:
    """Give the rows of a tile that holds so many: an odd number of half warps.

    The two halves of a warp, which work on rows of different units, so meet no bank of shared
    memory twice.
    """
    halves = -(-max(1, rows) // LANES)
    return LANES * (halves + 1 - halves % 2)


def _shape(
    chains: Sequence[Chain], optimizer: str, rows: int, alone: bool, most: int, one_chunk: bool
) -> Shape:
    """Tile and threads for the rows of a chunk.

    A few trials get large tiles and blocks, for all that counts is how soon a chunk is done; many
    get smaller ones, of which more fit.
    """
    count = -(-rows // (_FEW_TILE if alone else _MANY_TILE))  # tiles of a chunk
    while True:
        tile = int(os.environ.get("DLAAW_GPU_TILE") or 0) or _tile(-(-rows // count))
        shared = 4 * max(train_floats(chain, optimizer, tile) for chain in chains)
        if shared <= most or tile <= LANES or os.environ.get("DLAAW_GPU_TILE"):
            break
        count += 1
    wanted = int(os.environ.get("DLAAW_GPU_THREADS") or 0)
    passes = -(-tile // _MOST_THREADS)  # over the rows of a tile
    threads = wanted or max(_LEAST_THREADS, -(-tile // passes // 32) * 32)
    threads = min(threads, _MOST_THREADS)
    return Shape(tile, threads, shared, one_chunk=one_chunk, one_tile=rows <= tile)


class GpuProgram:
    """The compiled kernels of some networks with the same kinds of layers.

    Parameters
    ----------
    device : Device
        Where they run.
    chains : sequence of Chain
        The networks; more than one are served by a program whose sizes are arguments.
    kinds : tuple of three str
        Kinds of loss, optimizer and schedule.
    rows : int
        Rows of a chunk, which the tile should hold.
    blocks : int
        Chunks of all trials side by side.
    one_chunk : bool
        Whether no batch, nor what validates, has more than one chunk.
    """

    name = "cuda"

    def __init__(
        self,
        device: Device,
        chains: Sequence[Chain],
        kinds: Tuple[str, str, str],
        rows: int,
        blocks: int,
        one_chunk: bool = False,
    ) -> None:
        self._device = device
        constant = len({chain.sizes for chain in chains}) == 1
        self.wide = not fits_kernels(chains[0])
        if self.wide:
            self._check_wide(chains)
            self.shape = Shape(_WIDE_TILE, wide.THREADS, 4 * wide.SHARED_FLOATS)
            self.source = codegen.wide_source(chains[0], *kinds, constant)
            return
        alone = blocks <= int(device.info["multiprocessors"])
        most = int(device.info["shared_bytes"])
        self.shape = _shape(chains, kinds[1], rows, alone, most, one_chunk)
        self.source = codegen.training_source(chains[0], *kinds, constant)

    def _check_wide(self, chains: Sequence[Chain]) -> None:
        for chain in chains:
            reason = wide.fits(chain)
            if reason:
                raise DeviceError(f"{self._device.place}: {reason}")

    def compile(self) -> bytes:
        """Compile it; from any thread, the context is not needed.

        Returns
        -------
        bytes
            A cubin.
        """
        return cuda_build.program_cubin(self.source, self._device.arch, self.shape.options())

    def functions(self) -> List[Function]:
        """Load it.

        Returns
        -------
        list of Function
            What trains and what predicts.
        """
        return load(self._device, self.source, self.shape, ("dlaaw_train", "dlaaw_predict"))


def load(device: Device, source: str, shape: Shape, names: Tuple[str, ...]) -> List[Function]:
    """Load a program, compiled if it is not in the cache; once a process.

    Parameters
    ----------
    device : Device
        Where to.
    source : str
        What ``codegen`` wrote.
    shape : Shape
        How it will be launched.
    names : tuple of str
        Its kernels.

    Returns
    -------
    list of Function
        In that order.
    """
    from . import resources

    options = shape.options()
    added = tuple(sorted(resources.added_kernels(source).items()))
    key = (id(device), source, options, added)
    if key not in _loaded:
        image = cuda_build.program_cubin(source, device.arch, options)
        _loaded[key] = device.load(image, names)
    return _loaded[key]


def wide_team(trials: int, capacity: int) -> int:
    """Choose how many blocks work on each trial of a large network.

    Parameters
    ----------
    trials : int
        Trials side by side.
    capacity : int
        Blocks that the device holds at once.

    Returns
    -------
    int
        All of them, shared out; at least 1.
    """
    return max(1, capacity // trials)


def most_team(chunks: int, trials: int, capacity: int) -> int:
    """Choose how many blocks work on each trial.

    Parameters
    ----------
    chunks : int
        Chunks of a batch: more blocks have nothing to do.
    trials : int
        Trials side by side.
    capacity : int
        Blocks that the device holds at once.

    Returns
    -------
    int
        At least 1. More only if all blocks of all trials are there at once, for they wait for
        each other.
    """
    team = chunks
    while team > 1 and team * trials > capacity:
        team //= 2
    return max(1, team)
