"""Putting layers together: names by kind and count, widths inferred and checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.hyperparameters import (
    MAX_FEATURES,
    MAX_LAYERS,
    MAX_PARAMETERS,
    shown,
    whole_number,
)
from dlaaw_nb.nn.layers import Linear, NNTask
from dlaaw_nb.workflow.task import counted_name

__all__ = ["chain_layers", "hidden_widths", "widen"]


def chain_layers(layers: object) -> tuple[NNTask, ...]:
    """Place layers one behind the other.

    Parameters
    ----------
    layers : iterable of NNTask
        At least one; the first must fix its width. The same object may come twice.

    Returns
    -------
    tuple of NNTask
        Copies with names (``Linear1``, ``ReLU1``, ``Linear2``) and both widths known.

    Raises
    ------
    NetworkError
        When something is no layer, two layers do not fit, or the network is too large.
    """
    counts: dict[str, int] = {}
    placed: list[NNTask] = []
    for layer in _listed(layers):
        name = counted_name(layer.kind, counts)
        placed.append(_next_layer(layer, name, placed[-1] if placed else None))
    count = sum(layer.parameter_count for layer in placed)
    if count > MAX_PARAMETERS:
        raise NetworkError(
            f"network: expected at most {MAX_PARAMETERS:,} parameters, these layers have "
            f"{count:,}. Make the layers narrower."
        )
    return tuple(placed)


def hidden_widths(layers: Sequence[NNTask]) -> tuple[int, ...]:
    """List the widths of all Linear layers but the last.

    Parameters
    ----------
    layers : sequence of NNTask
        The layers of a network.

    Returns
    -------
    tuple of int
        Their `out_features`, in order.
    """
    return tuple(layer.out_features for layer in layers if isinstance(layer, Linear))[:-1]


def widen(layers: Sequence[NNTask], hidden: object) -> tuple[NNTask, ...]:
    """Give the hidden layers other widths.

    Parameters
    ----------
    layers : sequence of NNTask
        The layers of a network.
    hidden : int or iterable of int
        The new `out_features` of every Linear layer but the last; a single number for one. Another
        count than before makes the network deeper or shallower, if all hidden layers are followed
        by the same activation.

    Returns
    -------
    tuple of NNTask
        New layers, of which each fits the one before; unplaced.

    Raises
    ------
    NetworkError
        When a width is out of range, or it is not clear what a hidden layer more or less is.
    """
    widths = _widths(hidden)
    first, *blocks = _blocks(layers)
    if len(widths) != len(blocks) - 1:
        blocks = _repeated(blocks, widths, hidden)
    new_widths = iter(widths)
    wide: list[NNTask] = list(first)
    width = layers[0].in_features or 0
    for block in blocks:
        for layer in block:
            if isinstance(layer, Linear):
                wide.append(Linear(width, next(new_widths, layer.out_features)))
            else:
                wide.append(layer.fitted(width))
            width = wide[-1].out_features or 0
    return tuple(wide)


def _blocks(layers: Sequence[NNTask]) -> list[list[NNTask]]:
    """Cut layers before each Linear layer; the first part is what stands before them all."""
    blocks: list[list[NNTask]] = [[]]
    for layer in layers:
        if isinstance(layer, Linear):
            blocks.append([])
        blocks[-1].append(layer)
    return blocks


def _repeated(
    blocks: list[list[NNTask]], widths: tuple[int, ...], hidden: object
) -> list[list[NNTask]]:
    """As many hidden blocks as there are widths, all like the first."""
    followers = {
        tuple((layer.kind, str(layer.hyperparameters)) for layer in b[1:]) for b in blocks[:-1]
    }
    if not widths or len(followers) != 1:
        raise NetworkError(
            f"hidden: expected {len(blocks) - 1} widths, one for each Linear layer but the last, "
            f"got {shown(hidden)}. Another count works where all hidden layers are followed by the "
            "same activation; else make the network anew."
        )
    return [blocks[0]] * len(widths) + [blocks[-1]]


def _listed(layers: object) -> list[NNTask]:
    if isinstance(layers, (str, bytes)) or not isinstance(layers, Iterable):
        raise NetworkError(
            f"layers: expected a list of layers, got {shown(layers)}. "
            "Write [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]."
        )
    listed: list[NNTask] = []
    for layer in layers:
        if len(listed) == MAX_LAYERS:
            raise NetworkError(f"layers: expected at most {MAX_LAYERS} layers, got more.")
        if not isinstance(layer, NNTask):
            raise NetworkError(_not_a_layer(layer, len(listed)))
        listed.append(layer)
    if not listed:
        raise NetworkError(
            "layers: expected at least one layer, got none. Begin with Linear(n, 1)."
        )
    return listed


def _not_a_layer(thing: object, index: int) -> str:
    if isinstance(thing, type) and issubclass(thing, NNTask):
        mend = f"Write {thing.__name__}(), with its arguments."
    elif isinstance(thing, (list, tuple)):
        mend = "Write all layers in one flat list."
    else:
        mend = "Write Linear(n, m), ReLU(), Tanh() or Sigmoid()."
    return f"layers[{index}]: expected a layer, got {shown(thing)}. {mend}"


def _next_layer(layer: NNTask, name: str, before: NNTask | None) -> NNTask:
    if before is None:
        if not layer.fixes_width or layer.in_features is None:
            raise NetworkError(
                f"{name}: expected a layer that says how many features come in, got {layer!r}. "
                "Begin with Linear(n, ...), n being the number of features."
            )
        width = layer.in_features
    else:
        width = before.out_features or 0
    fitted = layer.fitted(width)
    if before is not None and fitted != layer:
        raise NetworkError(
            f"{name}: expected {layer.in_features} input features, but {before.name} puts out "
            f"{width}. Write {fitted!r}."
        )
    return fitted.placed(name)


def _widths(hidden: object) -> tuple[int, ...]:
    if isinstance(hidden, (str, bytes)) or not isinstance(hidden, Iterable):
        hidden = (hidden,)
    listed: list[int] = []
    for width in hidden:
        if len(listed) > MAX_LAYERS:
            break
        listed.append(whole_number("hidden", width, 1, MAX_FEATURES))
    return tuple(listed)
