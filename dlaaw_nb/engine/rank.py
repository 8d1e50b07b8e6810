"""What every rank but the first does: it carries out what rank 0 sends; see ``ranks``."""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import time
from functools import partial
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
from .foreign import register_foreign
from .rank_lines import ALONE_S, ASK_S, Fault
from .session import Stop

if TYPE_CHECKING:
    from .prints import Prints
    from .trials import Trial

__all__ = ["Watch", "serve"]

Emit = Callable[[Dict[str, Any]], None]

_BEAT_S = 1.0
_SOON_S, _IDLE_ASK_S = 60.0, 0.05
_MOST_WAITING = 256  # events; then the training waits for rank 0
_HEARD_ASK_S = 0.0005  # what is large moves on with each look


def serve(comm: Any, machine: Any, prints: Prints, name: Optional[str] = None) -> None:
    """Carry out what rank 0 sends, until it says that it is over.

    Parameters
    ----------
    comm : mpi4py communicator
        This is not rank 0.
    machine : Processor or Gpu
        What carries it out.
    prints : Prints
        What is printed meanwhile.
    name : str or None
        Of the node; None asks the system.
    """
    voice = _Voice(comm)
    voice.say("hello", name or socket.gethostname(), machine.describe())
    voice.finish()
    _Serving(comm, machine, prints, voice).run()


class _Voice:
    """What a rank says: no faster than rank 0 takes it, and all at once that gathers meanwhile.

    Nobody waits in MPI for that: it would keep a core busy, on the head the one that rank 0 needs.
    """

    def __init__(self, comm: Any) -> None:
        self._comm = comm
        self._waiting: List[Tuple[Any, ...]] = []
        self._under_way: Any = None

    def say(self, *message: Any) -> None:
        """Say something, soon."""
        self._waiting.append(message)
        self.go_on()

    def go_on(self) -> bool:
        """Say what waits, if what was said before has been heard; tells whether it has."""
        if self._under_way is not None and not self._under_way.test()[0]:
            return False
        self._under_way = None
        if self._waiting:
            self._under_way = self._comm.issend(self._waiting, 0)
            self._waiting = []
        return True

    @property
    def is_behind(self) -> bool:
        """Whether so much waits that nothing should be added."""
        return len(self._waiting) >= _MOST_WAITING

    def finish(self) -> None:
        """Wait until all has been heard."""
        while not (self.go_on() and self._under_way is None):
            time.sleep(_HEARD_ASK_S)


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


class _Work:
    """Something under way in a thread: only the one that began MPI may speak with it."""

    def __init__(self, do: Callable[[Emit, Stop], None], prints: Prints) -> None:
        self._do, self._prints = do, prints
        self.stop = Stop()
        self.events: queue.Queue[Optional[Dict[str, Any]]] = queue.Queue(_MOST_WAITING)
        self.error: Optional[Fault] = None
        threading.Thread(target=self._run, name="dlaaw-rank", daemon=True).start()

    def _run(self) -> None:
        self._prints.emit = self.events.put
        try:
            self._do(self.events.put, self.stop)
        except BaseException as error:  # noqa: BLE001 (told to rank 0, whatever it is)
            self.error = Fault.of(error)
        self._prints.hear_out()
        self._prints.emit = None
        self.events.put(None)


class _Serving:
    """A rank at work."""

    def __init__(self, comm: Any, machine: Any, prints: Prints, voice: _Voice) -> None:
        self._comm, self._machine, self._prints, self._voice = comm, machine, prints, voice
        self._watch = Watch(ALONE_S)
        self._data: Any = None
        self._scores: List[Tuple[int, float]] = []  # variant and score of each trial

    def run(self) -> None:
        """Do what rank 0 says, until it says that it is over."""
        while True:
            kind, *given = self._next()
            if kind == "end":
                return
            if kind == "data":
                self._watch.hear(given[0])
                self._data, self._scores = self._comm.bcast(None, root=0), []
            elif kind == "foreign":
                register_foreign(given[0])
            elif kind == "train":
                self._train(given[0])
            elif kind == "predict":
                self._predict(*given)
            elif kind == "launch":
                self._launch(*given)
            elif kind == "scores":
                self._comm.Reduce(_sums(self._scores, given[0]), None, root=0)
                self._scores = []

    def _next(self) -> Tuple[Any, ...]:
        """Wait for a message: one that was busy lately looks for it often."""
        began = time.monotonic()
        message: Tuple[Any, ...] = ("beat",)
        while message[0] == "beat":
            while not self._comm.iprobe(source=0):
                time.sleep(ASK_S if time.monotonic() - began < _SOON_S else _IDLE_ASK_S)
            message = self._comm.recv(source=0)
            self._watch.hear()
        return message

    def _train(self, trials: Sequence[Trial]) -> None:
        """Train some trials, and note the score of each that is finished."""
        data = self._data
        for event in self._events(lambda emit, stop: self._machine.train(trials, data, emit, stop)):
            if event["event"] == "trial" and not event["stopped"]:
                self._scores.append((event["variant"], _score(event, data)))
            self._voice.say("event", event)

    def _predict(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Predict some rows."""

        def predict(emit: Emit, _stop: Stop) -> None:
            emit({"event": "prediction", "outputs": predicted(spec, data, self._machine)})

        for event in self._events(predict):
            if event["event"] == "prediction":
                self._voice.say("outputs", event["outputs"])

    def _launch(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Launch a person's own kernel."""
        from .raw_kernel import run_kernel

        for event in self._events(partial(run_kernel, spec, data, machine=self._machine)):
            self._voice.say("event", event)

    def _events(self, do: Callable[[Emit, Stop], None]) -> Iterator[Dict[str, Any]]:
        """Give the events of something; beats go out, and a wish to stop is heeded."""
        work = _Work(do, self._prints)
        told = time.monotonic()
        event: Optional[Dict[str, Any]] = {}
        while event is not None:
            if time.monotonic() - told > _BEAT_S:
                told = time.monotonic()
                self._voice.say("event", {"event": "beat"})
            if self._voice.is_behind:
                time.sleep(ASK_S)
                event = {}
            else:
                event = _next_event(work)
            if event:
                yield event
            self._voice.go_on()
            while self._comm.iprobe(source=0):
                self._watch.hear()
                if self._comm.recv(source=0)[0] == "stop":
                    work.stop.set()
        self._voice.say("idle", work.error)
        self._voice.finish()


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
