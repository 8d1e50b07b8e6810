"""What takes long to start waits a while for the next user."""

from __future__ import annotations

import atexit
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Idle"]


class _Closable(Protocol):
    @property
    def alive(self) -> bool: ...

    def close(self) -> None: ...


Thing = TypeVar("Thing", bound=_Closable)


class Idle(Generic[Thing]):
    """Workers and connections that nobody uses: one of each kind, for a while.

    Parameters
    ----------
    keep_s : float
        So long.
    """

    def __init__(self, keep_s: float) -> None:
        self.keep_s = keep_s
        self.waiting: dict[Hashable, Thing] = {}
        self._timers: dict[Hashable, threading.Timer] = {}
        self._coming: dict[Hashable, Future[None]] = {}
        self._lock = threading.Lock()
        atexit.register(self.clear)

    def prepare(self, kind: Hashable, make: Callable[[], Thing]) -> None:
        """Have one made beside what the caller does, where none waits or is on its way.

        Parameters
        ----------
        kind : hashable
            What it is.
        make : callable
            Makes it; what it raises is for who takes it meanwhile, if anybody does.
        """
        with self._lock:
            if kind in self.waiting or kind in self._coming:
                return
            coming = self._coming[kind] = Future()
        threading.Thread(target=self._make, args=(kind, make, coming), daemon=True).start()

    def _make(self, kind: Hashable, make: Callable[[], Thing], coming: Future[None]) -> None:
        try:
            self.give(kind, make())
            coming.set_result(None)
        except Exception as error:  # noqa: BLE001 (raised where it is waited for)
            coming.set_exception(error)
        with self._lock:
            del self._coming[kind]

    def take(self, kind: Hashable) -> Thing | None:
        """Give what waits and is alive, or is on its way; None where nothing is.

        Raises
        ------
        Exception
            Of what made it meanwhile.
        """
        coming = self._coming.get(kind)
        if coming is not None:
            coming.result()
        with self._lock:
            found = self.waiting.pop(kind, None)
            timer = self._timers.pop(kind, None)
        if timer is not None:
            timer.cancel()
        if found is not None and not found.alive:
            found.close()
            return None
        return found

    def give(self, kind: Hashable, thing: Thing) -> None:
        """Take what is not needed any more; it is closed where one waits already."""
        with self._lock:
            keep = thing.alive and kind not in self.waiting
            if keep:
                self.waiting[kind] = thing
                timer = threading.Timer(self.keep_s, self._retire, (kind, thing))
                timer.daemon = True
                self._timers[kind] = timer
                timer.start()
        if not keep:
            thing.close()

    def _retire(self, kind: Hashable, thing: Thing) -> None:
        with self._lock:
            if self.waiting.get(kind) is not thing:
                return
            del self.waiting[kind], self._timers[kind]
        thing.close()

    def clear(self) -> None:
        """Close all that waits."""
        with self._lock:
            things, timers = list(self.waiting.values()), list(self._timers.values())
            self.waiting.clear()
            self._timers.clear()
        for timer in timers:
            timer.cancel()
        for thing in things:
            thing.close()
