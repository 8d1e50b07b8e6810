"""How a run shows itself: facts, a picture coloured by states, what became of each task."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.workflow.composite import Map
from dlaaw_nb.workflow.shown import Told, mime_bundle, workflow_drawing
from dlaaw_nb.workflow.states import DONE

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    import pandas as pd

    from dlaaw_nb.store import Store
    from dlaaw_nb.views.drawing import Drawing
    from dlaaw_nb.views.gantt import Bar
    from dlaaw_nb.views.workflow_html import RunRow
    from dlaaw_nb.workflow.dispatch import Dispatcher
    from dlaaw_nb.workflow.flat import Flat, Node
    from dlaaw_nb.workflow.recording import Recording
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["RunShown"]

_TRACES: Final = 3  # tracebacks that are shown
_OVER: Final = DONE | {"skipped"}


class RunShown:
    """The views of a run; an implementer is a `Run`."""

    if TYPE_CHECKING:
        id: str
        workflow: Workflow
        store: Store
        started: float
        finished: float | None
        trouble: str
        _given: dict[str, Any]
        _flat: Flat
        _fault: BaseException | None
        _recording: Recording
        _dispatcher: Dispatcher

        @property
        def state(self) -> str:
            """Of the run."""

        @property
        def seconds(self) -> float:
            """How long it took."""

    @property
    def _callback(self) -> Callable[[dict[str, Any]], object] | None:
        """What takes the events. One that draws the run, and has `watch`, learns which it is."""
        return self.__dict__.get("_callback")

    @_callback.setter
    def _callback(self, callback: Callable[[dict[str, Any]], object] | None) -> None:
        self.__dict__["_callback"] = callback
        attach = getattr(callback, "attach", None)
        if attach is not None:
            attach(self)

    def plot(self, *, fine: bool = False, steady: bool = False) -> Drawing:
        """Draw the workflow with the states of its tasks.

        Parameters
        ----------
        fine : bool
            Whether it shows more than a PNG of it could: for SVG alone.
        steady : bool
            Whether every task has room for words that may come: a picture that is drawn again while
            the run goes on then keeps its size.

        Returns
        -------
        Drawing
            A workflow inside of it, and a map, are one box with counts.
        """
        nodes = self._nodes()
        told = _told(self.workflow, nodes)
        if steady:
            told = {name: one._replace(note=one.note or " ") for name, one in told.items()}
        title = f"{self.workflow.name}, run {self.id}"
        text = _tasks_text(nodes)
        return workflow_drawing(self.workflow, told, self._given, title, text, fine=fine)

    def standing(self) -> dict[str, Told]:
        """Tell how each task of the workflow stands, all that it made by itself counted in."""
        return _told(self.workflow, self._nodes())

    def gantt(self) -> Drawing:
        """Draw when each task ran, and on which worker.

        Returns
        -------
        Drawing
            A row for each task, or for each worker where there are many; a task that was tried
            again has the time of its last try.
        """
        from dlaaw_nb.views.gantt import draw_gantt

        bars = [_bar(node, self.started) for node in self._nodes() if not _is_open_map(node)]
        now = None if self.finished is not None else self.seconds
        return draw_gantt(f"{self.workflow.name}, run {self.id}", bars, now)

    def report(self) -> pd.DataFrame:
        """List what became of each task.

        Returns
        -------
        pandas DataFrame
            A row for each task: ``task``, ``kind``, ``state``, ``why``, ``seconds``, ``attempts``,
            ``worker``, ``error``.
        """
        import pandas as pd

        rows = [
            (n.name, n.task.kind, n.state, n.why, n.seconds, n.attempts, n.worker, n.error)
            for n in self._nodes()
        ]
        names = ["task", "kind", "state", "why", "seconds", "attempts", "worker", "error"]
        return pd.DataFrame(rows, columns=names).astype({"seconds": float})

    def __repr__(self) -> str:
        from dlaaw_nb.views.text import seconds_text

        tasks = _tasks_text(self._nodes())
        took = seconds_text(self.seconds)
        return f"<Run {self.id}: {self.workflow.name}, {self.state}, {tasks}, {took}>"

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the static forms (https://ipython.readthedocs.io)."""
        return mime_bundle(
            self._summary, self._html, lambda fine: self.plot(fine=fine), include, exclude
        )

    def _summary(self) -> str:
        from dlaaw_nb.views.workflow_html import run_text

        nodes = self._nodes()
        return run_text(self.workflow.name, self._facts(nodes), _rows(nodes), self._notes())

    def _html(self, drawing: Drawing) -> str:
        from dlaaw_nb.views.workflow_html import run_html

        picture = drawing.to_html()
        nodes = self._nodes()
        traces = [(node.name, node.trace) for node in nodes if node.trace][:_TRACES]
        return run_html(
            self.workflow.name, self._facts(nodes), picture, _rows(nodes), self._notes(), traces
        )

    def _nodes(self) -> list[Node]:
        return [node for node in list(self._flat.nodes.values()) if not node.internal]

    def _facts(self, nodes: Sequence[Node]) -> list[tuple[str, str]]:
        from dlaaw_nb.store.remotes import shown_url
        from dlaaw_nb.views.text import counted, seconds_text
        from dlaaw_nb.views.workflow_marks import states_text

        record = self._recording.record
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.started))
        workers = counted(self._dispatcher.crew.workers, "worker")
        facts = [
            ("run", self.id),
            ("state", self.state),
            ("tasks", f"{len(nodes):,}: {states_text(node.state for node in nodes)}"),
            ("time", f"{seconds_text(self.seconds)}, begun {began}"),
            ("executor", f"{record.executor}, {workers}"),
            ("target", record.target),
            ("store", shown_url(self.store.url)),
        ]
        return [(name, value) for name, value in facts if value]

    def _notes(self) -> list[str]:
        notes = [] if self._fault is None else [f"It could not run. {self._fault}"]
        if self.trouble:
            notes.append(f"Not all of its record is in the store. {self.trouble}")
        return notes


