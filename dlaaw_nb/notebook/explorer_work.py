"""Trains what a sweep explorer asks for: the latest first, nothing twice, nothing for nobody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.nn.cross_validation import CrossValidation
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["Points", "Worker", "key_of"]

Key = tuple[tuple[str, Any], ...]
_CHUNK = 20  # settings of a grid that are trained at a time, so that something is seen


def key_of(settings: Mapping[str, Any]) -> Key:
    """Give settings as something that can be looked up."""
    return tuple(settings.items())


class Points:
    """What was trained so far.

    Parameters
    ----------
    network : NNWorkflow
        What is varied.
    data, options
        What ``cross_validate`` takes besides.
    """

    def __init__(self, network: NNWorkflow, data: Any, options: Mapping[str, Any]) -> None:
        self._network, self._data, self._options = network, data, options
        self.known: dict[Key, CrossValidation] = {}

    def train(self, settings: Mapping[str, Any], stop: threading.Event) -> None:
        """Train one setting, unless it is known; what is stopped is forgotten."""
        key = key_of(settings)
        if key in self.known:
            return
        changes = {name: value for name, value in settings.items() if name != "folds"}
        result = self._network.replace(**changes).cross_validate(
            self._data, settings["folds"], stop=stop, **self._options
        )
        if not stop.is_set():
            self.known[key] = result

    def train_all(
        self,
        many: Sequence[Mapping[str, Any]],
        stop: threading.Event,
        told: Callable[[], object],
    ) -> None:
        """Train those of many settings that are not known, with the same number of folds."""
        from dlaaw_nb.nn.cross_validation import CrossValidation

        left = [settings for settings in many if key_of(settings) not in self.known]
        for at in range(0, len(left), _CHUNK):
            chunk = left[at : at + _CHUNK]
            bare = [{k: v for k, v in one.items() if k != "folds"} for one in chunk]
            folds = chunk[0]["folds"]
            sweep = self._network.sweep(self._data, bare, folds=folds, stop=stop, **self._options)
            if stop.is_set():
                return
            for one, point in zip(chunk, sweep.points, strict=True):
                seconds = sum(trial.seconds for trial in point.trials)
                settings = {**self._network.replace(**point.settings).hyperparameters}
                self.known[key_of(one)] = CrossValidation(
                    point.trials, seconds, {**settings, "folds": folds}
                )
            told()


class Worker:
    """A thread that does the latest task; one that is under way is stopped for it.

    Parameters
    ----------
    idle : callable
        Called when nothing was asked for a second after a task.
    """

    def __init__(self, idle: Callable[[], object]) -> None:
        self._idle = idle
        self._task: Callable[[threading.Event], object] | None = None
        self._stop = threading.Event()
        self._asked = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self, task: Callable[[threading.Event], object]) -> None:
        """Have a task done instead of the one under way.

        Parameters
        ----------
        task : callable
            Takes an event that is set when nobody wants it any more.
        """
        with self._asked:
            self._stop.set()
            self._task = task
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="dlaaw-explorer", daemon=True
                )
                self._thread.start()
            self._asked.notify()

    def close(self) -> None:
        """End the thread."""
        with self._asked:
            self._closed = True
            self._stop.set()
            self._asked.notify()

    def _work(self) -> None:
        dirty = False
        while True:
            with self._asked:
                if self._task is None and not self._closed:
                    self._asked.wait(1.0 if dirty else None)
                if self._closed:
                    return
                task, self._task = self._task, None
                self._stop = stop = threading.Event()
            if task is not None:
                task(stop)
                dirty = True
            elif dirty:
                dirty = False
                self._idle()
