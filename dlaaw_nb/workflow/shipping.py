"""What travels to workers in other processes, and what comes back from them."""

from __future__ import annotations

import pickle
import uuid
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError, TaskError
from dlaaw_nb.workflow.calls import VIA
from dlaaw_nb.workflow.library import ready_task
from dlaaw_nb.workflow.pickling import pickled
from dlaaw_nb.workflow.values import INLINE_BYTES, Ref
from dlaaw_nb.workflow.worker import reaches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.executors import Crew
    from dlaaw_nb.workflow.jobs import Job, Outcome
    from dlaaw_nb.workflow.task import Task

__all__ = ["Shipping"]

_ASK_S = 0.2  # between two looks whether the run was cancelled


class Shipping:
    """Packs tasks and jobs, with their values where workers do not see the store.

    Parameters
    ----------
    crew : Crew
        Where they go.
    store : Store
        Where values are.
    scratch : Path
        Folder of the run.

    Attributes
    ----------
    token : str
        By which a worker finds out whether it sees the store; see `reaches`.
    """

    def __init__(self, crew: Crew, store: Store, scratch: Path) -> None:
        self._crew, self._store, self._scratch = crew, store, scratch
        self._packed: dict[str, bytes] = {}
        self.token = ""
        self._shared = True

    def open(self, stopped: Callable[[], bool]) -> None:
        """Find out whether workers see the store; waits for one where they are not ours.

        Parameters
        ----------
        stopped : callable
            Whether the run was cancelled, so that it need not wait any more.
        """
        if self._store.objects.url.startswith("memory:"):
            self.token, self._shared = "#none", False
        elif not self._crew.foreign:
            self.token = "#here"  # noqa: S105
        else:
            place = self._scratch / "token"
            self.token = f"{place}#{uuid.uuid4().hex}"
            self._write_token()
            asked = self._crew.executor.submit(reaches, self.token)
            while not wait((asked,), timeout=_ASK_S).done:
                if stopped():
                    return
            self._shared = bool(asked.result())

    def jobs(self, jobs: list[Job]) -> list[Job]:
        """Give jobs as they travel: with their values, if workers do not see the store.

        Raises
        ------
        StoreError
            When a value is gone.
        TaskError
            When a value that is not kept cannot be pickled.
        """
        self._write_token()
        for job in jobs:
            for feed in job.feeds.values():
                for ref in feed.refs:
                    if isinstance(ref, Ref) and not ref.hash and ref.pickled is None:
                        self._pickle(ref)
        return jobs if self._shared else [self._whole(job) for job in jobs]

    def tasks(self, jobs: list[Job], tasks: Mapping[str, Task]) -> dict[str, bytes]:
        """Pack tasks by their code, and the converters of what was given by their kind.

        Raises
        ------
        TaskError
            When one cannot be pickled.
        """
        needed = dict(tasks)
        for kind in {kind for job in jobs for feed in job.feeds.values() for kind in feed.via}:
            if kind and not kind.startswith("!"):
                needed[f"{VIA}{kind}"] = ready_task(kind)
        return {code: self._task(code, task) for code, task in needed.items()}

    def _task(self, code: str, task: Task) -> bytes:
        found = self._packed.get(code)
        if found is None:
            try:
                found = pickled(task.placed(""))
            except Exception as error:
                raise TaskError(
                    f"{task.kind} cannot travel to another process ({error}). Give it what it "
                    "needs as an input, or run with executor='threads'.",
                    task.kind,
                ) from error
            self._packed[code] = found
        return found

    def _pickle(self, ref: Ref) -> None:
        """Pickle a value that is not kept, once for all that take it."""
        try:
            ref.pickled = pickled(ref.value)
        except Exception as error:
            raise TaskError(
                f"a {type(ref.value).__name__} cannot travel to another process ({error}). Give "
                "its type a codec, or run with executor='threads'."
            ) from error

    def _write_token(self) -> None:
        """Write the file that tells workers elsewhere that they see this folder; it may vanish."""
        place, _, text = self.token.rpartition("#")
        if place and not Path(place).exists():
            with suppress(OSError):
                self._scratch.mkdir(parents=True, exist_ok=True)
                Path(place).write_text(text, encoding="utf-8")

    def _whole(self, job: Job) -> Job:
        """Let values travel with the job, for a worker that does not see the store."""
        feeds = {
            name: replace(feed, refs=[self._with_bytes(ref) for ref in feed.refs])
            for name, feed in job.feeds.items()
        }
        return replace(job, feeds=feeds)

    def _with_bytes(self, ref: Any) -> Any:
        if not isinstance(ref, Ref) or ref.inline is not None or not ref.hash:
            return ref
        if ref.location and not self._crew.foreign:
            return ref  # a file of this machine
        return replace(ref, inline=self._store.objects.get(ref.hash).bytes())

    def unpack(self, outcome: Outcome) -> None:
        """Unpack an outcome: what came with its bytes goes into the store."""
        self._shared = self._shared and not outcome.afar
        error = outcome.exception
        if isinstance(error, bytes):
            outcome.exception = None
            with suppress(Exception):  # its class may be known there only
                outcome.exception = pickle.loads(error)  # noqa: S301 - from a worker of this run
        for ref in (outcome.outputs or {}).values():
            if ref.inline is not None and ref.size > INLINE_BYTES:
                try:
                    self._store.objects.put([ref.inline])
                except StoreError as trouble:
                    outcome.outputs, outcome.error = None, f"StoreError: {trouble}"
                    return
                ref.inline = None
