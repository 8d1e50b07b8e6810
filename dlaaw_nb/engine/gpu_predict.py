"""Rows through networks on a GPU: one launch for several networks with the same program."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

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
    """
    stream = device.new_stream()
    given, out, work = Region(device, True), Region(device, True), Region(device, False)
    slots: List[Dict[str, Any]] = []
    for (arrays, layout, split, data, begin, end), layers in zip(requests, wanted):
        sizes = arrays[0]
        slots.append(
            {
                "arrays": [given.put(array) for array in arrays],
                "x": None if data is not None else given.put(layout.x.reshape(-1)),
                "affine": None
                if split.in_place
                else (given.put(split.offset_32), given.put(split.scale_32)),
                "pointers": given.add(len(sizes) - 1, np.uintp),
                "team": work.add(2, np.int32) if wide else -1,
                "work": work.add(_at_once(begin, end) * (1 + int(sizes.sum())), np.float32)
                if wide
                else -1,
                "outputs": {k: out.add((end - begin) * int(sizes[k + 1]), np.float32) for k in layers},
            }
        )
    structs = given.add(len(requests) * ctypes.sizeof(Prediction), np.uint8)
    total = given.nbytes + out.nbytes + work.nbytes
    device.require({"rows and results of a prediction": total})
    try:
        given.place(stream)
        out.place(stream)
        if wide:
            work.place(stream)
        raw = bytearray()
        for slot, (arrays, layout, split, data, begin, end) in zip(slots, requests):
            pointers = given.view(slot["pointers"])
            for k, number in slot["outputs"].items():
                pointers[k] = out.address(number)
            affine = slot["affine"]
            x = data if data is not None else given.address(slot["x"])
            offset, scale = map(given.address, affine) if affine else (None, None)
            rows = Rows(x, None, offset, scale, layout.x.shape[1], layout.rows, 0)
            addresses = [given.address(number) for number in slot["arrays"]]
            layers = len(arrays[0]) - 1
            made = Prediction(rows, *addresses, given.address(slot["pointers"]), begin, end, layers)
            if wide:
                made.work_rows = _at_once(begin, end)
                made.work, made.team_state = work.address(slot["work"]), work.address(slot["team"])
            raw += bytes(made)
        given.view(structs)[:] = np.frombuffer(bytes(raw), np.uint8)
        given.send(stream)
        if wide:
            shared, threads = shape.shared_bytes, shape.threads
            blocks = max(1, resident_blocks(device, function, threads, shared) // len(requests))
        else:
            tiles = max(1, max(-(-(end - begin) // shape.tile) for *_, begin, end in requests))
            blocks = min(tiles, max(1, _MOST_BLOCKS // len(requests)))
            shared = 4 * max(predict_floats(arrays[0], shape.tile) for arrays, *_ in requests)
            threads = max(64, min(256, -(-shape.tile // 32) * 32))
        device.launch(
            function, (blocks, len(requests)), (threads,), shared, [given.address(structs)], stream
        )
        out.fetch(stream)
        device.wait(stream)
        return [
            [
                out.view(number)[: (end - begin) * int(arrays[0][k + 1])]
                .reshape(end - begin, int(arrays[0][k + 1]))
                .copy()
                for k, number in slot["outputs"].items()
            ]
            for slot, (arrays, _, _, _, begin, end) in zip(slots, requests)
        ]
    finally:
        for region in (given, out, work):
            region.free()


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
    """Give what layers put out on all rows of a layout.

    Parameters
    ----------
    device : Device
        Where.
    chain : Chain
        The layers.
    parameters : mapping of str to array
        By name.
    layout, split
        The rows, and the normalization of the training.
    wanted : sequence of str
        Names of layers.

    Returns
    -------
    dict of str to float32 array, shape (rows, units)
        By name of the layer, in the layout's order.
    """
    wide = not fits_kernels(chain)
    source = codegen.layers_source(chain, constant=True, wide=wide)
    (function,) = load(device, source, (f"-DDLAAW_TILE={_TILE}",), ("dlaaw_predict",))
    arrays = (
        np.array(chain.sizes, np.int32),
        options_of(chain),
        chain.pack(parameters),
        chain.pack_buffers(parameters),
    )
    places = [k for k, name in enumerate(chain.names) if name in wanted]
    request: Request = (arrays, layout, split, None, 0, layout.rows)
    shape = Shape(_TILE, THREADS, 4 * SHARED_FLOATS)
    (outputs,) = predict(device, function, shape, wide, [request], [places])
    return {chain.names[k]: output for k, output in zip(places, outputs)}
