"""All that is wrong with a document, part by part: what a canvas marks before anything runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import DlaawError, FormatError, GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.converters import offer
from dlaaw_nb.workflow.file_reading import build, read_document
from dlaaw_nb.workflow.file_tasks import make_task
from dlaaw_nb.workflow.kind_info import ports_info
from dlaaw_nb.workflow.known_tasks import known_task
from dlaaw_nb.workflow.task import Source
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped, type_named
from dlaaw_nb.workflow.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlaaw_nb.workflow.known_tasks import Known

__all__ = ["Checked", "Problem", "check_document"]

_SENTENCE = re.compile(r"(?<=[.?]) (?=[A-Z])")
_ENTRY = re.compile(r"tasks\[(\d+)\]")


class Problem(NamedTuple):
    """Something that keeps a workflow from running.

    Attributes
    ----------
    task : str
        Name of the task; empty for the workflow itself, the port then one of its inputs.
    port : str
        Name of the port; empty for the task as a whole.
    text : str
        What is wrong.
    mend : str
        What to do; empty where that is not known.
    converter : str
        Kind of a ready task that would make a connection fit; empty for none.
    """

    task: str
    port: str
    text: str
    mend: str = ""
    converter: str = ""

    def plain(self) -> dict[str, str]:
        """Write it as plain JSON values, without what is empty."""
        rest = {name: value for name, value in self._asdict().items() if value}
        return {"task": self.task, "text": self.text, **rest}


class Checked(NamedTuple):
    """What was found out about a document.

    Attributes
    ----------
    problems : list of Problem
        In the order of the document; empty where it can run.
    ports : dict of str to dict
        ``inputs`` and ``outputs`` of each task that could be made; see `kind_info.port_info`.
    """

    problems: list[Problem]
    ports: dict[str, dict[str, Any]]


def check_document(
    source: Any, known: Known | None = None, held: Iterable[tuple[str, str]] = ()
) -> Checked:
    """Find all that is wrong with a document; nothing in it is executed.

    Parameters
    ----------
    source : mapping, str or path
        The document, as for `Workflow.from_document`.
    known : dict or None
        The person's own tasks at hand; see `known_tasks`.
    held : iterable of (task, port)
        Inputs that have a value which the document does not tell; the workflow's with an empty
        task.

    Returns
    -------
    Checked
        Problems and ports.
    """
    try:
        document = read_document(source)
    except DlaawError as error:
        return Checked([_unread(source, error)], {})
    return _Checker(known or {}, held).check(document)


class _Checker:
    """Builds a workflow as far as it goes, and notes what does not go.

    Parameters
    ----------
    known : dict
        The person's own tasks at hand.
    held : iterable of (task, port)
        Inputs that need nothing.
    """

    def __init__(self, known: Known, held: Iterable[tuple[str, str]]) -> None:
        self._known = known
        self._problems: list[Problem] = []
        self._told = set(held)  # ports about which nothing more is to be said
        self._missing: set[str] = set()  # tasks that could not be made

    def check(self, document: Mapping[str, Any]) -> Checked:
        """Check all parts, then the whole."""
        workflow = self._workflow = Workflow(document["name"])
        for entry in document["inputs"]:
            self._try("", entry["name"], self._input, entry)
        for entry in document["tasks"]:
            if not self._try(entry["name"], "", self._task, entry):
                self._missing.add(entry["name"])
        for entry in document["edges"]:
            self._edge(entry)
        for entry in document["outputs"]:
            if entry["task"] not in self._missing:
                self._try(entry["task"], entry["port"], self._output, entry)
        self._whole()
        return Checked(
            self._problems, {name: ports_info(task) for name, task in workflow.tasks.items()}
        )

    def _try(self, task: str, port: str, step: Any, entry: Mapping[str, Any]) -> bool:
        try:
            step(entry)
        except DlaawError as error:
            self._add(Problem(task, port, *_sentences(error)))
            return False
        return True

    def _add(self, problem: Problem) -> None:
        self._told.add((problem.task, problem.port))
        self._problems.append(problem)

    def _input(self, entry: Mapping[str, Any]) -> None:
        kind = type_named(entry["type"]) if "type" in entry else None
        self._workflow.input(entry["name"], entry.get("default", NOTHING), type=kind)

    def _task(self, entry: Mapping[str, Any]) -> None:
        name = entry["name"]
        bare = {
            key: value for key, value in entry.items() if key not in ("name", "values", "place")
        }
        made = make_task(bare, None, lambda body: build(body, trusted=False))
        task = self._workflow.place(known_task(made, self._known), name)
        inner = mapped(task)
        if isinstance(inner, UnloadedTask):
            self._add(_unloaded(name, inner))
        for port, value in entry.get("values", {}).items():
            self._try(name, port, lambda _: self._workflow.set(name, **{port: value}), entry)  # noqa: B023 - called at once

    def _edge(self, entry: Mapping[str, Any]) -> None:
        source, target = Source(entry["source"], entry["port"]), entry["target"]
        if target in self._missing or source.task in self._missing:
            self._told.add((target, entry["input"]))
            return
        try:
            self._join(source, Source(target, entry["input"]))
        except GraphError as error:
            self._add(self._refused(source, target, entry["input"], error))

    def _join(self, source: Source, target: Source) -> None:
        if target.port in self._workflow.values(target.task):
            raise GraphError(f"{target}: that input has a value already. Take one of both away.")
        self._workflow.join(source, target)

    def _refused(self, source: Source, target: str, port: str, error: GraphError) -> Problem:
        text, mend = _sentences(error)
        try:
            given = self._workflow.placed(source.task).output(source.port).type
            taken = self._workflow.placed(target).input(port).type
        except GraphError:
            return Problem(target, port, text, mend)
        wish = None if taken.accepts(given) else offer(given, taken)
        if wish is None:
            return Problem(target, port, text, mend)
        return Problem(target, port, text, f"Put {wish} between them.", wish)

    def _output(self, entry: Mapping[str, Any]) -> None:
        self._workflow.output(entry["name"], Source(entry["task"], entry["port"]))

    def _whole(self) -> None:
        workflow = self._workflow
        for task, port in workflow.dangling():
            if (task, port) not in self._told:
                mend = "Connect an output to it, or give it a value."
                self._problems.append(Problem(task, port, f"Nothing feeds {task}.{port}.", mend))
        try:
            workflow.order()
        except GraphError as error:
            text, mend = _sentences(error)
            first = next((name for name in workflow.tasks if f" {name} -> " in text), "")
            self._problems.append(Problem(first, "", text, mend))
        fed = {edge.source_port for edge in workflow.edges if not edge.source}
        for name, given in workflow.inputs.items():
            if given.default is NOTHING and name in fed and ("", name) not in self._told:
                mend = "Give it a default, or a value when it runs."
                self._problems.append(Problem("", name, f"Input {name} has no value.", mend))


def _unloaded(name: str, task: UnloadedTask) -> Problem:
    kind = task.kind
    if "module" in task.entry:
        text = f"{name}: {kind} of {task.entry['module']} has not been imported here."
        return Problem(name, "", text, "Import it in a cell, or trust the file.")
    text = f"{name}: the code of {kind} has not run here."
    return Problem(name, "", text, "Run the cell that defines it, or trust the file.")


def _unread(source: Any, error: DlaawError) -> Problem:
    """Tell why a document could not be read, at the task that it is about."""
    place = _ENTRY.match(error.path) if isinstance(error, FormatError) else None
    task = ""
    if place is not None and isinstance(source, dict):
        entry = source["tasks"][int(place[1])]
        name = entry.get("name") if isinstance(entry, dict) else None
        task = name if isinstance(name, str) else ""
    return Problem(task, "", *_sentences(error))


def _sentences(error: DlaawError) -> tuple[str, str]:
    """Take a message apart into what is wrong, and what to do."""
    first, *rest = _SENTENCE.split(str(error))
    return first, " ".join(rest)
