"""The way to the canvas, which is in a room above: imported by name, when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Composable"]


class Composable:
    """Something that can be opened on a canvas: a workflow, or a network."""

    def compose(self) -> Any:
        """Open it on a canvas, to be drawn on in a notebook.

        Returns
        -------
        Composer
            As the value of a cell it shows the canvas. ``canvas.code()`` writes what is drawn as
            Python; of a network, ``canvas.network`` is what it has become.

        Raises
        ------
        GraphError
            When a task has parameters that cannot be drawn.
        """
        return import_module("dlaaw_nb.notebook.compose").compose(self)
