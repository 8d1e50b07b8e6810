"""Layers that the package does not bring, as data: what a worker process needs to know of them.

Their CUDA source travels; their reference in Python does not, for a worker that trains with kernels
needs shapes and options alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Tuple

from . import resources
from .codegen import is_kind
from .elementwise import CompiledElementwise
from .faults import PlanError
from .reference import LAYERS, Layer, register_layer

if TYPE_CHECKING:
    import numpy as np

__all__ = ["compiled_kinds", "foreign_of", "register_foreign"]


class _Described(Layer):
    """A layer of which only the kernel is here."""

    def __init__(self, kind: str, told: Mapping[str, Any]) -> None:
        self._kind = kind
        self.template = str(told["template"])
        self.options = tuple(map(str, told["options"]))
        self.numbered, self.fused = bool(told["numbered"]), bool(told["fused"])
        self.whole_batch = bool(told["whole_batch"])
        self._known: Dict[Tuple[int, int], Tuple[Dict[str, Any], Dict[str, Any]]] = {}
        self.learn(told)

    def learn(self, told: Mapping[str, Any]) -> None:
        """Take in the shapes for more widths."""
        for n, m, shapes, buffers in told["shapes"]:
            self._known[int(n), int(m)] = (_tuples(shapes), _tuples(buffers))

    def _of(self, n: int, m: int) -> Tuple[Dict[str, Any], Dict[str, Any]]:
        if (n, m) not in self._known:
            raise PlanError(f"{self._kind}: from {n} to {m} features: its shapes did not travel.")
        return self._known[n, m]

    def shapes(self, n: int, m: int) -> Dict[str, Tuple[int, ...]]:
        return self._of(n, m)[0]

    def buffers(self, n: int, m: int) -> Dict[str, Tuple[int, ...]]:
        return self._of(n, m)[1]

    def forward(self, *_: Any) -> np.ndarray:
        raise PlanError(
            f"{self._kind}: its reference in NumPy is not in this process, only its kernel. Train "
            "it with target='cpu', or make the network small enough for kernels."
        )

    def backward(self, *_: Any) -> Tuple[np.ndarray, Dict[str, np.ndarray]]:
        return self.forward(), {}


def foreign_of(spec: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    """Describe the layers of a plan that another process would not know.

    Parameters
    ----------
    spec : mapping
        A specification with its plan; layers of its variants count.

    Returns
    -------
    dict of str to dict
        By kind: plain JSON values, empty for networks of shipped layers. ``source``, the kernel;
        ``template``, ``options`` and more as of ``reference.Layer``; ``shapes``, for each pair of
        widths in the plan, of parameters and of buffers.
    """
    found: Dict[str, Dict[str, Any]] = {}
    added = resources.kernels_added()
    for node in _nodes(spec):
        kind = str(node["kind"])
        source, layer = added.get(resources.layer_file(kind)), LAYERS.get(kind)
        if source is None or layer is None:
            continue
        if kind not in found:
            found[kind] = {
                "source": source,
                "template": layer.template,
                "options": list(layer.options),
                "numbered": layer.numbered,
                "fused": layer.fused,
                "whole_batch": layer.whole_batch,
                "shapes": [],
            }
        n, m = int(node["in_features"]), int(node["out_features"])
        told: List[Any] = found[kind]["shapes"]
        if all(known[:2] != [n, m] for known in told):
            told.append([n, m, _lists(layer.shapes(n, m)), _lists(layer.buffers(n, m))])
    return found


def compiled_kinds(spec: Mapping[str, Any]) -> List[str]:
    """Name the layers of a plan that the package does not bring, where kernels are all of them.

    Parameters
    ----------
    spec : mapping
        As of `foreign_of`.

    Returns
    -------
    list of str
        Kinds, each once; none where one of them has a reference in Python, which does not travel.
    """
    added = resources.kernels_added()
    kinds = dict.fromkeys(str(node["kind"]) for node in _nodes(spec))
    own = [kind for kind in kinds if resources.layer_file(kind) in added and kind in LAYERS]
    return own if all(isinstance(LAYERS[kind], CompiledElementwise) for kind in own) else []


def register_foreign(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Make layers known that `foreign_of` described, in another process perhaps.

    Whoever calls this trusts the source, for it will be compiled and run.

    Parameters
    ----------
    found : mapping
        What `foreign_of` gave. A kind with the same source that is known already keeps its
        reference.

    Raises
    ------
    PlanError
        When a kind is no plain word, or the package has a kernel of that name.
    """
    for kind, told in found.items():
        if not is_kind(kind):
            raise PlanError(f"{kind[:64]!r}: no kind of layer; expected letters and digits.")
        name = resources.layer_file(kind)
        same = resources.kernels_added().get(name) == told["source"]
        known = LAYERS.get(kind)
        if same and isinstance(known, _Described):
            known.learn(told)
        elif not same or known is None:
            try:
                resources.add_kernel(name, str(told["source"]))
            except ValueError as error:
                raise PlanError(str(error)) from error
            register_layer(kind, _layer(kind, told))


def _layer(kind: str, told: Mapping[str, Any]) -> Layer:
    if told["template"] == "Elementwise":
        return CompiledElementwise(kind, tuple(map(str, told["options"])), bool(told["fused"]))
    return _Described(kind, told)


def _nodes(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    variants = (spec.get("plan") or {}).get("variants") or ()
    for part in (spec, *variants):
        yield from (part.get("layers") or {}).get("nodes", ())


def _lists(shapes: Mapping[str, Tuple[int, ...]]) -> Dict[str, List[int]]:
    return {name: list(map(int, shape)) for name, shape in shapes.items()}


def _tuples(shapes: Mapping[str, Any]) -> Dict[str, Tuple[int, ...]]:
    return {str(name): tuple(map(int, shape)) for name, shape in shapes.items()}
