"""A submission under way."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Job"]

_END = object()
_POLL_S = 0.05  # an interrupt that does not wake a waiting thread (Windows) is seen after so long


class Job:
    """A submission under way: it runs in a thread, and its events wait in a queue.

    Parameters
    ----------
    work : callable
        Takes ``emit`` and returns when all is done.
    cancel : callable
        Asks `work` to end soon; what was done so far still comes as events.
    id : str or None
        Of a detached job, by which `attach` finds it again.
    spec : mapping or None
        Its specification, of a detached job.

    Attributes
    ----------
    id, spec : str, mapping or None
        As given.
    """

    def __init__(
        self,
        work: Callable[[Callable[[dict[str, Any]], None]], None],
        cancel: Callable[[], None],
        id: str | None = None,  # noqa: A002 (the field's word)
        spec: Mapping[str, Any] | None = None,
    ) -> None:
        self.id, self.spec = id, spec
        self._work, self._cancel = work, cancel
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name="dlaaw-job", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work(self._queue.put)
        except BaseException as error:  # noqa: BLE001 (handed to whoever reads the events)
            self._error = error
        self._queue.put(_END)

    @staticmethod
    def attach(id: str, skip: int = 0) -> Job:  # noqa: A002 (the field's word)
        """Find a detached job again, from whatever process.

        Parameters
        ----------
        id : str
            Its id.
        skip : int
            Leave out so many of its first events: those that are known already.

        Returns
        -------
        Job
            Its events, from there on.

        Raises
        ------
        TargetError
            When there is no such target, or no such job there.
        """
        from dlaaw_nb.targets.detached import attach

        return attach(id, skip)

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``failed`` or ``cancelled``."""
        if self._thread.is_alive():
            return "running"
        if self._error is not None:
            return "failed"
        return "cancelled" if self._cancelled else "finished"

    def events(self, stop: threading.Event | None = None) -> Iterator[dict[str, Any]]:
        """Yield the events as they come, until the last.

        Parameters
        ----------
        stop : threading.Event or None
            Interrupts the reader when set, from whatever thread.

        Yields
        ------
        dict
            See ``dlaaw_nb.engine.execute``.

        Raises
        ------
        Exception
            What ended the work, after the events that came before.
        KeyboardInterrupt
            When `stop` is set.
        """
        while (event := self._next(stop)) is not _END:
            yield event
        self._queue.put(_END)  # a second reader ends too
        if self._error is not None:
            raise self._error

    def _next(self, stop: threading.Event | None) -> Any:
        while True:
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt
            with suppress(queue.Empty):
                return self._queue.get(timeout=_POLL_S)

    def cancel(self) -> None:
        """Ask for the end; the events of what was done so far still come."""
        self._cancelled = True
        self._cancel()

    def drain(self, timeout_s: float) -> list[dict[str, Any]]:
        """Collect what still comes after a cancel.

        Parameters
        ----------
        timeout_s : float
            At most so long; a compiler under way is not waited for.

        Returns
        -------
        list of dict
            The events.
        """
        self.wait(timeout_s)
        found: list[dict[str, Any]] = []
        while not self._queue.empty() and (event := self._queue.get()) is not _END:
            found.append(event)
        return found

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end.

        Parameters
        ----------
        timeout_s : float or None
            At most so long; None waits as long as it takes.

        Returns
        -------
        bool
            Whether it has ended.
        """
        self._thread.join(timeout_s)
        return not self._thread.is_alive()
