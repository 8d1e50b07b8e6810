"""Where tasks run: executors of ``concurrent.futures``, by name or as they are."""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EXECUTORS", "Crew", "SerialExecutor", "cores", "find_crew"]

EXECUTORS = {
    "processes": "a warm pool of processes, one a core; each can be killed alone",
    "threads": "threads of this process; values pass without a copy",
    "serial": "one after the other in this thread, for debuggers",
    "mpi": "the processes of mpiexec, started with -m mpi4py.futures",
}
"""Executors by name; an executor object, or a Dask client, serves too."""


@dataclass(slots=True)
class Crew:
    """An executor and what must be known to use it.

    Attributes
    ----------
    name : str
        For the record.
    executor : Executor
        What takes calls.
    workers : int
        How many calls it does at once.
    elsewhere : bool
        Whether calls run in other processes.
    foreign : bool
        Whether these may be on other machines, and are not ours to kill.
    owned : bool
        Whether it is shut down after the run.
    """

    name: str
    executor: Executor
    workers: int
    elsewhere: bool
    foreign: bool = False
    owned: bool = False

    def kill(self, future: Future[Any]) -> bool:
        """End the process that does a call, where that can be done; else only what has not begun.

        Returns
        -------
        bool
            Whether the call ends now.
        """
        end = getattr(self.executor, "kill", None)
        return bool(end(future)) if end is not None else future.cancel()

    def close(self) -> None:
        """Shut the executor down, if it was made for the run."""
        if self.owned:
            self.executor.shutdown(wait=False, cancel_futures=True)


class SerialExecutor(Executor):
    """Does each call at once, in the thread that asks."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do a call.

        Returns
        -------
        Future
            With the result already.
        """
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - belongs to whoever asks for the result
            future.set_exception(error)
        return future


def find_crew(executor: Any = None, workers: int | None = None) -> Crew:
    """Find where tasks run.

    Parameters
    ----------
    executor : str, Executor, Dask client or None
        A name of `EXECUTORS`; None for ``"processes"``.
    workers : int or None
        How many tasks at once; None for one a core, or as many as an executor has.

    Returns
    -------
    Crew
        Ready to take calls.

    Raises
    ------
    GraphError
        When there is no such executor, or the count is no count.
    """
    if workers is not None and (type(workers) is not int or workers < 1):
        raise GraphError(f"workers: expected a whole number from 1, got {workers!r}.")
    if executor is None or isinstance(executor, str):
        return _by_name(executor or "processes", workers)
    return _as_it_is(executor, workers)


def _as_it_is(executor: Any, workers: int | None) -> Crew:
    from dlaaw_nb.workflow.processes import ProcessPool
    from dlaaw_nb.workflow.threads import ThreadPool

    if hasattr(executor, "get_executor"):  # a Dask client
        threads = sum(int(count) for count in executor.nthreads().values())
        made = executor.get_executor()
        return Crew("dask", made, workers or max(1, threads), elsewhere=True, foreign=True)
    if not hasattr(executor, "submit"):
        raise GraphError(
            f"executor: expected one of {', '.join(EXECUTORS)}, an Executor of "
            f"concurrent.futures or a Dask client, got {executor!r:.80}."
        )
    if isinstance(executor, ThreadPoolExecutor | SerialExecutor | ThreadPool):
        count = workers or _count(executor, "workers", "_max_workers") or 1
        return Crew(type(executor).__name__, executor, count, elsewhere=False)
    own = isinstance(executor, ProcessPool)
    count = workers or _count(executor, "workers" if own else "num_workers", "_max_workers")
    name = type(executor).__name__
    return Crew(name, executor, count or cores(), elsewhere=True, foreign=not own)


def _count(executor: Any, *names: str) -> int:
    """How many calls an executor does at once, as one of its attributes says; else 0."""
    found = (getattr(executor, name, None) for name in names)
    return next((count for count in found if type(count) is int and count > 0), 0)


def _by_name(name: str, given: int | None) -> Crew:
    workers = given or cores()
    if name == "processes":
        from dlaaw_nb.workflow.processes import warm_pool

        return Crew(name, warm_pool(workers), workers, elsewhere=True)
    if name == "threads":
        from dlaaw_nb.workflow.threads import ThreadPool

        return Crew(name, ThreadPool(workers), workers, elsewhere=False, owned=True)
    if name == "serial":
        return Crew(name, SerialExecutor(), 1, elsewhere=False)
    if name == "mpi":
        return _mpi(given)
    raise GraphError(f"executor: expected one of {', '.join(EXECUTORS)}, got {name!r}.")


def _mpi(workers: int | None) -> Crew:
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPIPoolExecutor
    except (ImportError, RuntimeError) as error:  # RuntimeError: no MPI library
        raise GraphError(
            f"executor: mpi needs mpi4py and an MPI library ({error}). Run: pip install "
            "'dlaaw-nb[mpi]'"
        ) from error
    if MPI.COMM_WORLD.Get_size() < 2:
        raise GraphError(
            "executor: mpi needs more than one process. Start the program with: mpiexec -n 4 "
            "python -m mpi4py.futures program.py"
        )
    pool = MPIPoolExecutor()
    return Crew("mpi", pool, workers or pool.num_workers, elsewhere=True, foreign=True)


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
