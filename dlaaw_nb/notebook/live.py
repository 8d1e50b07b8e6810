"""Shows a widget and its static twin, so that one of them can always be seen.

JupyterLab prefers a widget to any other form in the same output, and shows "model not found" when
its kernel is gone (https://github.com/jupyterlab/jupyterlab/issues/15361). So twin and widget are
two outputs: a style rule that travels with the twin hides it while the widget behind it is alive,
and hides what is left of a widget that is dead. Viewers that know neither (GitHub, nbviewer, an
untrusted notebook) drop the rule and the widget, and show the twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.notebook.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WIDGET_MIME", "Twin", "show", "twin_html"]

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

_CHILD = ".jp-OutputArea-child"
# JupyterLab puts a widget into a panel. A living widget has elements in it; of a dead or closed one
# a line of text is left. What comes after a twin may also be another output, which stays as it is.
_PANEL = "> .jp-OutputArea-output.lm-Panel"
_RULES = (
    f"{_CHILD}:has(.dlaaw-twin):has(+ {_CHILD} {_PANEL} *){{display:none}}"
    f"{_CHILD}:has(.dlaaw-twin) + {_CHILD}:has({_PANEL}):not(:has({_PANEL} *)){{display:none}}"
    # nbconvert would fetch a widget's code from the network, and show it beside its twin.
    f"{_CHILD}:has(.dlaaw-twin) + {_CHILD}:has(> .jupyter-widgets:not(.lm-Panel)){{display:none}}"
)

_cells = Cells()


class Twin:
    """The static twin that stands before a widget, to be replaced as the widget changes.

    Parameters
    ----------
    display_id : str
        Of its output.
    """

    def __init__(self, display_id: str) -> None:
        self.display_id = display_id

    def update(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Put another picture in its place, wherever it stands.

        Parameters
        ----------
        data : mapping of str to object
            MIME bundle: ``text/html``, ``image/png``, ``text/plain``.
        metadata : mapping or None
            Metadata of the bundle.
        """
        self.send(data, metadata, update=True)

    def send(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, *, update: bool
    ) -> None:
        """Show the picture, here for the first time or in the place of the one before."""
        from IPython.display import display

        twin = {**data, "text/html": twin_html(str(data["text/html"]))}
        display(
            twin,
            raw=True,
            metadata=dict(metadata or {}),
            display_id=self.display_id,
            update=update,
        )


def twin_html(html: str) -> str:
    """Mark HTML as the static twin of the widget in the next output.

    Parameters
    ----------
    html : str
        Static HTML, safe to place.

    Returns
    -------
    str
        The same in an element of class ``dlaaw-twin``, with the rules that hide it.
    """
    return f'<style>{_RULES}</style><div class="dlaaw-twin">{html}</div>'


def show(widget: Any, data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> Twin:
    """Show a widget, and its static twin wherever the widget cannot be.

    A cell that is run again closes the widgets that it showed before, unless another cell shows
    them too.

    Parameters
    ----------
    widget : ipywidgets widget
        What answers.
    data : mapping of str to object
        MIME bundle of the twin: ``text/html``, ``image/png``, ``text/plain``.
    metadata : mapping or None
        Metadata of the bundle.

    Returns
    -------
    Twin
        Takes later pictures.
    """
    import secrets

    from IPython.display import display

    _cells.add(widget)
    twin = Twin(f"dlaaw-{secrets.token_hex(8)}")
    twin.send(data, metadata, update=False)
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display({WIDGET_MIME: view}, raw=True)
    return twin
