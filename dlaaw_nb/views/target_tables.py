"""Tables of targets, as text and as HTML: what there is, and what a test of some found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.views.html import note, section, table
from dlaaw_nb.views.text import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TargetTable", "targets_listed", "targets_tested"]

_SHOWN: Final = {
    "kind": "kind", "device_kind": "kind", "name": "device", "device": "device",
    "python": "Python", "numpy": "NumPy", "compiler": "compiler", "compiler_version": "compiler",
    "nvcc": "CUDA (nvcc)", "pycuda": "PyCUDA", "mpiexec": "MPI", "mpi4py": "mpi4py",
    "ranks": "ranks", "rows_per_second": "rows trained a second", "first_event_ms": "first event",
    "latency_ms": "there and back", "connect_s": "connected in", "cores": "cores",
    "memory_mb": "memory", "memory_bytes": "memory",
}  # fmt: skip
_UNITS: Final = {"_ms": "ms", "_s": "s", "_mb": "MB"}
_HIDDEN: Final = ("state", "error", "file", "node", "nodes", "devices", "notes")


class TargetTable:
    """A table that shows itself, as text in a terminal and as HTML in a notebook.

    Parameters
    ----------
    title : str
        Above it.
    header : sequence of str
        Heads of the columns.
    rows : sequence of sequences of str
        The cells.
    notes : sequence of str
        Below it: what cannot be used, and why.
    """

    def __init__(
        self,
        title: str,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        notes: Sequence[str] = (),
    ) -> None:
        self.title, self.header, self.rows, self.notes = title, header, rows, notes

    def __repr__(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        written = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *written, *self.notes])

    def _repr_html_(self) -> str:
        return section(self.title, table(self.rows, self.header), *map(note, self.notes))


def targets_listed(survey: Mapping[str, Mapping[str, Any]]) -> TargetTable:
    """List targets.

    Parameters
    ----------
    survey : mapping
        As ``targets.survey`` gives it.

    Returns
    -------
    TargetTable
        A line for each, and a note for each that cannot be used.
    """
    rows = [
        (
            name,
            str(facts["state"]),
            str(facts.get("kind", "")),
            str(facts.get("name", "")),
            _size(facts),
            str(facts.get("where", "")),
        )
        for name, facts in survey.items()
    ]
    notes = [_of(name, facts["error"]) for name, facts in survey.items() if "error" in facts]
    return TargetTable(
        "Targets", ("target", "state", "kind", "device", "size", "where"), rows, notes
    )


def targets_tested(name: str, found: Mapping[str, Mapping[str, Any]]) -> TargetTable:
    """Show what a test of a target found.

    Parameters
    ----------
    name : str
        The target.
    found : mapping
        By node: what was found, with ``state`` and perhaps ``error``.

    Returns
    -------
    TargetTable
        A line for each question, a column for each node.
    """
    known = {key for facts in found.values() for key in facts} - {*_HIDDEN}
    keys = [*(key for key in _SHOWN if key in known), *sorted(known - {*_SHOWN})]
    rows = [("reachable", *("no" if "error" in facts else "yes" for facts in found.values()))]
    for key in keys:
        head = _SHOWN.get(key, key.replace("_", " "))
        rows.append((head, *(_answer(key, facts.get(key)) for facts in found.values())))
    notes = [_of(node, facts["error"]) for node, facts in found.items() if "error" in facts]
    notes += [_of(node, said) for node, facts in found.items() for said in facts.get("notes", ())]
    return TargetTable(f"Target {name}", ("", *found), rows, notes)


def _of(name: str, said: object) -> str:
    """Say whose words these are, unless they do."""
    text = str(said)
    return text if text.startswith((f"{name}:", f"target {name}:")) else f"{name}: {text}"


def _size(facts: Mapping[str, Any]) -> str:
    if facts.get("cores"):
        return f"{facts['cores']} cores"
    if facts.get("multiprocessors"):
        return f"{facts['multiprocessors']} multiprocessors"
    return ""


def _answer(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return MISSING
    if key.endswith("_bytes") and isinstance(value, int | float):
        return f"{value / 1e9:.1f} GB"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or MISSING
    if isinstance(value, int | float):
        unit = next((unit for end, unit in _UNITS.items() if key.endswith(end)), "")
        return f"{value:,} {unit}".rstrip()
    return str(value)
