"""What goes to a worker and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.port_type import PortType
    from dlaaw_nb.workflow.task import Task
    from dlaaw_nb.workflow.values import Ref

__all__ = ["Batch", "Feed", "Job", "Outcome", "Pending", "refused"]

_LARGEST_LOG = 1 << 20  # characters, of all tries together


class Pending(NamedTuple):
    """What a job before this one in the same batch will give."""

    job: int
    port: str


@dataclass(slots=True)
class Feed:
    """What an input of a task gets.

    Attributes
    ----------
    refs : list of Ref or Pending
        One value, or those of an input that takes many.
    via : tuple of str
        For each value the kind of task that converts it first; empty for none, and after a ``!``
        why it cannot be taken.
    many : bool
        Whether the task gets them one by one, as ``*values``.
    """

    refs: list[Any]
    via: tuple[str, ...]
    many: bool = False

    def take(self, number: int, ref: Ref, name: str, task: Task) -> None:
        """Put what a task gave in the place of a `Pending`; see `refused`."""
        self.refs[number] = ref
        why = refused(ref, name, task.input(name).type)
        if why:
            self.via = (*self.via[:number], why, *self.via[number + 1 :])


def refused(ref: Ref, name: str, wanted: PortType) -> str:
    """Say in the place of a converter why an input does not take what an output of any type gave.

    Parameters
    ----------
    ref : Ref
        What came.
    name : str
        Of the input.
    wanted : PortType
        What it takes.

    Returns
    -------
    str
        Begins with ``!``; empty where it fits.
    """
    reason = None if ref.type is wanted else wanted.refusal(ref.type)
    return "" if reason is None else f"!input {name}: {reason}"


@dataclass(slots=True)
class Job:
    """One try of one task.

    Attributes
    ----------
    id : int
        Unique in the run.
    task : str
        Its name in the workflow.
    code : str
        Which of the batch's tasks it is.
    feeds : dict of str to Feed
        By input.
    attempt : int
        From 1.
    seed : int
        What random numbers begin with.
    listened, wanted : frozenset of str
        Outputs that somebody wants live, and those that somebody wants at all.
    follows : tuple of str, or None
        Of a job that takes what a job before it in the batch gives, what its key is made of besides
        its feeds.
    """

    id: int
    task: str
    code: str
    feeds: dict[str, Feed]
    attempt: int
    seed: int
    listened: frozenset[str] = frozenset()
    wanted: frozenset[str] | None = None
    follows: tuple[str, ...] | None = None


@dataclass(slots=True)
class Batch:
    """Jobs that a worker does one after the other.

    Attributes
    ----------
    run : str
        The run's id.
    jobs : list of Job
        In their order.
    tasks : dict of str to Task or bytes
        The tasks by the jobs' `code`; packed where they go to another process.
    store : str
        URL of the store's objects.
    token : str
        A file in the scratch folder that says that this is the same file system.
    scratch : str
        Folder of the run.
    target : str
        The run's target.
    threads : int
        How many threads a task may use.
    timed : bool
        Whether it is to be told when a job begins, for its time limit.
    stop : object or None
        Its ``is_set()`` tells when the run is cancelled; None between processes, where a file does.
    send : callable or None
        Takes events; None between processes, where they go to a file.
    keeps : bool
        Whether what comes out is kept; if not, outcomes hold the values as they are.
    """

    run: str
    jobs: list[Job]
    tasks: dict[str, Any]
    store: str
    token: str
    scratch: str
    target: str
    threads: int
    timed: bool = False
    stop: Any = None
    send: Any = None
    keeps: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of a job.

    Attributes
    ----------
    id : int
        Of the job.
    outputs : dict of str to Ref, or None
        By output; None when it failed.
    error, trace : str
        What it raised, and where.
    exception : BaseException, bytes or None
        The same as an object, pickled on its way between processes, where it can travel.
    started, seconds : float
        Since the epoch; how long it took.
    log : str
        What it printed and logged.
    facts : dict
        What it noted of how it ran.
    costs : list of [int, float]
        Epoch and cost.
    worker : str
        ``host:pid`` of where it ran.
    notes : list of str
        Why outputs were not kept.
    cancelled : bool
        Whether it was not run, for the run was cancelled.
    skipped : bool
        Whether it was not run, for the job that it follows failed.
    key : str
        Of the result, where the worker made it.
    afar : bool
        Whether the worker could not see the store.
    """

    id: int
    outputs: dict[str, Ref] | None = None
    error: str = ""
    trace: str = ""
    exception: BaseException | bytes | None = None
    started: float = 0.0
    seconds: float = 0.0
    log: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    costs: list[list[float]] = field(default_factory=list)
    worker: str = ""
    notes: list[str] = field(default_factory=list)
    cancelled: bool = False
    skipped: bool = False
    key: str = ""
    afar: bool = False

    @property
    def raised(self) -> BaseException | None:
        """What it raised, as an object; None where that has not travelled."""
        return self.exception if isinstance(self.exception, BaseException) else None

    def apply(self, node: Node) -> None:
        """Let a task's node know how the try went; logs and notes of earlier ones stay."""
        node.seconds, node.worker = self.seconds, self.worker or node.worker
        node.started = self.started or node.started
        node.facts, node.costs = self.facts, self.costs
        node.notes = [*node.notes, *self.notes]
        if node.log and self.log:
            node.log = f"{node.log.rstrip()}\n--- another try ---\n{self.log}"[-_LARGEST_LOG:]
        else:
            node.log = node.log or self.log
