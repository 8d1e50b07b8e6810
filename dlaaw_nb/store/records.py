"""What is written down of runs and their tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["RunRecord", "TaskRecord"]


@dataclass(slots=True)
class RunRecord:
    """One run of a workflow.

    Attributes
    ----------
    id : str
        Unique among all runs, also of other machines.
    workflow : str
        Name of the workflow.
    document : str
        The workflow as JSON text.
    state : str
        ``"running"``, ``"finished"``, ``"failed"`` or ``"cancelled"``.
    started, finished : float or None
        Seconds since the epoch; None while it runs.
    executor, planner : str
        What ran the tasks, and what chose their order.
    target : str
        Where networks were trained; empty for no choice.
    seed : int
        What its random numbers come from.
    host, pid, boot_id : str, int, str
        The process that ran it: machine, process number, and the machine's start.
    python : str
        Version of Python.
    packages : dict of str to str
        Versions of the packages that matter.
    inputs, outputs : dict of str to str
        Hashes of what came in and of what came out, by name.
    arguments : dict
        How the inputs were given: paths, URLs, constants; plain values.
    """

    id: str
    workflow: str = ""
    document: str = field(default="", repr=False)
    state: str = "running"
    started: float = 0.0
    finished: float | None = None
    executor: str = ""
    planner: str = ""
    target: str = ""
    seed: int = 0
    host: str = ""
    pid: int = 0
    boot_id: str = ""
    python: str = ""
    packages: dict[str, str] = field(default_factory=dict, repr=False)
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class TaskRecord:
    """One task of a run.

    Attributes
    ----------
    run : str
        Id of the run.
    name : str
        Unique within the run.
    kind : str
        Class of the task.
    state : str
        Such as ``"finished"``, ``"cached"`` or ``"failed"``.
    key : str
        The same key means the same result; empty for a result that is not used again.
    code_hash, kernel_hash : str
        Of its code, and of the compiled kernels it used; empty where there is none.
    parameters : dict
        Plain values.
    seed : int
        What its random numbers come from.
    target : str
        Where networks were trained.
    device : dict
        What it ran on; plain values.
    attempts : int
        How often it was tried.
    started, finished : float or None
        Seconds since the epoch; None for one that did not run.
    seconds : float or None
        How long it took.
    worker : str
        ``host:pid`` of the process.
    error : str
        Why it failed; empty where it did not.
    log : str
        What it printed.
    why : str
        Why it ran, or why not.
    costs : list of [epoch, cost]
        Of a training.
    inputs, outputs : list of (port, position, hash)
        What it read and made; several values of one port by their position, from 0.
    """

    run: str
    name: str
    kind: str = ""
    state: str = "finished"
    key: str = ""
    code_hash: str = ""
    kernel_hash: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    target: str = ""
    device: dict[str, Any] = field(default_factory=dict)
    attempts: int = 1
    started: float | None = None
    finished: float | None = None
    seconds: float | None = None
    worker: str = ""
    error: str = ""
    log: str = field(default="", repr=False)
    why: str = ""
    costs: list[list[float]] = field(default_factory=list)
    inputs: list[tuple[str, int, str]] = field(default_factory=list)
    outputs: list[tuple[str, int, str]] = field(default_factory=list)
