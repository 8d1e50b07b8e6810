"""The widget of `sweep_explorer`: what the page and the kernel tell each other."""

from __future__ import annotations

from importlib import resources

import anywidget
import traitlets

__all__ = ["ExplorerWidget"]


def _read(name: str) -> str:
    place = resources.files("dlaaw_nb.notebook") / "static" / name
    return place.read_text(encoding="utf-8")


class ExplorerWidget(anywidget.AnyWidget):
    """Sliders, a curve, a table and two pictures; the page asks by messages.

    Attributes
    ----------
    title : str
        What is swept, on what.
    choices : list of dict
        The sliders: name, label, values.
    state : dict
        What is shown; see ``SweepExplorer._tell``.
    """

    # A widget is one module, so its two parts are put together here.
    _esm = _read("explorer_drawing.js") + _read("explorer.js")
    _css = _read("explorer.css")

    title = traitlets.Unicode().tag(sync=True)
    choices: traitlets.List[dict[str, object]] = traitlets.List().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
