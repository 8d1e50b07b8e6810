"""The widget of `compose`: what the page and the kernel tell each other."""

from __future__ import annotations

import ipywidgets
import traitlets

__all__ = ["CanvasWidget"]

_MODULE = "dlaaw-nb"
_VERSION = "^0.1.0"


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
