"""What the engine reads from the nodes of a specification: shapes, places, sizes of parameters."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np

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
        Shape of each parameter: ``"Linear1.weight"`` (out_features, in_features),
        ``"Linear1.bias"`` (out_features,), in the order in which they lie in memory.
    count : int
        Parameters in all; `padded` is rounded up to whole vectors.
    """

    def __init__(self, nodes: Sequence[Mapping[str, Any]]) -> None:
        self.nodes = list(nodes)
        self.names: List[str] = [str(node["id"]) for node in nodes]
        first = int(nodes[0]["in_features"])
        self.sizes = (first, *(int(node["out_features"]) for node in nodes))
        self.shapes: Dict[str, Tuple[int, ...]] = {}
        for node in self.nodes:
            if node["kind"] == "Linear":
                self.shapes[node["id"] + ".weight"] = (node["out_features"], node["in_features"])
                self.shapes[node["id"] + ".bias"] = (node["out_features"],)
        self.count = sum(int(np.prod(shape)) for shape in self.shapes.values())
        self.padded = -(-self.count // _ROUND) * _ROUND

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
        found, at = {}, 0
        for name, shape in self.shapes.items():
            size = int(np.prod(shape))
            found[name] = flat[at : at + size].reshape(shape).copy()
            at += size
        return found
