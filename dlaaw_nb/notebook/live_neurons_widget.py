"""The widget of `live_neurons`: what the page and the kernel tell each other."""

from __future__ import annotations

from importlib import resources

import anywidget
import traitlets

__all__ = ["LiveNeuronsWidget"]


def _read(name: str) -> str:
    place = resources.files("dlaaw_nb.notebook") / "static" / name
    return place.read_text(encoding="utf-8")


class LiveNeuronsWidget(anywidget.AnyWidget):
    """Draws a scene of neurons, and follows frames of numbers.

    Attributes
    ----------
    scene : dict
        What is drawn and where; see `dlaaw_nb.notebook.network_scene`.
    frames : bytes
        Frames of little-endian float32 one behind another: a single one while the network trains,
        all that were kept when it is over.
    replay : bool
        Whether the page plays several frames at once when they come.
    row_label : str
        Which row the activations are of.
    selected : int
        Place of the chosen neuron in the scene; -1 for none.
    """

    # A widget is one module, so its two parts are put together here.
    _esm = _read("live_neurons_parts.js") + _read("live_neurons.js")
    _css = _read("live_neurons.css")

    scene = traitlets.Dict().tag(sync=True)
    frames = traitlets.Bytes().tag(sync=True)
    replay = traitlets.Bool(False).tag(sync=True)
    row_label = traitlets.Unicode().tag(sync=True)
    selected = traitlets.Int(-1).tag(sync=True)
    score_name = traitlets.Unicode("accuracy").tag(sync=True)