def _told(workflow: Workflow, nodes: Iterable[Node]) -> dict[str, Told]:
    """Say how each task of a workflow stands; tasks inside of it count for the one they are in."""
    own: dict[str, Node] = {}
    parts: dict[str, list[Node]] = {}
    for node in nodes:
        if node.name in workflow.tasks:
            own[node.name] = node
        else:
            parts.setdefault(_owner(node.name, workflow.tasks), []).append(node)
    now = time.time()
    told = {name: Told(node.state, _time(node, now), _note(node)) for name, node in own.items()}
    for name, inner in parts.items():
        whole = own.get(name)
        state = _joint_state([node.state for node in inner]) if whole is None else whole.state
        seconds = _span(inner, now) if whole is None else _time(whole, now)
        told[name] = Told(state, seconds, _counts(inner))
    return told


def _owner(name: str, known: Mapping[str, Any]) -> str:
    """Name the task of the workflow that one inside of it belongs to."""
    for at, sign in enumerate(name):
        if sign in "/[" and name[:at] in known:
            return name[:at]
    return name


def _joint_state(states: Sequence[str]) -> str:
    """Give the state of a workflow inside of another one."""
    found = set(states)
    for state in ("failed", "running", "cancelled"):
        if state in found:
            return state
    if found <= _OVER:
        return next((state for state in ("finished", "cached") if state in found), "skipped")
    if found & DONE:
        return "running"
    return "ready" if "ready" in found else "initialized"


def _counts(nodes: Sequence[Node]) -> str:
    done = sum(node.state in DONE for node in nodes)
    text = f"{done:,} of {len(nodes):,} done"
    for state in ("failed", "running", "cancelled"):
        count = sum(node.state == state for node in nodes)
        text += f", {count:,} {state}" if count else ""
    return text


def _time(node: Node, now: float) -> float | None:
    if node.state == "running" and node.started is not None:
        return max(0.0, now - node.started)
    return node.seconds


def _span(nodes: Sequence[Node], now: float) -> float | None:
    spans = [
        (n.started, n.started + (_time(n, now) or 0.0)) for n in nodes if n.started is not None
    ]
    return max(end for _, end in spans) - min(start for start, _ in spans) if spans else None


def _note(node: Node) -> str:
    from dlaaw_nb.views.text import number_text

    if node.state == "failed":
        return node.error.partition("\n")[0]
    if node.state == "running" and node.progress is not None:
        done, total = node.progress.get("done"), node.progress.get("total")
        words = [f"{done:,g} of {total:,g}" if total else "", node.progress.get("text") or ""]
        return ", ".join(filter(None, words))
    if node.state == "running" and node.costs:
        epoch, cost = node.costs[-1]
        return f"epoch {int(epoch):,}, cost {number_text(cost, 4)}"
    if node.state == "ready" and node.notes:
        return node.notes[-1]
    return f"try {node.attempts}" if node.attempts > 1 else ""


def _rows(nodes: Iterable[Node]) -> list[RunRow]:
    from dlaaw_nb.views.workflow_html import RunRow

    now = time.time()
    return [
        RunRow(n.name, n.task.kind, n.state, _time(n, now), n.error or n.why or _note(n))
        for n in nodes
    ]


def _is_open_map(node: Node) -> bool:
    """Whether it is a map in whose place its items stand."""
    return isinstance(node.task, Map) and node.started is not None


def _bar(node: Node, begun: float) -> Bar:
    from dlaaw_nb.views.gantt import Bar

    if node.started is None:
        return Bar(node.name, node.task.kind, "", math.nan, math.nan, node.state)
    start = node.started - begun
    end = start + (node.seconds or 0.0)
    return Bar(node.name, node.task.kind, node.worker or "?", start, end, node.state)


def _tasks_text(nodes: Sequence[Node]) -> str:
    from dlaaw_nb.views.workflow_marks import states_text

    count = "1 task" if len(nodes) == 1 else f"{len(nodes):,} tasks"
    return f"{count} ({states_text(node.state for node in nodes)})" if nodes else count
