"""Runs jobs: the same in a thread, in a process of the pool, and on another machine."""

from __future__ import annotations

import os
import pickle
import socket
import threading
import time
import traceback
from collections import OrderedDict
from contextlib import nullcontext, suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import TaskError
from dlaaw_nb.workflow.calls import VIA, called, converters, kept, loaded
from dlaaw_nb.workflow.context import TaskContext, use_context
from dlaaw_nb.workflow.jobs import Outcome, Pending
from dlaaw_nb.workflow.keys import result_key, seed_of
from dlaaw_nb.workflow.pickling import pickled
from dlaaw_nb.workflow.streams import captured
from dlaaw_nb.workflow.values import Ref, remember

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.store.objects import Objects
    from dlaaw_nb.workflow.jobs import Batch, Job
    from dlaaw_nb.workflow.task import Task

__all__ = ["perform", "perform_elsewhere", "reaches"]

_MOST_TASKS = 256  # that a worker remembers

output: Any = None  # of a worker process, what takes what is written to its descriptors
_tasks: OrderedDict[bytes, Task] = OrderedDict()


def perform(batch: Batch) -> list[Outcome]:
    """Do the jobs of a batch in this process, where the values of others are at hand.

    Parameters
    ----------
    batch : Batch
        Its tasks as objects.

    Returns
    -------
    list of Outcome
        One for each job, in their order.
    """
    objects = _objects(batch.store)
    done: dict[int, Outcome] = {}
    for job in batch.jobs:
        done[job.id] = _next(batch, job, batch.tasks[job.code], objects, done)
    return list(done.values())


def perform_elsewhere(batch: Batch) -> list[Outcome]:
    """Do the jobs of a batch that came from another process; values stay here or in the store.

    Parameters
    ----------
    batch : Batch
        Its tasks packed.

    Returns
    -------
    list of Outcome
        Without values: what is not kept travels pickled.
    """
    os.environ["DLAAW_THREADS"] = str(batch.threads)
    objects = _objects(batch.store) if reaches(batch.token) else None
    for name in batch.tasks:
        if name.startswith(VIA):
            converters[name.removeprefix(VIA)] = _unpacked(batch.tasks[name])
    done: dict[int, Outcome] = {}
    with nullcontext() if output is not None else captured():
        for job in batch.jobs:
            try:
                task = _unpacked(batch.tasks[job.code])
            except Exception as error:  # noqa: BLE001 - whatever a person's module raises
                done[job.id] = _failed(job, error)
            else:
                done[job.id] = _next(batch, job, task, objects, done)
            done[job.id].afar = objects is None
            _pack(done[job.id])
    return list(done.values())


@cache
def reaches(token: str) -> bool:
    """Whether this process sees the files of the one that sent the batch."""
    place, _, text = token.rpartition("#")
    if not place:
        return text == "here"
    try:
        return Path(place).read_text(encoding="utf-8") == text
    except OSError:
        return False


def _next(
    batch: Batch, job: Job, task: Task, objects: Objects | None, done: dict[int, Outcome]
) -> Outcome:
    """Do a job, which may take what the jobs before it in the batch gave."""
    if job.follows is None:
        return _perform(batch, job, task, objects)
    for name, feed in job.feeds.items():
        for number, ref in enumerate(feed.refs):
            if isinstance(ref, Pending):
                outputs = done[ref.job].outputs
                if outputs is None:
                    return Outcome(job.id, error="not run", skipped=True)
                feed.take(number, outputs[ref.port], name, task)
    key = result_key(job.follows, job.feeds)
    job.seed = seed_of(key, int(job.follows[1]), job.task)
    outcome = _perform(batch, job, task, objects)
    outcome.key = key
    return outcome


def _perform(batch: Batch, job: Job, task: Task, objects: Objects | None) -> Outcome:
    made = _context(batch, job)
    if made.cancelled:
        return Outcome(job.id, error="cancelled", started=time.time(), cancelled=True)
    if batch.timed:
        made.tell({"event": "begun"})
    if output is not None:
        output.begin(made)
    if batch.send is None:
        _seed(job.seed)
    started, clock = time.time(), time.perf_counter()
    try:
        with use_context(made):
            outcome = _tried(batch, job, task, objects, made)
        outcome.cancelled = outcome.cancelled or (outcome.outputs is None and made.cancelled)
    finally:  # also of a thread that was given up
        if output is not None:
            output.end()
        made.close()
    outcome.started, outcome.worker = started, f"{_host()}:{os.getpid()}"
    outcome.seconds = time.perf_counter() - clock
    outcome.log, outcome.facts, outcome.costs = made.log_text, made.facts, made.costs
    return outcome


