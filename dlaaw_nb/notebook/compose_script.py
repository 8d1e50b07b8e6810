"""The canvas for front ends that take a script with a widget, such as those of VS Code."""

from __future__ import annotations

from importlib import resources

import anywidget
import traitlets

from dlaaw_nb.errors import GraphError

__all__ = ["CanvasScript"]


def _read(name: str) -> str:
    place = resources.files("dlaaw_nb") / "static" / name
    if not place.is_file():
        raise GraphError(
            f"dlaaw_nb/static/{name}: the canvas's script is not there, for the package was built "
            "without its front end. Install it again without SKIP_JUPYTER_BUILDER."
        )
    return place.read_text(encoding="utf-8")


class CanvasScript(anywidget.AnyWidget):
    """The same canvas as `CanvasWidget` has, with the same attributes; it brings its own script."""

    _esm = _read("canvas.js")
    _css = _read("canvas.css")

    document = traitlets.Dict().tag(sync=True)
    catalogue = traitlets.Dict().tag(sync=True)
    trouble = traitlets.Dict().tag(sync=True)
    run = traitlets.Unicode().tag(sync=True)
