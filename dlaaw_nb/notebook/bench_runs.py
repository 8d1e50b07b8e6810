"""Runs that pages watch: states in batches, costs as curves, the end with its outputs, Stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError, RunError
from dlaaw_nb.notebook.bench_costs import CostCurves
from dlaaw_nb.notebook.bench_values import outputs_of
from dlaaw_nb.notebook.monitor import SHARE

if TYPE_CHECKING:
    from dlaaw_nb.workflow.run import Run

__all__ = ["Send", "WatchedRun", "watched", "watched_runs"]

Send = Callable[[dict[str, Any]], object]

_GAP_S: Final = 0.1
_KEPT: Final = 20  # runs that are over and can still be looked at
_runs: dict[str, WatchedRun] = {}


class WatchedRun:
    """A run under way or over, and the pages that watch it.

    States go out at most ten times a second, those that changed together. They are gathered by a
    thread of its own, which rests twenty times as long as it worked.

    Parameters
    ----------
    run : Run
        Begun just now.
    send : callable
        Takes messages for the page that began it.
    """

    def __init__(self, run: Run, send: Send) -> None:
        self.run = run
        self._listeners: list[Send] = [send]
        self._lock = threading.Lock()
        self._sent: dict[str, dict[str, Any]] = {}
        self._curves = CostCurves(run)
        self._ended: dict[str, Any] | None = None
        _remember(self)
        threading.Thread(target=self._watch, name="dlaaw-bench", daemon=True).start()

    def follow(self, send: Send) -> None:
        """Tell one more page how it stands, and how it goes on."""
        with self._lock:
            send({"type": "states", "run": self.run.id, "states": [*self._sent.values()]})
            for curve in self._curves.all():
                send(curve)
            if self._ended is not None:
                send(self._ended)
            elif send not in self._listeners:
                self._listeners.append(send)

    def leave(self, send: Send) -> None:
        """Tell a page nothing more."""
        with self._lock, suppress(ValueError):
            self._listeners.remove(send)

    def states(self) -> list[dict[str, Any]]:
        """List how each task stands.

        Returns
        -------
        list of dict
            ``task``, ``state``; ``seconds``, ``progress`` (from 0 to 1), ``note`` and ``error``
            where there is one.
        """
        tasks = self.run.tasks
        states = []
        for name, (state, seconds, note) in self.run.standing().items():
            one = tasks.get(name)
            told: dict[str, Any] = {"task": name, "state": state, "seconds": _rounded(seconds)}
            progress = one and one.progress
            if state == "running" and progress and progress.get("total"):
                told["progress"] = min(1.0, max(0.0, progress["done"] / progress["total"]))
            if state == "failed" and one is not None:
                told["error"] = one.error
            elif note.strip():
                told["error" if state == "failed" else "note"] = note.strip()
            states.append(told)
        return states

    def _watch(self) -> None:
        gap = _GAP_S
        while not self.run.wait(gap):
            begin = time.thread_time()
            with suppress(Exception):  # a view that fails must not end the watch
                self._tell()
            gap = max(_GAP_S, SHARE * (time.thread_time() - begin))
        with suppress(Exception):
            self._tell()
        ended = self._end()
        with self._lock:
            self._ended = ended
            self._send(ended)
            self._listeners.clear()

    def _tell(self) -> None:
        news = [told for told in self.states() if self._sent.get(told["task"]) != told]
        if news:
            with self._lock:
                self._sent.update({told["task"]: told for told in news})
                self._send({"type": "states", "run": self.run.id, "states": news})
        for curve in self._curves.news():
            with self._lock:
                self._send(curve)

    def _end(self) -> dict[str, Any]:
        run, error = self.run, None
        try:
            run.check()
        except DlaawError as raised:
            error = str(raised)
        except BaseException as raised:  # noqa: BLE001 - whatever broke it is told, not raised here
            error = f"{type(raised).__name__}: {raised}"
        try:
            outputs = outputs_of(run)
        except Exception as raised:  # noqa: BLE001 - the end must be told in any case
            outputs, error = [], error or f"The outputs could not be shown: {raised}"
        return {
            "type": "ended", "run": run.id, "state": run.state, "seconds": _rounded(run.seconds),
            "error": error, "outputs": outputs,
        }  # fmt: skip

    def _send(self, message: dict[str, Any]) -> None:
        for send in list(self._listeners):
            try:
                send(message)
            except Exception:  # noqa: BLE001, PERF203 - the page is gone
                self._listeners.remove(send)


def watched(run_id: Any) -> WatchedRun:
    """Find a run that was begun from a canvas in this process.

    Raises
    ------
    RunError
        When there is none of that id, or it was let go.
    """
    found = _runs.get(run_id) if isinstance(run_id, str) else None
    if found is None:
        raise RunError(f"run {run_id!r:.100}: this kernel has no such run. Run it again.")
    return found


def watched_runs() -> list[WatchedRun]:
    """List the runs that were begun from a canvas, the oldest first."""
    return list(_runs.values())


def _remember(one: WatchedRun) -> None:
    _runs[one.run.id] = one
    over = [name for name, known in _runs.items() if known.run.finished is not None]
    for name in over[:-_KEPT]:
        del _runs[name]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
