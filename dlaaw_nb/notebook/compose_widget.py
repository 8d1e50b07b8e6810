"""The widget of `compose`: what the page and the kernel tell each other."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CanvasWidget", "canvas_widget"]

_MODULE = "dlaaw-nb"
_VERSION = "^0.1.0"
_KINDS = ("extension", "script")


def canvas_widget(document: Mapping[str, Any]) -> Any:
    """Make the widget that the front end can show.

    JupyterLab and Jupyter Notebook have the canvas as an extension. VS Code and Colab have none:
    there the widget brings its script. So it is where ``DLAAW_CANVAS=script``, for a JupyterLab
    whose server runs in another environment than the kernel; ``extension`` says the opposite.

    Parameters
    ----------
    document : mapping
        What is drawn.

    Returns
    -------
    CanvasWidget or CanvasScript
        With the same attributes and messages.

    Raises
    ------
    GraphError
        When ``DLAAW_CANVAS`` is something else, or the script was not built.
    """
    wanted = os.environ.get("DLAAW_CANVAS") or _usual()
    if wanted not in _KINDS:
        raise GraphError(f"DLAAW_CANVAS: expected {' or '.join(_KINDS)}, got {wanted!r:.100}.")
    if wanted == "extension":
        return CanvasWidget(document=document)
    from dlaaw_nb.notebook.compose_script import CanvasScript

    return CanvasScript(document=document)


def _usual() -> str:
    elsewhere = "VSCODE_PID" in os.environ or "google.colab" in sys.modules
    return "script" if elsewhere else "extension"


class CanvasWidget(ipywidgets.DOMWidget):
    """The canvas of the extension of JupyterLab; edits come as another document.

    Attributes
    ----------
    document : dict
        What is drawn: the document of a workflow.
    catalogue : dict
        What can be put on it; see `dlaaw_nb.workflow.catalogue`.
    trouble : dict
        Why an edit is not taken by Python: ``text``; and ``document``, Python's, where that has
        changed since. Empty where both are the same.
    run : str
        The last run that was begun from it, which a page that is loaded anew goes on to follow.
    """

    _model_name = traitlets.Unicode("CanvasModel").tag(sync=True)
    _model_module = traitlets.Unicode(_MODULE).tag(sync=True)
    _model_module_version = traitlets.Unicode(_VERSION).tag(sync=True)
    _view_name = traitlets.Unicode("CanvasView").tag(sync=True)
    _view_module = traitlets.Unicode(_MODULE).tag(sync=True)
    _view_module_version = traitlets.Unicode(_VERSION).tag(sync=True)
    document = traitlets.Dict().tag(sync=True)
    catalogue = traitlets.Dict().tag(sync=True)
    trouble = traitlets.Dict().tag(sync=True)
    run = traitlets.Unicode().tag(sync=True)
