"""What the engine reads from the nodes of a specification: shapes, places, sizes of parameters."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from .faults import PlanError
from .reference import LAYERS

__all__ = ["Chain"]

_ROUND = 16  # parameters are padded to whole vectors, as kernels_cu/programs/train.cuh does


class Chain:
    """A chain of layers, in the order in which rows pass through them.

    Parameters
    ----------
    nodes : sequence of mapping
        The nodes of a specification: id, kind, in_features, out_features, parameters.

    Attributes
    ----------
    nodes : list of mapping
        As given.
    names : list of str
        Their ids.
    sizes : tuple of int
        Features, then the units of each layer.
    shapes : dict of str to tuple of int
        Shape of each trained parameter: ``"Linear1.weight"`` (out_features, in_features),
        ``"Linear1.bias"`` (out_features,), in the order in which they lie in memory.
    buffers : dict of str to tuple of int
        The same of what training keeps beside them, such as ``"BatchNorm1d1.running_mean"``.
    arrays : dict of str to tuple of int
        Both: all that a model is made of.
    count : int
        Parameters in all; `padded` is rounded up to whole vectors.
    """

    def __init__(self, nodes: Sequence[Mapping[str, Any]]) -> None:
        self.nodes = list(nodes)
        self.names: List[str] = [str(node["id"]) for node in nodes]
        first = int(nodes[0]["in_features"])
        self.sizes = (first, *(int(node["out_features"]) for node in nodes))
        self.shapes: Dict[str, Tuple[int, ...]] = {}
        self.buffers: Dict[str, Tuple[int, ...]] = {}
        self.arrays: Dict[str, Tuple[int, ...]] = {}
        for node in self.nodes:
            self._add(node)
        self.count = sum(int(np.prod(shape)) for shape in self.shapes.values())
        self.padded = -(-self.count // _ROUND) * _ROUND

    def _add(self, node: Mapping[str, Any]) -> None:
        layer = LAYERS.get(node["kind"])
        if layer is None:
            raise PlanError(
                f"{str(node['kind'])[:64]}: no kernel of that name in kernels_cu/layers/."
            )
        widths = int(node["in_features"]), int(node["out_features"])
        for found, shapes in ((self.shapes, layer.shapes), (self.buffers, layer.buffers)):
            for name, shape in shapes(*widths).items():
                found[f"{node['id']}.{name}"] = self.arrays[f"{node['id']}.{name}"] = shape

    @property
    def whole_batch(self) -> int:
        """Width of the widest layer that needs moments over a whole batch; 0 without one."""
        widths = (n["in_features"] for n in self.nodes if LAYERS[n["kind"]].whole_batch)
        return max(map(int, widths), default=0)

    @property
    def kinds(self) -> Tuple[str, ...]:
        """Kinds of the layers in order."""
        return tuple(str(node["kind"]) for node in self.nodes)

    def pack(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Lay parameters out as the kernels want them.

        Parameters
        ----------
        parameters : mapping of str to array
            By name, each in its shape.

        Returns
        -------
        float32 array, shape (padded,)
            One after another, zeros behind.
        """
        flat = np.zeros(self.padded, np.float32)
        at = 0
        for name, shape in self.shapes.items():
            value = np.asarray(parameters[name], np.float32).reshape(shape)
            flat[at : at + value.size] = value.ravel()
            at += value.size
        return flat

    def pack_buffers(self, parameters: Mapping[str, np.ndarray]) -> np.ndarray:
        """Lay out what training keeps beside the parameters.

        Parameters
        ----------
        parameters : mapping of str to array
            By name.

        Returns
        -------
        float32 array
            One after another; at least one number, for it must have an address.
        """
        parts = [np.asarray(parameters[name], np.float32).ravel() for name in self.buffers]
        return np.concatenate([*parts, np.zeros(1, np.float32)])

    def unpack_buffers(self, flat: np.ndarray) -> Dict[str, np.ndarray]:
        """Turn what `pack_buffers` made back into arrays by name; copies."""
        return _cut(flat, self.buffers)

    def unpack(self, flat: np.ndarray) -> Dict[str, np.ndarray]:
        """Turn what `pack` made back into arrays by name.

        Parameters
        ----------
        flat : array, shape (padded,)
            Parameters in memory order.

        Returns
        -------
        dict of str to array
            Copies, of `flat`'s type.
        """
        return _cut(flat, self.shapes)


def _cut(flat: np.ndarray, shapes: Mapping[str, Tuple[int, ...]]) -> Dict[str, np.ndarray]:
    found, at = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        found[name] = flat[at : at + size].reshape(shape).copy()
        at += size
    return found
