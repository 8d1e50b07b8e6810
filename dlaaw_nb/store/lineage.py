"""Where a product comes from: the tasks that led to it, and what runs were given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlaaw_nb.store.text import one_line, shown, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.records import RunRecord, TaskRecord

__all__ = ["Lineage", "Source", "Step"]

_MOST_SHOWN = 100
_SHORT = 12
"""Digits of a hash that are shown."""


@dataclass(frozen=True, slots=True)
class Step:
    """A task that led to a product.

    Attributes
    ----------
    run : RunRecord
        The run it was part of.
    task : TaskRecord
        What it read and made.
    computed : TaskRecord
        The same task when it was computed: where `task` was taken from an earlier run, its record
        there, which tells how long it took and on what; else `task` itself.
    """

    run: RunRecord
    task: TaskRecord
    computed: TaskRecord

    @property
    def cached(self) -> bool:
        """Whether it was taken from an earlier run."""
        return self.task.state == "cached"


@dataclass(frozen=True, slots=True)
class Source:
    """A product that no known task made: an input of a run.

    Attributes
    ----------
    run : RunRecord or None
        The run that was given it; None for a product of which no run is known.
    name : str
        Of the run's input; empty for a constant in the workflow.
    given : str
        How it was given: a path, a URL, a value.
    """

    run: RunRecord | None = None
    name: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a product was made from, and how.

    Attributes
    ----------
    hash : str
        Of the product.
    products : dict of str to DataProduct
        By hash, the product and all that it was made from, as far as they are written down.
    steps : tuple of Step
        The tasks that led to it; each stands before those whose results it read.
    sources : dict of str to Source
        By hash, what it was made from in the end.
    """

    hash: str
    products: dict[str, DataProduct] = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    sources: dict[str, Source] = field(repr=False)

    def to_text(self, limit: int = _MOST_SHOWN) -> str:
        """Write it as plain text.

        Parameters
        ----------
        limit : int
            How many steps and sources at most.

        Returns
        -------
        str
            The product, each step with what it read, and the sources.
        """
        lines = [self._about(self.hash)]
        for step in self.steps[:limit]:
            made = ", ".join(hash_[:_SHORT] for _, _, hash_ in step.task.outputs)
            lines.append(f"  {made}: {_title(step)}")
            lines += [f"      {port} <- {self._about(hash_)}" for port, hash_ in _read(step)]
        lines += _more(len(self.steps) - limit, "step")
        if self.sources:
            lines.append("  from")
        for hash_, source in list(self.sources.items())[:limit]:
            lines.append(f"      {self._about(hash_)}: {_given(source)}")
        lines += _more(len(self.sources) - limit, "source")
        return "\n".join(lines)

    def _about(self, hash_: str) -> str:
        known = self.products.get(hash_)
        if known is None:
            return hash_[:_SHORT]
        name = f" {known.filename}" if known.filename else ""
        size, preview = size_text(known.size_bytes), one_line(known.preview, 60)
        return f"{hash_[:_SHORT]} {known.type}{name}, {size}: {preview}"

    def _rows(self) -> Iterator[tuple[str, ...]]:
        from dlaaw_nb.views.text import seconds_text

        for step in self.steps[:_MOST_SHOWN]:
            made = ", ".join(hash_[:_SHORT] for _, _, hash_ in step.task.outputs)
            read = ", ".join(f"{port}: {self._about(hash_)}" for port, hash_ in _read(step))
            took = seconds_text(step.computed.seconds)
            yield step.task.name, step.task.kind, made, read, took, _place(step), step.run.id

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return (
            f"<Lineage of {self.hash[:_SHORT]}: {len(self.steps)} steps, "
            f"{len(self.sources)} sources>"
        )

    def _repr_html_(self) -> str:
        from dlaaw_nb.views.html import note, section, table

        parts = []
        if self.steps:
            header = ("task", "kind", "made", "read", "took", "on", "run")
            parts.append(table(self._rows(), header, "steps, the last first"))
        if self.sources:
            sources = list(self.sources.items())[:_MOST_SHOWN]
            rows = [(self._about(hash_), _given(source)) for hash_, source in sources]
            parts.append(table(rows, ("product", "came as"), "sources"))
        left = max(len(self.steps), len(self.sources)) - _MOST_SHOWN
        if left > 0:
            parts.append(note(f"{left} more are not shown. Print to_text(limit=...)."))
        return section(f"Lineage of {self._about(self.hash)}", *parts)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show it in both forms, whatever is asked."""
        del include, exclude
        return {"text/plain": self.to_text(), "text/html": self._repr_html_()}


def _title(step: Step) -> str:
    from dlaaw_nb.views.text import seconds_text

    code = f", code {step.task.code_hash[:_SHORT]}" if step.task.code_hash else ""
    how = "taken from an earlier run" if step.cached else "made"
    took = f"{seconds_text(step.computed.seconds)} on {_place(step)}"
    return (
        f"{how} by {step.task.name} ({step.task.kind or 'task'}) in run {step.run.id} of "
        f"{step.run.workflow or 'a workflow'}: {took}{code}"
    )


def _place(step: Step) -> str:
    task = step.computed
    name = task.device.get("name")
    parts = (task.worker, task.target, name if isinstance(name, str) else "")
    return ", ".join(part for part in parts if part) or "an unknown machine"


def _read(step: Step) -> list[tuple[str, str]]:
    several = {port for port, position, _ in step.task.inputs if position}
    return [
        (f"{port}[{position}]" if port in several else port, hash_)
        for port, position, hash_ in step.task.inputs
    ]


def _given(source: Source) -> str:
    if source.run is None:
        return "of which no run is known"
    what = f"input {source.name}" if source.name else "a constant"
    given = f", given as {source.given}" if source.given else ""
    return f"{what} of run {source.run.id}{given}"


def _more(count: int, what: str) -> list[str]:
    return [f"  ... and {count} more {what}{'s' * (count > 1)}"] if count > 0 else []


def given_text(argument: Any) -> str:
    """Say how an input was given, from the arguments of a run's record."""
    if isinstance(argument, dict):
        return f"a {argument.get('class', 'value')}"
    return one_line(argument, 120) if isinstance(argument, str) else shown(argument)
