"""The base class of every step of a workflow, a layer of a network included."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

    from dlaaw_nb.workflow.port import Port

__all__ = ["Task", "counted_name"]


class Task:
    """A step with typed inputs and outputs.

    An implementer must say what goes in and comes out, by the properties `inputs` and `outputs`,
    and make them depend on the task's own parameters only. An implementer may keep any parameters
    as attributes, and may override `placed` to take in what becomes known on placing. An
    implementer must not remember the workflow the task stands in, for one task may be placed many
    times, and must not change a task after it was placed.

    Attributes
    ----------
    name : str
        Unique within its workflow, such as ``"Linear1"``; empty before the task is placed.
    """

    name: str = ""

    @property
    def kind(self) -> str:
        """Name of the class; tasks are counted by it when they are named."""
        return type(self).__name__

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The ports it reads from."""
        return ()

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The ports it writes to."""
        return ()

    def input(self, name: str | None = None) -> Port:
        """Find an input port.

        Parameters
        ----------
        name : str or None
            Its name; None for the only one there is.

        Returns
        -------
        Port
            The port.

        Raises
        ------
        GraphError
            When there is none of that name, or None was given and there is not exactly one.
        """
        return self._find(self.inputs, name, "input")

    def output(self, name: str | None = None) -> Port:
        """Find an output port.

        Parameters
        ----------
        name : str or None
            Its name; None for the only one there is.

        Returns
        -------
        Port
            The port.

        Raises
        ------
        GraphError
            When there is none of that name, or None was given and there is not exactly one.
        """
        return self._find(self.outputs, name, "output")

    def placed(self, name: str) -> Self:
        """Make the copy that stands in a workflow.

        Parameters
        ----------
        name : str
            Its name there.

        Returns
        -------
        Task
            A copy of the same class; the original stays free to be placed elsewhere.
        """
        twin = copy.copy(self)
        object.__setattr__(twin, "name", name)  # works for frozen dataclasses too
        return twin

    def _find(self, ports: Iterable[Port], name: str | None, side: str) -> Port:
        found = [port for port in ports if name in (None, port.name)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(port.name for port in ports) or "none"
        where = self.name or self.kind
        if name is None:
            raise GraphError(
                f"{where}: expected exactly one {side} port, has {known}. Name the port."
            )
        raise GraphError(f"{where}: no {side} port {name!r}. Choose one of: {known}.")


def counted_name(kind: str, counts: dict[str, int]) -> str:
    """Name the next task of a kind: ``Linear1``, ``ReLU1``, ``Linear2``.

    Parameters
    ----------
    kind : str
        The kind of task.
    counts : dict of str to int
        How many of each kind were named before; the count of `kind` goes up by one.

    Returns
    -------
    str
        The kind followed by its count, from 1.
    """
    counts[kind] = counts.get(kind, 0) + 1
    return f"{kind}{counts[kind]}"
