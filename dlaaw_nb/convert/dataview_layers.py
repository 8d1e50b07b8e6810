"""DATAVIEW's ``LayerArc``: layers as codes by number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError, NetworkError
from dlaaw_nb.nn.hyperparameters import (
    MAX_FEATURES,
    MAX_LAYERS,
    MAX_PARAMETERS,
    shown,
    whole_number,
)
from dlaaw_nb.nn.layers import Linear, NNTask, ReLU, Sigmoid
from dlaaw_nb.nn.network import NNWorkflow

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["layer_arc", "make_network", "read_count", "read_layers", "required"]

_MAX_DIGITS = 18
_KINDS = {"1": ReLU, "2": Sigmoid}


def required(document: Mapping[str, Any], key: str, kind: Any, meaning: str) -> Any:
    """Give what stands under a key; FormatError if that is nothing or of another kind."""
    value = document.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        got = "nothing" if key not in document else shown(value)
        raise FormatError(f"{key}: expected {meaning}, got {got}.", key)
    return value


def read_count(value: str | int, place: str) -> int:
    """Read a whole number that may stand as text."""
    if isinstance(value, int):
        return value
    if value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS:
        return int(value)
    raise FormatError(f"{place}: expected a whole number, got {shown(value)}.", place)


def read_layers(arc: Mapping[str, Any]) -> list[NNTask]:
    """Make the layers of a ``LayerArc``; nothing large is made before it is checked."""
    if not 0 < len(arc) <= MAX_LAYERS:
        raise FormatError(
            f"LayerArc: expected 1 to {MAX_LAYERS} layers, got {len(arc)}.", "LayerArc"
        )
    layers: list[NNTask] = []
    total = 0
    for number in range(len(arc)):
        place = f"LayerArc.{number}"
        if str(number) not in arc:
            raise FormatError(
                f"{place}: missing. Layers are numbered from 0 on without a gap; save the file "
                "again.",
                place,
            )
        layer = _layer(arc[str(number)], place)
        total += layer.parameter_count if isinstance(layer, Linear) else 0
        if total > MAX_PARAMETERS:
            raise FormatError(
                f"{place}: the layers have more than {MAX_PARAMETERS:,} parameters together.", place
            )
        layers.append(layer)
    return layers


def _layer(code: object, place: str) -> NNTask:
    words = [word.strip() for word in code.split(",")] if isinstance(code, str) else []
    if len(words) == 1 and words[0] in _KINDS:
        return _KINDS[words[0]]()
    if len(words) == 3 and words[0] == "0":
        try:
            counts = [read_count(word, place) for word in words[1:]]
            widths = [whole_number(place, count, 1, MAX_FEATURES) for count in counts]
        except (NetworkError, FormatError) as error:
            raise FormatError(
                f"{place}: expected widths from 1 to {MAX_FEATURES}, got {shown(code)}.", place
            ) from error
        return Linear(*widths)
    raise FormatError(
        f"{place}: expected '0,IN,OUT' (Linear), '1' (ReLU) or '2' (Sigmoid), got {shown(code)}.",
        place,
    )


def make_network(layers: list[NNTask], **counts: int) -> NNWorkflow:
    """Make a network of layers, scaled as DATAVIEW does."""
    try:
        return NNWorkflow(layers, normalize="minmax", normalize_on="all", **counts)  # type: ignore[arg-type]
    except NetworkError as error:
        raise FormatError(f"LayerArc: {error}", "LayerArc") from error


def layer_arc(network: NNWorkflow) -> dict[str, str]:
    """Write layers as a ``LayerArc``; FormatError for those that DATAVIEW does not have."""
    codes = {}
    for number, layer in enumerate(network.layers):
        code = next((c for c, kind in _KINDS.items() if type(layer) is kind), None)
        if isinstance(layer, Linear):
            code = f"0,{layer.in_features},{layer.out_features}"
        if code is None:
            raise FormatError(
                f"{layer.name}: DATAVIEW has no {layer.kind}, only Linear, ReLU and Sigmoid. Use "
                "those, or save in the package's own format."
            )
        codes[str(number)] = code
    return codes
