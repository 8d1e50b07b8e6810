"""How a network shows itself: as the call that makes it, as boxes, and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.views.html import section, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.nn.layers import NNTask
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.views.drawing import Drawing

__all__ = ["layers_html", "network_call", "network_drawing", "network_html"]


def network_call(network: NNWorkflow, defaults: dict[str, Any]) -> str:
    """Write the Python call that makes a network.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    defaults : dict
        Value of each hyperparameter where none is given; batches and epochs are written always.

    Returns
    -------
    str
        ``NNWorkflow([Linear(5, 3), ...], batches=6, epochs=1000)``.
    """
    layers = ", ".join(repr(layer) for layer in network.layers)
    settings = [
        f"{name}={getattr(network, name)!r}"
        for name, default in defaults.items()
        if name in ("batches", "epochs") or getattr(network, name) != default
    ]
    return f"NNWorkflow([{layers}], {', '.join(settings)})"


def network_html(network: NNWorkflow) -> str:
    """Draw a network as boxes and as an HTML table of its layers.

    Parameters
    ----------
    network : NNWorkflow
        The network.

    Returns
    -------
    str
        HTML that needs no script and no style sheet; every text in it is escaped.
    """
    rates = [f"learning_rate={network.learning_rate:g}"]
    if network.optimizer.takes_momentum:
        rates.append(f"momentum={network.momentum:g}")
    optimizer = f"{network.optimizer.kind}({', '.join(rates)})"
    training = (
        f"{network.epochs} epochs, {network.batches} batches, {network.loss!r}, "
        f"{optimizer}, seed {network.seed}"
    )
    return layers_html(network.layers, network.name, training)


def network_drawing(network: NNWorkflow) -> Drawing:
    """Draw a network's layers as boxes.

    Parameters
    ----------
    network : NNWorkflow
        The network.

    Returns
    -------
    Drawing
        Layers, their shapes and counts of parameters.
    """
    return _drawing(network.layers, network.name)


def _drawing(layers: Sequence[NNTask], name: str) -> Drawing:
    from dlaaw_nb.views.layer_drawing import LayerBox, draw_layers

    boxes = [
        LayerBox(
            layer.name,
            repr(layer),
            layer.in_features or 0,
            layer.out_features or 0,
            layer.parameter_count,
        )
        for layer in layers
    ]
    words = ", ".join(f"{box.name} {box.in_features} to {box.out_features}" for box in boxes[:12])
    return draw_layers(boxes, f"Layers of {name}: {words}{', ...' if len(boxes) > 12 else ''}")


def layers_html(layers: Sequence[NNTask], title: str, footer: str) -> str:
    """Draw layers as boxes, and as an HTML table with shapes and counts of parameters.

    Parameters
    ----------
    layers : sequence of NNTask
        Placed layers.
    title, footer : str
        Plain text above the table, and under its count of parameters.

    Returns
    -------
    str
        HTML; every text in it is escaped.
    """
    rows = [
        (
            layer.name,
            repr(layer),
            layer.in_features,
            layer.out_features,
            f"{layer.parameter_count:,}",
        )
        for layer in layers
    ]
    total = sum(layer.parameter_count for layer in layers)
    header = ("layer", "made by", "inputs", "outputs", "parameters")
    caption = f"{total:,} parameters. {footer}"
    picture = _drawing(layers, title).to_html()
    return section(title, picture, table(rows, header, caption))
