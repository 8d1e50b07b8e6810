"""Rows through networks on a GPU: one launch for several networks with the same program."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from . import codegen
from .gpu_memory import Region
from .gpu_program import Shape, load, predict_floats, resident_blocks
from .kernel_program import options_of
from .launch import Prediction, Rows
from .programs import fits_kernels
from .wide import SHARED_FLOATS, THREADS

if TYPE_CHECKING:
    from .chain import Chain
    from .cuda_driver import Device, Function
    from .layout import Layout, Split

__all__ = ["Request", "layer_outputs", "predict"]

# sizes, options, parameters, buffers; the rows; their normalization; where x lies on the device, if
# it does; first row and the one behind the last
Request = Tuple[Sequence[np.ndarray], "Layout", "Split", Optional[int], int, int]
_TILE = 64
_MOST_BLOCKS = 512
_MOST_ROWS = 8192


def predict(
    device: Device,
    function: Function,
    shape: Shape,
    wide: bool,
    requests: Sequence[Request],
    wanted: Sequence[Sequence[int]],
) -> List[List[np.ndarray]]:
    """Run rows through networks.

    Parameters
    ----------
    device : Device
        Where.
    function : Function
        The program's ``dlaaw_predict``.
    shape : Shape
        How the program was compiled to be launched.
    wide : bool
        Whether it is one for large networks, whose blocks work together on each request.
    requests : sequence of Request
        The networks, and the rows of each.
    wanted : sequence of sequence of int
        For each, numbers of the layers whose outputs are asked for.

    Returns
    -------
    list of list of float32 array, shape (rows, units)
        For each request its layers.

    Raises
    ------
    DeviceMemoryError
        When there is no room.
    """
    work = _Work(device, wide, requests, wanted)
    try:
        structs = work.place()
        grid, threads, shared = _launch_of(device, function, shape, wide, requests)
        device.launch(function, grid, (threads,), shared, [structs], work.stream)
        return work.results()
    finally:
        work.free()


def _launch_of(
    device: Device, function: Function, shape: Shape, wide: bool, requests: Sequence[Request]
) -> Tuple[Tuple[int, int], int, int]:
    """Choose grid, threads of a block and bytes of shared memory."""
    count = len(requests)
    if wide:
        most = resident_blocks(device, function, shape.threads, shape.shared_bytes)
        return (max(1, most // count), count), shape.threads, shape.shared_bytes
    rows = max(end - begin for *_, begin, end in requests)
    blocks = min(max(1, -(-rows // shape.tile)), max(1, _MOST_BLOCKS // count))
    shared = 4 * max(predict_floats(arrays[0].tolist(), shape.tile) for arrays, *_ in requests)
    return (blocks, count), shape.threads, shared


class _Slots:
    """Numbers of a request's arrays in the regions of its prediction."""

    def __init__(self, work: _Work, request: Request, layers: Sequence[int]) -> None:
        arrays, layout, split, data, begin, end = request
        given, out, scratch = work.given, work.out, work.scratch
        sizes = arrays[0]
        self.arrays = [given.put(array) for array in arrays]
        self.x = given.put(layout.x.reshape(-1)) if data is None else -1
        parts = () if split.in_place else (split.offset_32, split.scale_32)
        self.affine = [given.put(part) for part in parts]
        self.pointers = given.add(len(sizes) - 1, np.uintp)
        rows = end - begin
        self.outputs = {k: out.add(rows * int(sizes[k + 1]), np.float32) for k in layers}
        self.team = self.work = -1
        if work.wide:
            floats = _at_once(begin, end) * (1 + int(sizes.sum()))
            self.team, self.work = scratch.add(4, np.int32), scratch.add(floats, np.float32)


class _Work:
    """The memory of a prediction."""

    def __init__(
        self,
        device: Device,
        wide: bool,
        requests: Sequence[Request],
        wanted: Sequence[Sequence[int]],
    ) -> None:
        self.wide, self._device, self._requests = wide, device, requests
        self.given, self.out = Region(device, True), Region(device, True)
        self.scratch = Region(device, False)
        self._slots = [_Slots(self, request, layers) for request, layers in zip(requests, wanted)]
        self._structs = self.given.add(len(requests) * ctypes.sizeof(Prediction), np.uint8)
        self._regions = [self.given, self.out, *([self.scratch] if wide else [])]
        total = sum(region.nbytes for region in self._regions)
        device.require({"rows and results of a prediction": total})
        self.stream = device.new_stream()

    def place(self) -> int:
        """Send what the launch needs; give the address of its arguments."""
        for region in self._regions:
            region.place(self.stream)
        raw = b"".join(map(self._struct, self._slots, self._requests))
        self.given.view(self._structs)[:] = np.frombuffer(raw, np.uint8)
        self.given.send(self.stream)
        return self.given.address(self._structs)

    def _struct(self, slots: _Slots, request: Request) -> bytes:
        arrays, layout, _, data, begin, end = request
        given = self.given
        pointers = given.view(slots.pointers)
        for k, number in slots.outputs.items():
            pointers[k] = self.out.address(number)
        offset, scale = map(given.address, slots.affine) if slots.affine else (None, None)
        x = data if data is not None else given.address(slots.x)
        made = Prediction(
            Rows(x, None, offset, scale, layout.x.shape[1], layout.rows, 0),
            *map(given.address, slots.arrays),
            given.address(slots.pointers),
            begin,
            end,
            len(arrays[0]) - 1,
        )
        if self.wide:
            made.work_rows = _at_once(begin, end)
            made.work = self.scratch.address(slots.work)
            made.team_state = self.scratch.address(slots.team)
        return bytes(made)

    def results(self) -> List[List[np.ndarray]]:
        """Wait for the launch; give what it put out."""
        self.out.fetch(self.stream)
        self._device.wait(self.stream)
        found: List[List[np.ndarray]] = []
        for slots, (arrays, _, _, _, begin, end) in zip(self._slots, self._requests):
            outputs = []
            for k, number in slots.outputs.items():
                units = int(arrays[0][k + 1])
                flat = self.out.view(number)[: (end - begin) * units]
                outputs.append(flat.reshape(end - begin, units).copy())
            found.append(outputs)
        return found

    def free(self) -> None:
        """Give everything back."""
        for region in self._regions:
            region.free()
        self._device.give_back(self.stream)


def _at_once(begin: int, end: int) -> int:
    """Rows that a large network takes at a time."""
    return min(_MOST_ROWS, max(1, -(-(end - begin) // _TILE)) * _TILE)


def layer_outputs(
    device: Device,
    chain: Chain,
    parameters: Mapping[str, np.ndarray],
    layout: Layout,
    split: Split,
    wanted: Sequence[str],
) -> Dict[str, np.ndarray]:
    """Give what layers put out on all rows of a layout; see ``kernel_program``."""
    wide = not fits_kernels(chain)
    source = codegen.layers_source(chain, constant=True, wide=wide)
    shape = Shape(_TILE, THREADS if wide else _TILE, 4 * SHARED_FLOATS)
    (function,) = load(device, source, shape, ("dlaaw_predict",))
    arrays = (
        np.array(chain.sizes, np.int32),
        options_of(chain),
        chain.pack(parameters),
        chain.pack_buffers(parameters),
    )
    places = [k for k, name in enumerate(chain.names) if name in wanted]
    request: Request = (arrays, layout, split, None, 0, layout.rows)
    (outputs,) = predict(device, function, shape, wide, [request], [places])
    return {chain.names[k]: output for k, output in zip(places, outputs)}
