"""What every rank but the first does: it carries out what rank 0 sends; see ``ranks``."""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import time
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np

from .execute import predicted
from .faults import DlaawError
from .foreign import register_foreign
from .rank_lines import ALONE_S, ASK_S
from .session import Stop

if TYPE_CHECKING:
    from .trials import Trial

__all__ = ["Watch", "serve"]

Emit = Callable[[Dict[str, Any]], None]

_BEAT_S = 1.0
_SOON_S, _IDLE_ASK_S = 60.0, 0.05
_MOST_WAITING = 256  # events; then the training waits for rank 0


def serve(comm: Any, machine: Any, name: Optional[str] = None) -> None:
    """Carry out what rank 0 sends, until it says that it is over.

    Parameters
    ----------
    comm : mpi4py communicator
        This is not rank 0.
    machine : Processor or Gpu
        What carries it out.
    name : str or None
        Of the node; None asks the system.
    """
    watch = Watch(ALONE_S)
    _send(comm, "hello", name or socket.gethostname(), machine.describe())
    data: Any = None
    scores: List[Tuple[int, float]] = []  # variant and score of each trial
    while True:
        message = _next(comm, watch)
        kind = message[0]
        if kind == "end":
            return
        if kind == "data":
            watch.hear(message[1])
            data, scores = comm.bcast(None, root=0), []
        elif kind == "foreign":
            register_foreign(message[1])
        elif kind == "train":
            scores += _carry_out(comm, machine, watch, message[1], data)
        elif kind == "predict":
            _predict(comm, machine, watch, *message[1:])
        elif kind == "scores":
            comm.Reduce(_sums(scores, message[1]), None, root=0)
            scores = []


def _send(comm: Any, *message: Any) -> None:
    comm.ssend((comm.rank, message), 0)  # no faster than rank 0 takes it


class Watch:
    """Ends this process when rank 0 is not heard of: whoever waits in MPI waits for ever.

    Parameters
    ----------
    limit_s : float
        Seconds without a word.
    end : callable
        Ends it.
    """

    def __init__(self, limit_s: float, end: Callable[[], None] = lambda: os._exit(1)) -> None:
        self._limit_s, self._end = limit_s, end
        self.hear()
        threading.Thread(target=self._look, name="dlaaw-watch", daemon=True).start()

    def hear(self, more_s: float = 0.0) -> None:
        """Note a word of rank 0.

        Parameters
        ----------
        more_s : float
            The next may take longer by so many seconds.
        """
        self._until = time.monotonic() + self._limit_s + more_s

    def _look(self) -> None:
        while time.monotonic() < self._until:
            time.sleep(min(1.0, self._limit_s / 4))
        sys.stderr.write(f"MPI: nothing of rank 0 for {self._limit_s:g} s.\n")
        sys.stderr.flush()
        self._end()


def _next(comm: Any, watch: Watch) -> Tuple[Any, ...]:
    """Wait for a message: one that was busy lately looks for it often."""
    began = time.monotonic()
    message: Tuple[Any, ...] = ("beat",)
    while message[0] == "beat":
        while not comm.iprobe(source=0):
            time.sleep(ASK_S if time.monotonic() - began < _SOON_S else _IDLE_ASK_S)
        message = comm.recv(source=0)
        watch.hear()
    return message


class _Work:
    """Something under way in a thread: only the one that began MPI may speak with it."""

    def __init__(self, do: Callable[[Emit, Stop], None]) -> None:
        self._do = do
        self.stop = Stop()
        self.events: queue.Queue[Optional[Dict[str, Any]]] = queue.Queue(_MOST_WAITING)
        self.error: Optional[Tuple[str, str]] = None
        threading.Thread(target=self._run, name="dlaaw-rank", daemon=True).start()

    def _run(self) -> None:
        try:
            self._do(self.events.put, self.stop)
        except DlaawError as fault:
            self.error = (type(fault).__name__, str(fault))
        except BaseException as fault:  # noqa: BLE001 (told to rank 0, whatever it is)
            self.error = (type(fault).__name__, f"{type(fault).__name__}: {fault}")
        self.events.put(None)


def _carry_out(
    comm: Any, machine: Any, watch: Watch, trials: Sequence[Trial], data: Mapping[str, Any]
) -> List[Tuple[int, float]]:
    """Train some trials; gives variant and score of each that is finished."""
    scores: List[Tuple[int, float]] = []
    work = _Work(lambda emit, stop: machine.train(trials, data, emit, stop))
    for event in _events(comm, watch, work):
        if event["event"] == "trial" and not event["stopped"]:
            scores.append((event["variant"], _score(event, data)))
        _send(comm, "event", event)
    _send(comm, "idle", work.error)
    return scores


def _predict(
    comm: Any, machine: Any, watch: Watch, spec: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    """Predict some rows."""
    work = _Work(lambda emit, _stop: emit({"outputs": predicted(spec, data, machine)}))
    for event in _events(comm, watch, work):
        _send(comm, "outputs", event["outputs"])
    _send(comm, "idle", work.error)


def _events(comm: Any, watch: Watch, work: _Work) -> Iterator[Dict[str, Any]]:
    """Give the events of what is under way; beats go out, and a wish to stop is heeded."""
    told = time.monotonic()
    event: Optional[Dict[str, Any]] = {}
    while event is not None:
        if time.monotonic() - told > _BEAT_S:
            told = time.monotonic()
            _send(comm, "event", {"event": "beat"})
        event = _next_event(work)
        if event:
            yield event
        while comm.iprobe(source=0):
            watch.hear()
            if comm.recv(source=0)[0] == "stop":
                work.stop.set()


def _next_event(work: _Work) -> Optional[Dict[str, Any]]:
    """Give the next event, an empty one where there is none yet; None after the last."""
    try:
        return work.events.get(timeout=ASK_S)
    except queue.Empty:
        return {}


def _score(event: Mapping[str, Any], data: Mapping[str, Any]) -> float:
    """Give the accuracy of a trial on the rows that test, or R2 for numbers; NaN without any."""
    outputs, rows = event["test_outputs"], event["test_rows"]
    if outputs is None or not len(outputs) or rows is None or not np.isfinite(outputs).all():
        return float("nan")
    labels = np.asarray(data["labels"])[rows]
    if np.issubdtype(labels.dtype, np.floating) and not np.array_equal(labels, labels.round()):
        left, all_of_it = ((labels - outputs) ** 2).sum(), ((labels - labels.mean()) ** 2).sum()
        return float(1 - left / all_of_it) if all_of_it else float("nan")
    found = outputs.argmax(1) if np.ndim(outputs) == 2 and outputs.shape[1] > 1 else outputs >= 0.5
    return float((np.asarray(found).reshape(-1) == labels).mean())


def _sums(scores: Sequence[Tuple[int, float]], variants: int) -> np.ndarray:
    """Give count, sum and sum of squares of the scores of each variant."""
    sums = np.zeros((variants, 3))
    for variant, score in scores:
        if np.isfinite(score):
            sums[variant] += (1.0, score, score * score)
    return sums
