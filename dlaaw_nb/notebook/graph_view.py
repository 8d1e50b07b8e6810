"""What the graphs of layers and of neurons have in common: Cytoscape beside a panel of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.views.html import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dlaaw_nb.notebook.live import Twin

__all__ = ["GraphView", "cytoscape", "panel_html"]

# ipycytoscape's own background is white, in the dark theme too.
_RULE = ".dlaaw-graph.custom-widget,.dlaaw-graph .custom-widget{background-color:transparent}"

Element = dict[str, Any]


def cytoscape(
    nodes: Iterable[Element],
    edges: Iterable[Element],
    size: tuple[float, float],
    room: float = 900.0,
) -> Any:
    """Make a Cytoscape widget whose nodes stand where they are put.

    Parameters
    ----------
    nodes, edges : iterable of dict
        As Cytoscape's JSON; every edge with ``source`` and ``target``. Keep them below 1,500
        together: of more, some never reach the page.
    size : pair of float
        Width and height that the nodes take, in CSS pixels.
    room : float
        Width that a notebook's page has for sure; a wider graph is drawn smaller.

    Returns
    -------
    CytoscapeWidget
        Without tooltips: ipycytoscape writes them as HTML, whatever stands in them.
    """
    import ipycytoscape

    # Each element is a widget: with all it has from the start, one message makes it.
    graph = ipycytoscape.Graph()
    graph.add_nodes([ipycytoscape.Node(**node) for node in nodes])
    graph.add_edges([ipycytoscape.Edge(**edge) for edge in edges])
    widget = ipycytoscape.CytoscapeWidget(
        graph, tooltip_source="", user_zooming_enabled=False, auto_ungrabify=True, min_zoom=0.2,
        max_zoom=3,
    )  # fmt: skip
    # Not fitted to the page: Cytoscape would do so before the page knows its size.
    zoom = min(1.0, room / size[0])
    widget.set_layout(name="preset", animate=False, fit=False, zoom=zoom, pan={"x": 0, "y": 4})
    widget.layout.height = f"{round(size[1] * zoom) + 8}px"
    widget.layout.width = "100%"
    widget.add_class("dlaaw-graph")
    return widget


def panel_html(title: str, facts: Sequence[tuple[str, object]], note: str = "") -> str:
    """Write what is known of what was clicked.

    Parameters
    ----------
    title : str
        Its name.
    facts : sequence of (str, object)
        What, and its value.
    note : str
        A line below.

    Returns
    -------
    str
        HTML; every text in it is escaped.
    """
    text = "font-size:12px;line-height:1.45;color:var(--jp-ui-font-color1,inherit)"
    rows = "".join(
        f'<tr><td style="padding-right:10px">{escape(what)}</td>'
        f'<td style="text-align:right">{escape(value)}</td></tr>'
        for what, value in facts
    )
    below = f'<div style="opacity:.75">{escape(note)}</div>' if note else ""
    return (
        f'<style>{_RULE}</style><div class="dlaaw-panel" role="status" style="{text}">'
        f'<div style="font-weight:600;overflow-wrap:anywhere">{escape(title)}</div>'
        f"<table>{rows}</table>{below}</div>"
    )


class GraphView:
    """A graph that answers, and its static twin.

    A subclass must give `twin` and `_build`, and calls `_choose` when something is clicked.

    Attributes
    ----------
    selected : dict or None
        What was clicked last.
    """

    def __init__(self) -> None:
        self.selected: dict[str, Any] | None = None
        self._clicks: list[Callable[[dict[str, Any]], object]] = []
        self._twins: list[Twin] = []
        self._widget: Any = None

    @property
    def widget(self) -> Any:
        """The widget, made when it is first asked for, and again if it was closed."""
        if self._widget is None or self._widget.comm is None:
            self._widget = self._build()
        return self._widget

    def on_click(self, call: Callable[[dict[str, Any]], object]) -> None:
        """Have a function called when something is clicked.

        Parameters
        ----------
        call : callable
            Takes a dict, which `selected` keeps too.
        """
        self._clicks.append(call)

    def twin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw it for where no widget lives.

        Returns
        -------
        data, metadata : dict
            A MIME bundle of ``text/plain``, ``text/html`` and ``image/png``, and its metadata.
        """
        raise NotImplementedError

    def _build(self) -> Any:
        raise NotImplementedError

    def _choose(self, chosen: Mapping[str, Any]) -> None:
        self.selected = dict(chosen)
        for call in self._clicks:
            call(self.selected)

    def _ipython_display_(self) -> None:
        from dlaaw_nb.notebook.live import show

        self._twins = [*self._twins[-3:], show(self.widget, *self.twin())]
