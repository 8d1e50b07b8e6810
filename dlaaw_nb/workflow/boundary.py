"""The ends of a workflow: what it is given, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dlaaw_nb.workflow.port_type import PortType

__all__ = ["NOTHING", "WorkflowInput"]


class _Nothing:
    """No default: a value must be given for a run."""

    def __repr__(self) -> str:
        return "NOTHING"

    def __reduce__(self) -> str:
        return "NOTHING"

    def __bool__(self) -> bool:
        return False


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class WorkflowInput:
    """Something that a workflow is given: a file, a URL, a table, a number.

    Attributes
    ----------
    name : str
        Unique among the workflow's inputs.
    default : object
        What it is unless a run is given something else; `NOTHING` where a run must be.
    type : PortType or None
        What it must be; None takes the type of the port that it feeds.
    description : str
        For people.
    """

    name: str
    default: Any = NOTHING
    type: PortType | None = None
    description: str = ""
