"""Ports: the typed ends of a task.

Two ports fit when the input's type accepts the output's and no axis of their shapes differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dlaaw_nb.workflow.port_type import PortType

__all__ = ["Port", "Shape"]

Shape = tuple[int | None, ...]
"""Length of each axis; None for a length that is not fixed, such as the number of rows."""


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a task.

    Parameters
    ----------
    name : str
        Unique among the task's inputs, or among its outputs.
    type : PortType
        What travels through it.
    direction : {"input", "output"}
        Which side of the task it is on.
    shape : tuple of int or None, or None
        Length of each axis, None for one that may be any; None instead of a tuple when nothing is
        known of the shape.
    required : bool
        Whether an input must be connected before its workflow runs. Says nothing for an output.
    many : bool
        Whether an input takes any number of edges; its task gets a list, in the order they were
        made.
    """

    name: str
    type: PortType
    direction: Literal["input", "output"]
    shape: Shape | None = None
    required: bool = True
    many: bool = False

    def refusal(self, source: Port) -> str | None:
        """Say why this input does not take what the output `source` gives.

        Parameters
        ----------
        source : Port
            An output of another task.

        Returns
        -------
        str or None
            The reason as a phrase, or None when they fit.
        """
        if self.direction != "input" or source.direction != "output":
            return "an edge runs from an output to an input"
        return self.type.refusal(source.type) or _shape_refusal(self.shape, source.shape)


def _shape_refusal(wanted: Shape | None, given: Shape | None) -> str | None:
    if wanted is None or given is None:
        return None
    fits = len(wanted) == len(given) and all(
        ours is None or theirs is None or ours == theirs
        for ours, theirs in zip(wanted, given, strict=True)
    )
    return None if fits else f"expected shape {_shape_text(wanted)}, got {_shape_text(given)}"


def _shape_text(shape: Shape) -> str:
    return "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