def _tried(
    batch: Batch, job: Job, task: Task, objects: Objects | None, made: TaskContext
) -> Outcome:
    try:
        given = {name: loaded(feed, objects) for name, feed in job.feeds.items()}
        result = called(task, given)
        outputs, notes = kept(task, result, made, objects, keeps=batch.keeps)
    except Exception as error:  # noqa: BLE001 - the task's own, told with its name
        return _failed(job, error)
    except SystemExit as error:
        told = TaskError(f"it called sys.exit({error.code!r}). Raise an error instead.")
        return _failed(job, told)
    except KeyboardInterrupt as error:
        if batch.stop is not None and threading.current_thread() is threading.main_thread():
            return Outcome(job.id, error="interrupted", cancelled=True)
        return _failed(job, error)
    return Outcome(job.id, outputs, notes=notes)


def _context(batch: Batch, job: Job) -> TaskContext:
    folder = f"{batch.scratch}{os.sep}{job.id}-{job.attempt}-{os.getpid()}"
    stopped = batch.stop.is_set if batch.stop is not None else _Flag(batch.scratch)
    send = batch.send or _Sender(batch.scratch)
    made = TaskContext(
        job.task, job.attempt, folder, job.seed, batch.target, job.listened, job.wanted,
        partial(_send, send, job.id), stopped,
    )  # fmt: skip
    if output is not None or batch.timed:  # it may be killed
        made.spill = f"{batch.scratch}{os.sep}logs{os.sep}{job.id}"
    return made


def _send(send: Callable[[dict[str, Any]], None], job: int, event: dict[str, Any]) -> None:
    send({**event, "id": job})


def _failed(job: Job, error: BaseException) -> Outcome:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    own = [line for line in lines if not any(place in line for place in _OURS)]
    text = str(error) or "no message"
    # A TaskError tells all in its text; of others the class is half of the message.
    name = "" if isinstance(error, TaskError) else f"{type(error).__name__}: "
    return Outcome(job.id, error=f"{name}{text}", trace="".join(own), exception=error)


_OURS = tuple(f'{os.sep}workflow{os.sep}{name}.py"' for name in ("worker", "calls"))


def _unpacked(data: bytes) -> Task:
    """Load a task, or find it: what a module of the person's does then is done once."""
    found = _tasks.get(data)
    if found is None:
        found = _tasks[data] = pickle.loads(data)  # noqa: S301 - from whoever started the run
        if len(_tasks) > _MOST_TASKS:
            _tasks.popitem(last=False)
    return found


def _pack(outcome: Outcome) -> None:
    """Get an outcome ready to travel: everything in it is plain, or pickled here."""
    if outcome.exception is not None:
        error, outcome.exception = outcome.exception, None
        with suppress(Exception):
            error.__traceback__ = None  # type: ignore[union-attr]
            data = pickled(error)
            pickle.loads(data)  # noqa: S301 - what was pickled here
            outcome.exception = data
    if outcome.facts and not _carries(outcome.facts):
        outcome.facts = {name: repr(value) for name, value in outcome.facts.items()}
    for name, ref in (outcome.outputs or {}).items():
        if ref.hash:
            remember(ref)
        elif not _pack_value(ref):
            outcome.outputs = None
            outcome.error = (
                f"output {name}: a {type(ref.value).__name__} cannot travel between processes. "
                "Give its type a codec, or run with executor='threads'."
            )
            return


def _pack_value(ref: Ref) -> bool:
    ref.pickled = _carries(ref.value)
    return ref.pickled is not None


def _carries(value: Any) -> bytes | None:
    try:
        return pickled(value)
    except Exception:  # noqa: BLE001 - whatever an object raises when it is pickled
        return None


@cache
def _objects(url: str) -> Objects | None:
    if not url:
        return None
    from dlaaw_nb.store.objects import Objects

    return Objects(url)


@cache
def _host() -> str:
    return socket.gethostname()


def _seed(seed: int) -> None:
    """Let random numbers of a task begin at the same place in every run.

    For processes that run one task at a time; in threads all tasks draw from one source.
    """
    import random

    import numpy as np  # a task may import it only later, and then draw

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - what a task draws from without a generator


class _Flag:
    """Whether the file that cancels a run is there; looked for at most ten times a second."""

    def __init__(self, scratch: str) -> None:
        self._path, self._next, self._told = f"{scratch}{os.sep}cancel", 0.0, False

    def __call__(self) -> bool:
        now = time.monotonic()
        if not self._told and now >= self._next:
            self._next = now + 0.1
            self._told = os.path.exists(self._path)  # noqa: PTH110 - asked before each task
        return self._told


class _Sender:
    """Writes events to a file of the try; whoever started the run reads them from there."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch

    def __call__(self, event: dict[str, Any]) -> None:
        from dlaaw_nb.workflow.events import write_event

        with suppress(OSError):  # a full disk must not end a task that only tells how far it is
            write_event(Path(self._scratch, "events"), event)
