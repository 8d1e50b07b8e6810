"""The course of one task in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import RunError
from dlaaw_nb.workflow.states import DONE
from dlaaw_nb.workflow.values import load

if TYPE_CHECKING:
    from dlaaw_nb.store import DataProduct, Store
    from dlaaw_nb.workflow.flat import Node

__all__ = ["TaskRun"]


class TaskRun:
    """What became of a task in a run; it follows the run while that is under way.

    Parameters
    ----------
    node : Node
        The task in its run.
    store : Store
        Where its outputs are.
    """

    __slots__ = ("_node", "_store")

    def __init__(self, node: Node, store: Store) -> None:
        self._node, self._store = node, store

    @property
    def name(self) -> str:
        """Its name in the workflow; of one inside of another workflow ``Outer1/Inner1``."""
        return self._node.name

    @property
    def kind(self) -> str:
        """What kind of task it is."""
        return self._node.task.kind

    @property
    def state(self) -> str:
        """One of `STATES`."""
        return self._node.state

    @property
    def why(self) -> str:
        """Why it ran, or why it did not."""
        return self._node.why

    @property
    def seconds(self) -> float | None:
        """How long its last try took; None if there was none."""
        return self._node.seconds

    @property
    def started(self) -> float | None:
        """When its last try began, in seconds since the epoch."""
        return self._node.started

    @property
    def attempts(self) -> int:
        """How often it was tried."""
        return self._node.attempts

    @property
    def worker(self) -> str:
        """Where it ran, as ``host:pid``."""
        return self._node.worker

    @property
    def log(self) -> str:
        """What it printed and logged."""
        return self._node.log

    @property
    def error(self) -> str:
        """What went wrong; empty if nothing did."""
        return self._node.error

    @property
    def trace(self) -> str:
        """The traceback, as text."""
        return self._node.trace

    @property
    def chain(self) -> tuple[str, ...]:
        """Of a failed task, the names from it back to the one whose failure it fails of."""
        return self._node.chain

    @property
    def costs(self) -> tuple[tuple[int, float], ...]:
        """Of a training, epoch and cost."""
        return tuple((int(epoch), float(cost)) for epoch, cost in self._node.costs)

    @property
    def notes(self) -> tuple[str, ...]:
        """Tries that failed, and outputs that could not be kept."""
        return tuple(self._node.notes)

    @property
    def progress(self) -> dict[str, Any] | None:
        """How far it is, as it told last: ``done``, ``total``, ``text``."""
        return self._node.progress

    @property
    def outputs(self) -> dict[str, DataProduct]:
        """What it gave, as data products."""
        refs = self._node.outputs.items()
        return {port: ref.product(self._store) for port, ref in refs if ref.hash}

    def output(self, port: str | None = None) -> Any:
        """Load what it gave.

        Parameters
        ----------
        port : str or None
            Name of the output; None for the first.

        Returns
        -------
        object
            The value.

        Raises
        ------
        RunError
            When it has not finished, or there is no such output.
        """
        if self.state not in DONE:
            raise RunError(f"{self.name}: it gave nothing, it is {self.state}. {self.error}")
        outputs = self._node.outputs
        name = port if port is not None else next(iter(outputs), "")
        if name not in outputs:
            raise RunError(
                f"{self.name}: no output {name!r} was kept. There are: {', '.join(outputs)}."
            )
        return load(outputs[name], self._store.objects)

    def __repr__(self) -> str:
        took = "" if self.seconds is None else f", {self.seconds:.3g} s"
        tail = f": {self.error}" if self.error else ""
        return f"<{self.name}: {self.state}{took}{tail:.200}>"
