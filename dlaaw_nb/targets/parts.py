"""The parts into which a plan falls, to be carried out wherever there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.engine.progress import Progress
from dlaaw_nb.engine.trials import expand
from dlaaw_nb.targets.worker import WorkerLostError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.targets.pool import Node

    Tell = Callable[[dict[str, Any]], None]

__all__ = ["Parts", "parts_of"]

_SLICE_BYTES = 4 << 20  # of features: less is not worth being sent to several nodes
_MOST_SLICES = 64


class Parts(Protocol):
    """What a pool shares out.

    Attributes
    ----------
    work : list of float
        Of each part, in any unit.
    word : str
        What a part is called.
    wants : str or None
        Kind of the device that it should have where some node has one: ``"gpu"`` or ``"cpu"``.
    """

    work: list[float]
    word: str
    wants: str | None

    def start(self, device: Mapping[str, Any]) -> dict[str, Any]:
        """Give the event that opens the job."""
        ...

    def run(
        self,
        node: Node,
        share: Sequence[int],
        tell: Tell,
        done: Callable[[int], bool],
        stop: threading.Event,
    ) -> None:
        """Have a node carry some parts out.

        Parameters
        ----------
        node : Node
            Where.
        share : sequence of int
            Which.
        tell : callable
            Takes events; ``start`` is that of the share.
        done : callable
            Takes a part that is finished; tells whether it is the first to be.
        stop : Event
            Asks for the end.
        """
        ...

    def end(self) -> list[dict[str, Any]]:
        """Give the events that close the job, but for the result."""
        ...


def parts_of(spec: Mapping[str, Any], data: Mapping[str, Any], nodes: int) -> Parts:
    """Cut a plan into parts.

    Parameters
    ----------
    spec, data : mapping
        See ``dlaaw_nb.engine.execute``.
    nodes : int
        How many may share it.

    Returns
    -------
    Parts
        Trials, slices of the rows to predict, or the whole.
    """
    kind = spec["plan"]["kind"]
    if kind in ("train", "cross_validate", "sweep"):
        return _Trials(spec, data)
    if kind == "predict" and np.asarray(data["features"]).nbytes > _SLICE_BYTES and nodes > 1:
        return _Slices(spec, data, nodes)
    return _Whole(spec, data)


class _Trials:
    """The trials of a training."""

    word = "trial"
    wants: str | None = None

    def __init__(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        self._spec, self._data, self._digest = spec, data, digest_of(data)
        rows = len(data["labels"])
        trials = expand(spec, rows)
        epochs = [int(trial.training["epochs"]) for trial in trials]
        self.work = [float(t.chain.count) * e * rows for t, e in zip(trials, epochs, strict=True)]
        self._progress = Progress(epochs)

    def start(self, device: Mapping[str, Any]) -> dict[str, Any]:
        return {"event": "start", "trials": len(self.work), "device": dict(device)}

    def run(
        self,
        node: Node,
        share: Sequence[int],
        tell: Tell,
        done: Callable[[int], bool],
        stop: threading.Event,
    ) -> None:
        finished: list[int] = []

        def take(event: dict[str, Any]) -> None:
            kind = event["event"]
            if kind == "progress":
                with self._progress.lock:
                    tell(self._progress.take(node.name, event))
            elif kind == "trial":
                if event["trial"] not in share:
                    told = f"it sends trial {event['trial']}, which it was not given"
                    raise WorkerLostError(told)
                finished.append(event["trial"])
                if event["stopped"] or done(event["trial"]):
                    tell(event)
            elif kind != "result":
                tell(event)

        plan = {**self._spec["plan"], "only": list(share)}
        try:
            node.run({**self._spec, "plan": plan}, self._data, self._digest, take, stop)
        finally:
            self._progress.settle(node.name, finished)

    def end(self) -> list[dict[str, Any]]:
        return []


class _Whole:
    """A plan that is not cut: one node carries it out."""

    word = "plan"

    def __init__(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        self._spec, self._data, self._digest = spec, data, digest_of(data)
        self.work = [1.0]
        kernel = spec["plan"]["kind"] == "kernel"
        checked = spec["plan"].get("check")  # the emulator does that, on a processor
        self.wants = ("cpu" if checked else "gpu") if kernel else None

    def start(self, device: Mapping[str, Any]) -> dict[str, Any]:
        return {"event": "start", "trials": 1, "device": dict(device)}

    def run(
        self,
        node: Node,
        share: Sequence[int],  # noqa: ARG002 (there is one part)
        tell: Tell,
        done: Callable[[int], bool],
        stop: threading.Event,
    ) -> None:
        def take(event: dict[str, Any]) -> None:
            if event["event"] in ("prediction", "kernel"):
                done(0)
            if event["event"] != "result":
                tell(event)

        node.run(self._spec, self._data, self._digest, take, stop)

    def end(self) -> list[dict[str, Any]]:
        return []


class _Slices:
    """The rows of a prediction, in slices."""

    word = "slice"
    wants: str | None = None

    def __init__(self, spec: Mapping[str, Any], data: Mapping[str, Any], nodes: int) -> None:
        self._spec, self._data = spec, data
        features = np.asarray(data["features"])
        count = min(_MOST_SLICES, 4 * nodes, max(1, features.nbytes * 2 // _SLICE_BYTES))
        self._slices = np.array_split(features, count)
        self._found: dict[int, Mapping[str, np.ndarray]] = {}
        self.work = [float(len(rows)) for rows in self._slices]

    def start(self, device: Mapping[str, Any]) -> dict[str, Any]:
        return {"event": "start", "trials": 1, "device": dict(device)}

    def run(
        self,
        node: Node,
        share: Sequence[int],
        tell: Tell,
        done: Callable[[int], bool],
        stop: threading.Event,
    ) -> None:
        for part in share:
            data = {**self._data, "features": self._slices[part]}

            def take(event: dict[str, Any], part: int = part) -> None:
                if event["event"] == "prediction":
                    self._found[part] = event["outputs"]
                    done(part)
                elif event["event"] != "result":
                    tell(event)

            node.run(self._spec, data, digest_of(data), take, stop)

    def end(self) -> list[dict[str, Any]]:
        if len(self._found) < len(self._slices):
            return []  # it was stopped
        parts = [self._found[part] for part in range(len(self._slices))]
        outputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return [{"event": "prediction", "outputs": outputs}]
