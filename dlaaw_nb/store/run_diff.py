"""What changed from one run to another."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dlaaw_nb.store.lineage import given_text
from dlaaw_nb.store.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlaaw_nb.store.provenance import Provenance
    from dlaaw_nb.store.records import RunRecord, TaskRecord

__all__ = ["Change", "RunDiff", "compare"]

_SETTINGS = ("workflow", "state", "executor", "planner", "target", "seed", "host", "python")
_MOST_SHOWN = 200
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same in both runs.

    Attributes
    ----------
    what : str
        ``"setting"``, ``"package"``, ``"workflow"``, ``"input"``, ``"output"`` or ``"task"``.
    name : str
        Of the setting, the package, the input, the output or the task.
    part : str
        Of a task, what changed: ``"code"``, ``"parameter learning_rate"``, ``"input data"``,
        ``"output"``, ``"state"``, ``"kind"``, ``"kernels"``, or empty for one that only one run
        has.
    before, after : str
        As short text; ``"-"`` for what is not there.
    """

    what: str
    name: str
    part: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RunDiff:
    """What changed from a first run to a second.

    Attributes
    ----------
    first, second : RunRecord
        The runs.
    changes : tuple of Change
        Settings first, then packages, inputs, tasks and outputs.
    seconds : tuple of (float or None, float or None)
        How long they took.
    """

    first: RunRecord
    second: RunRecord
    changes: tuple[Change, ...] = field(repr=False)
    seconds: tuple[float | None, float | None]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def to_text(self, limit: int = _MOST_SHOWN) -> str:
        """Write it as plain text.

        Parameters
        ----------
        limit : int
            How many changes at most.

        Returns
        -------
        str
            A line for each change, and one with the times.
        """
        from dlaaw_nb.views.text import seconds_text

        lines = [f"{self.first.id} -> {self.second.id}"]
        for change in self.changes[:limit]:
            part = f", {change.part}" if change.part else ""
            lines.append(f"  {change.what} {change.name}{part}: {change.before} -> {change.after}")
        if len(self.changes) > limit:
            lines.append(f"  ... and {len(self.changes) - limit} more changes")
        if not self.changes:
            lines.append("  the same tasks, settings, inputs and outputs")
        before, after = map(seconds_text, self.seconds)
        return "\n".join([*lines, f"  took {before} -> {after}"])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<RunDiff {self.first.id} -> {self.second.id}: {len(self.changes)} changes>"

    def _repr_html_(self) -> str:
        from dlaaw_nb.views.html import note, section, table
        from dlaaw_nb.views.text import seconds_text

        rows = [(c.name, c.what, c.part, c.before, c.after) for c in self.changes[:_MOST_SHOWN]]
        before, after = map(seconds_text, self.seconds)
        rows.append(("seconds", "time", "", before, after))
        header = ("name", "what", "part", self.first.id, self.second.id)
        left = len(self.changes) - _MOST_SHOWN
        more = [note(f"{left} more are not shown. Print to_text(limit=...).")] if left > 0 else []
        return section("What changed between two runs", table(rows, header), *more)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show it in both forms, whatever is asked."""
        del include, exclude
        return {"text/plain": self.to_text(), "text/html": self._repr_html_()}


def compare(provenance: Provenance, run_a: str, run_b: str) -> RunDiff:
    """Compare two runs; see `Provenance.diff`."""
    first, second = provenance.run(run_a), provenance.run(run_b)
    before = {task.name: task for task in provenance.tasks(first.id)}
    after = {task.name: task for task in provenance.tasks(second.id)}
    changes = [*_run_changes(first, second)]
    for name in {**before, **after}:
        changes += _task_changes(name, before.get(name), after.get(name))
    changes += _hashes("output", first.outputs, second.outputs)
    return RunDiff(first, second, tuple(changes), (_seconds(first), _seconds(second)))


def _seconds(run: RunRecord) -> float | None:
    return None if run.finished is None else run.finished - run.started


def _run_changes(a: RunRecord, b: RunRecord) -> Iterator[Change]:
    for name in _SETTINGS:
        before, after = getattr(a, name), getattr(b, name)
        if before != after:
            yield Change("setting", name, "", _text(before), _text(after))
    for name, before, after in _different(a.packages, b.packages):
        yield Change("package", name, "", _text(before), _text(after))
    if a.document != b.document:
        yield Change("workflow", b.workflow, "document", *map(_digest, (a.document, b.document)))
    for name, before, after in _different(a.inputs, b.inputs):
        given = (_given(run, name, hash_) for run, hash_ in ((a, before), (b, after)))
        yield Change("input", name, "", *given)


def _digest(text: str) -> str:
    return sha256(text.encode(errors="backslashreplace")).hexdigest()[:12]


def _given(run: RunRecord, name: str, hash_: str | None) -> str:
    if hash_ is None:
        return _NOTHING
    told = f" ({given_text(run.arguments[name])})" if name in run.arguments else ""
    return f"{hash_[:12]}{told}"


def _hashes(what: str, a: Mapping[str, str], b: Mapping[str, str]) -> Iterator[Change]:
    for name, before, after in _different(a, b):
        yield Change(what, name, "", _text(before)[:12], _text(after)[:12])


def _different(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in {**a, **b}:
        before, after = a.get(name), b.get(name)
        if before != after:
            yield name, before, after


def _task_changes(name: str, a: TaskRecord | None, b: TaskRecord | None) -> Iterator[Change]:
    if a is None or b is None:
        there = ["-" if task is None else f"{task.kind or 'task'}, {task.state}" for task in (a, b)]
        yield Change("task", name, "", *there)
        return
    parameters = list(_different(a.parameters, b.parameters))
    for parameter, before, after in parameters:
        yield Change("task", name, f"parameter {parameter}", _text(before), _text(after))
    for port, old, new in _different(_ports(a.inputs), _ports(b.inputs)):
        yield Change("task", name, f"input {port}", _text(old)[:12], _text(new)[:12])
    for part, before, after in (
        ("kind", a.kind, b.kind),
        # The hash of the code covers the parameters, so it tells nothing new where they differ.
        ("code", *((a.code_hash[:12], b.code_hash[:12]) if not parameters else ("", ""))),
        ("kernels", a.kernel_hash[:12], b.kernel_hash[:12]),
        ("state", _state(a), _state(b)),
    ):
        if before != after:
            yield Change("task", name, part, before or _NOTHING, after or _NOTHING)
    if _state(a) == _state(b):
        for port, old, new in _different(_ports(a.outputs), _ports(b.outputs)):
            yield Change("task", name, f"output {port}", _text(old)[:12], _text(new)[:12])


def _state(task: TaskRecord) -> str:
    """Name its state; whether a result was taken from before is no difference."""
    return "finished" if task.state == "cached" else task.state


def _ports(items: list[tuple[str, int, str]]) -> dict[str, str]:
    return {f"{port}[{at}]" if at else port: hash_ for port, at, hash_ in items}


def _text(value: Any) -> str:
    if value is None or value == "":
        return _NOTHING
    return one_line(value if isinstance(value, str) else repr(value), 80)
