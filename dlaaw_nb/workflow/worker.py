"""Runs jobs: loads what comes in, calls the task, checks and keeps what comes out.

The same in a thread, in a process of the pool, and on another machine.
"""

from __future__ import annotations

import os
import socket
import sys
import time
import traceback
from collections import OrderedDict
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError, TaskError
from dlaaw_nb.workflow.context import TaskContext, use_context
from dlaaw_nb.workflow.jobs import Outcome, Pending
from dlaaw_nb.workflow.keys import result_key, seed_of
from dlaaw_nb.workflow.values import ABSENT, Ref, keep, load, remember

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.store.objects import Objects
    from dlaaw_nb.workflow.jobs import Batch, Feed, Job
    from dlaaw_nb.workflow.port import Port
    from dlaaw_nb.workflow.task import Task

__all__ = ["perform", "perform_elsewhere"]

_MOST_TASKS = 256  # that a worker remembers

output: Any = None  # of a worker process, what takes what is written to its descriptors
_tasks: OrderedDict[str, Task] = OrderedDict()


def perform(batch: Batch) -> list[Outcome]:
    """Do the jobs of a batch in this process, where the values of others are at hand.

    Parameters
    ----------
    batch : Batch
        Its tasks as objects.

    Returns
    -------
    list of Outcome
        One for each job, in their order; nothing is raised but KeyboardInterrupt.
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
    done: dict[int, Outcome] = {}
    for job in batch.jobs:
        try:
            task = _unpacked(job.code, batch.tasks)
        except Exception as error:  # noqa: BLE001 - whatever a person's module raises
            done[job.id] = _failed(job, error, time.time())
            continue
        done[job.id] = outcome = _next(batch, job, task, objects, done)
        for name, ref in (outcome.outputs or {}).items():
            if ref.hash:
                remember(ref)
            elif not _pack(ref):
                outcome.outputs = None
                outcome.error = (
                    f"output {name}: a {type(ref.value).__name__} cannot travel between processes. "
                    "Give its type a codec, or run with executor='threads'."
                )
    return list(done.values())


def _next(
    batch: Batch, job: Job, task: Task, objects: Objects | None, done: Mapping[int, Outcome]
) -> Outcome:
    """Do a job, which may take what the jobs before it in the batch gave."""
    key = ""
    if job.follows is not None:
        for feed in job.feeds.values():
            for number, ref in enumerate(feed.refs):
                if isinstance(ref, Pending):
                    outputs = done[ref.job].outputs
                    if outputs is None:
                        return Outcome(job.id, error="not run", skipped=True)
                    feed.refs[number] = outputs[ref.port]
        key = result_key(job.follows, job.feeds)
        job.seed = seed_of(key, int(job.follows[1]), job.task)
    outcome = _perform(batch, job, task, objects)
    outcome.key = key
    return outcome


def _perform(batch: Batch, job: Job, task: Task, objects: Objects | None) -> Outcome:
    made = _context(batch, job)
    started, clock = time.time(), time.perf_counter()
    if made.cancelled:
        return Outcome(job.id, error="cancelled", started=started, cancelled=True)
    if batch.timed:
        made.tell({"event": "begun"})
    if output is not None:
        output.begin(made)
        _seed(job.seed)
    outcome = Outcome(job.id, started=started, worker=_worker())
    with use_context(made):
        try:
            given = {name: _loaded(feed, objects) for name, feed in job.feeds.items()}
            result = _called(task, given)
            outcome.outputs = _kept(task, result, made, objects, outcome.notes)
        except Exception as error:  # noqa: BLE001 - the task's own, told with its name
            outcome = _failed(job, error, started)
        except SystemExit as error:
            told = TaskError(f"it called sys.exit({error.code!r}). Raise an error instead.")
            outcome = _failed(job, told, started)
        finally:
            if output is not None:
                output.end()
    outcome.seconds = time.perf_counter() - clock
    outcome.cancelled = outcome.outputs is None and made.cancelled
    made.close()
    outcome.log, outcome.facts, outcome.costs = made.log_text, made.facts, made.costs
    return outcome


def _context(batch: Batch, job: Job) -> TaskContext:
    folder = f"{batch.scratch}{os.sep}{job.id}-{job.attempt}-{os.getpid()}"
    stopped = batch.stop.is_set if batch.stop is not None else _Flag(batch.scratch)
    send = batch.send or _Sender(batch.scratch)
    return TaskContext(
        job.task, job.attempt, folder, job.seed, batch.target, job.listened, job.wanted,
        partial(_send, send, job.id), stopped,
    )  # fmt: skip


def _send(send: Callable[[dict[str, Any]], None], job: int, event: dict[str, Any]) -> None:
    send({**event, "id": job})


def _called(task: Task, given: Mapping[str, Any]) -> Any:
    run: Any = getattr(task, "run", None)
    if run is None:
        raise TaskError(f"{task.kind} has no method run. Write what it does there.")
    many = next((port.name for port in task.inputs if port.many), None)
    if many is None:
        return run(**given)
    # Python takes *values only behind all that stands before them.
    before = [port.name for port in task.inputs]
    first = before[: before.index(many)]
    values = given.get(many, [])
    if not values:
        return run(**{name: value for name, value in given.items() if name != many})
    missing = [name for name in first if name not in given]
    if missing:
        raise TaskError(f"{missing[0]}: must be given where {many} is.")
    later = {k: v for k, v in given.items() if k not in first and k != many}
    return run(*(given[name] for name in first), *values, **later)


def _loaded(feed: Feed, objects: Objects | None) -> Any:
    values = [
        _converted(ref, kind, objects) if kind else load(ref, objects)
        for ref, kind in zip(feed.refs, feed.via, strict=True)
    ]
    return values if feed.many else values[0]


def _converted(ref: Ref, kind: str, objects: Objects | None) -> Any:
    """Load what a person gave and turn it into what the input takes; remembered by content."""
    from dlaaw_nb.workflow.library import ready_task

    task = ready_task(kind)
    made = Ref(task.outputs[0].type, f"{ref.hash}>{kind}" if ref.hash else "", ref.size)
    found = _conversions.get(made.hash)
    if found is None:
        result = _called(task, {task.inputs[0].name: load(ref, objects)})
        found = _single(task, result)
        if made.hash:
            _conversions[made.hash] = found
            while len(_conversions) > 16:
                _conversions.popitem(last=False)
    keeper = made.type.keeper
    return found if keeper is None else keeper.settle(found)


_conversions: OrderedDict[str, Any] = OrderedDict()


def _single(task: Task, result: Any) -> Any:
    return _by_port(task, result)[task.outputs[0].name]


def _kept(
    task: Task, result: Any, made: TaskContext, objects: Objects | None, notes: list[str]
) -> dict[str, Ref]:
    refs = {}
    values = _by_port(task, result)
    for port in task.outputs:
        value = values.get(port.name, ABSENT)
        if value is ABSENT:
            if made.wanted is None or port.name in made.wanted:
                raise TaskError(f"output {port.name}: expected a value, got none from run().")
            continue
        try:
            refs[port.name], note = keep(value, port.type, objects, made)
        except CodecError as error:
            raise TaskError(f"output {port.name}: {error}.") from error
        if note:
            notes.append(f"{port.name}: {note}")
    return refs


def _by_port(task: Task, result: Any) -> Mapping[str, Any]:
    ports: tuple[Port, ...] = task.outputs
    if not ports:
        return {}
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        named: Mapping[str, Any] = result._asdict()
        if set(named) == {port.name for port in ports}:
            return named
    if len(ports) == 1:
        return {ports[0].name: result}
    if isinstance(result, tuple | list) and len(result) == len(ports):
        return {port.name: value for port, value in zip(ports, result, strict=True)}
    if isinstance(result, dict):
        return result
    names = ", ".join(port.name for port in ports)
    raise TaskError(
        f"expected {len(ports)} outputs ({names}), got a {type(result).__name__}. Return a "
        "mapping by name, or a tuple in that order."
    )


def _failed(job: Job, error: BaseException, started: float) -> Outcome:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    own = [line for line in lines if f'{os.sep}workflow{os.sep}worker.py"' not in line]
    text = str(error) or "no message"
    # A DlaawError tells all in its text; of others the class is half of the message.
    name = "" if isinstance(error, TaskError) else f"{type(error).__name__}: "
    return Outcome(
        job.id, error=f"{name}{text}", trace="".join(own), exception=_portable(error),
        started=started, worker=_worker(),
    )  # fmt: skip


def _portable(error: BaseException) -> BaseException | None:
    if output is None:
        return error
    import cloudpickle

    with suppress(Exception):
        error.__traceback__ = None
        cloudpickle.loads(cloudpickle.dumps(error))
        return error
    return None


def _unpacked(code: str, packed: Mapping[str, Any]) -> Task:
    found = _tasks.get(code)
    if found is None:
        import cloudpickle

        found = cloudpickle.loads(packed[code])
        _tasks[code] = found
        if len(_tasks) > _MOST_TASKS:
            _tasks.popitem(last=False)
    return found


def _pack(ref: Ref) -> bool:
    import cloudpickle

    try:
        ref.pickled = cloudpickle.dumps(ref.value, protocol=5)
    except Exception:  # noqa: BLE001 - whatever an object raises when it is pickled
        return False
    return True


@cache
def _objects(url: str) -> Objects | None:
    if not url:
        return None
    from dlaaw_nb.store.objects import Objects

    return Objects(url)


@cache
def reaches(token: str) -> bool:
    """Whether this process sees the files of the one that sent the batch."""
    place, _, text = token.rpartition("#")
    try:
        return Path(place).read_text(encoding="utf-8") == text
    except OSError:
        return False


@cache
def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _seed(seed: int) -> None:
    """Let random numbers of a task begin at the same place in every run."""
    import random

    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)


class _Flag:
    """Whether the file that cancels a run is there; looked for at most ten times a second."""

    def __init__(self, scratch: str) -> None:
        self._path, self._next = Path(scratch, "cancel"), 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + 0.1
        return self._path.exists()


class _Sender:
    """Writes events to a file of the try; whoever started the run reads them from there."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch

    def __call__(self, event: dict[str, Any]) -> None:
        from dlaaw_nb.workflow.events import write_event

        write_event(Path(self._scratch, "events"), event)
