"""What travels to workers in other processes, and what comes back from them."""

from __future__ import annotations

import pickle
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import StoreError, TaskError
from dlaaw_nb.workflow.values import INLINE_BYTES, Ref
from dlaaw_nb.workflow.worker import reaches

if TYPE_CHECKING:
    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.executors import Crew
    from dlaaw_nb.workflow.jobs import Job, Outcome
    from dlaaw_nb.workflow.task import Task

__all__ = ["Shipping"]


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

    def open(self) -> None:
        """Find out whether workers see the store; waits for one where they are not ours."""
        if self._store.objects.url.startswith("memory:"):
            self.token, self._shared = "#none", False
        elif not self._crew.foreign:
            self.token = "#here"
        else:
            place = self._scratch / "token"
            self.token = f"{place}#{uuid.uuid4().hex}"
            self._write_token()
            self._shared = bool(self._crew.executor.submit(reaches, self.token).result())

    def jobs(self, jobs: list[Job]) -> list[Job]:
        """Give jobs as they travel: with their values, if workers do not see the store.

        Raises
        ------
        StoreError
            When a value is gone.
        """
        self._write_token()
        return jobs if self._shared else [self._whole(job) for job in jobs]

    def task(self, code: str, task: Task) -> bytes:
        """Pack a task.

        Raises
        ------
        TaskError
            When it cannot be pickled.
        """
        found = self._packed.get(code)
        if found is None:
            import cloudpickle

            try:
                found = cloudpickle.dumps(task.placed(""), protocol=5)
            except Exception as error:
                raise TaskError(
                    f"{task.kind} cannot travel to another process ({error}). Give it what it "
                    "needs as an input, or run with executor='threads'.",
                    task.kind,
                ) from error
            self._packed[code] = found
        return found

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
