"""Which cell shows which widgets: a cell that is run again closes those of its last run.

ipywidgets keeps every widget, and its model in the page, until somebody closes it. A cell that is
run ten times would leave nine of each behind.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Cells", "close_family"]


class Cells:
    """The widgets that each cell shows."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, list[Any]]] = {}

    def add(self, widget: Any) -> None:
        """Note that the running cell shows a widget; close what its last run showed.

        Widgets of cells that are no longer there are closed too. Where a front end does not say
        which cell it runs, nothing is closed.

        Parameters
        ----------
        widget : ipywidgets widget
            Itself and what it holds are closed once no cell shows it.
        """
        request = _request()
        metadata = request.get("metadata") or {}
        cell, run = metadata.get("cellId"), (request.get("header") or {}).get("msg_id", "")
        if not cell:
            return
        before: list[Any] = []
        for gone in metadata.get("deletedCells") or ():
            before += self._shown.pop(gone, ("", []))[1]
        last_run, shown = self._shown.get(cell, ("", []))
        if last_run != run:
            before, shown = before + shown, []
        self._shown[cell] = (run, [*shown, widget])
        kept = {id(one) for _, those in self._shown.values() for one in those}
        for one in before:
            if id(one) not in kept:
                close_family(one)


def close_family(widget: Any) -> None:
    """Close a widget and all the widgets that it holds: layout, children, nodes of a graph.

    Parameters
    ----------
    widget : ipywidgets widget
        What is closed already may be closed again.
    """
    for one in [*_family(widget, set())]:
        one.close()


def _family(value: Any, seen: set[int]) -> Iterator[Any]:
    from ipywidgets import Widget

    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Widget):
        yield value
        parts = [value._trait_values.get(name) for name in value.keys]  # noqa: SLF001
    elif isinstance(value, dict):
        parts = [*value.values()]
    elif isinstance(value, (list, tuple)):
        parts = [*value]
    else:
        return
    for part in parts:
        yield from _family(part, seen)


def _request() -> Mapping[str, Any]:
    """Give the message by which a kernel was asked to run the cell; empty outside of a kernel."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython is not None else None
    if not hasattr(shell, "get_parent"):
        return {}
    request: Mapping[str, Any] = shell.get_parent() or {}
    return request
