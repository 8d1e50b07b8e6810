"""Documents of a canvas as workflows: the person's own tasks are known, code must be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError, GraphError
from dlaaw_nb.notebook.bench_columns import fed_columns
from dlaaw_nb.workflow.catalogue import catalogue
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.file_reading import build, read_document
from dlaaw_nb.workflow.function import FunctionTask
from dlaaw_nb.workflow.known_tasks import known_tasks, own_tasks, put_in_known
from dlaaw_nb.workflow.library import kind_name
from dlaaw_nb.workflow.problems import check_document
from dlaaw_nb.workflow.trust import is_harmless, is_trusted, remember
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dlaaw_nb.workflow.known_tasks import Known
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Documents", "needed_for"]

# Code that was written from this kernel's variables. It need not run: the variables are there, and
# what the person makes of them later counts.
_written: set[str] = set()


class Documents:
    """Makes workflows of the documents that one canvas sends.

    Code that came in a trusted document has run; it goes on to serve the same canvas after edits,
    as long as the document brings the same code.

    Parameters
    ----------
    namespace : mapping of str to object
        The person's variables, looked at anew each time.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._ran: dict[str, Known] = {}

    def catalogue(self) -> dict[str, Any]:
        """List all that can be put on the canvas, the person's own tasks too."""
        return catalogue(own_tasks(self._namespace))

    def known(self, document: Mapping[str, Any] | None = None) -> Known:
        """Give the tasks that need no code: the person's own, and those of code that has run."""
        code = _text_of(document or {})
        return {**known_tasks(own_tasks(self._namespace)), **self._ran.get(code, {})}

    def workflow(self, source: Any) -> Workflow:
        """Make the workflow of a document.

        Parameters
        ----------
        source : dict
            The document.

        Returns
        -------
        Workflow
            Its code has run only if it is trusted.

        Raises
        ------
        FormatError
            When it is no document, or parts do not fit.
        """
        document = _read(source)
        trusted = is_trusted(document)
        at_hand = self._at_hand(document)
        made = build(document, trusted=trusted, label=document["name"], at_hand=at_hand)
        if not trusted:
            put_in_known(made, self.known(document))
        elif at_hand is None:
            self._note(document, made)
        return made

    def checked(self, source: Any, held: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
        """Check a document.

        Parameters
        ----------
        source : dict
            The document.
        held : iterable of (task, port)
            Inputs that have a value which the document does not tell.

        Returns
        -------
        dict
            ``problems`` and ``ports``, see `check_document`; ``columns``, see `fed_columns`; and
            ``code``, the lines that the
            document must hold so that its own tasks are known elsewhere, None where they cannot be
            written.
        """
        try:
            document = _read(source)
        except FormatError:
            document = None
        made = None
        if document is not None and is_trusted(document):
            made = self.workflow(document)
        told = source if document is None else document
        found = check_document(told, self.known(document), held)
        code = None if found.problems else self._code_for(document, made)
        problems = [problem.plain() for problem in found.problems]
        columns = {} if document is None else fed_columns(document)
        return {"problems": problems, "ports": found.ports, "columns": columns, "code": code}

    def trust(self, source: Any) -> None:
        """Trust a document from now on: its code may run, here and from its file."""
        remember(_read(source))

    def saved(self, source: Any) -> None:
        """Trust a document that the person has saved, if all its code is of this kernel.

        As with `Workflow.save`: what a person makes here is trusted here. Commands, and code that
        a file brought, are trusted only by `trust`.
        """
        document = _read(source)
        if not document.get("code") or is_trusted(document):
            return
        try:
            made = self.workflow(document)
            harmless = is_harmless(made) and document["code"] == self._code_for(document, None)
        except (FormatError, GraphError):
            return  # something in it is wrong, which the check tells
        if harmless:
            remember(document)

    def _code_for(self, document: Any, made: Workflow | None) -> list[str] | None:
        told = list(document.get("code", ()))
        kinds = set(_own_kinds(document["tasks"]))
        ran = self._ran.get(_text_of(document), {})
        if not kinds or (made is not None and self._at_hand(document) is None):
            return told
        if kinds <= {kind for _, kind in ran}:
            return told  # what was trusted stays as it was written
        try:
            flow = made or self.workflow(document)
            code = list(flow.document.get("code", []))
        except (FormatError, GraphError):
            return None
        if not any(isinstance(part, UnloadedTask) for part in _parts(flow)):
            _written.add("\n".join(code))
            self._ran.setdefault("\n".join(code), {}).update(ran)
        return code

    def _at_hand(self, document: Mapping[str, Any]) -> dict[str, Any] | None:
        """Give what a document's code defines, if it was written from variables that are there."""
        if _text_of(document) not in _written:
            return None
        known = {
            kind: thing for (module, kind), thing in self.known(document).items() if not module
        }
        return known if known.keys() >= set(_own_kinds(document["tasks"])) else None

    def _note(self, document: Mapping[str, Any], made: Workflow) -> None:
        own = [
            part if isinstance(part, FunctionTask) else type(part)
            for part in _parts(made)
            if kind_name(part) is None and not isinstance(part, UnloadedTask)
        ]
        self._ran[_text_of(document)] = known_tasks(own)


def needed_for(workflow: Workflow, names: Any) -> Workflow:
    """Cut a workflow down to some tasks and what they need.

    Parameters
    ----------
    workflow : Workflow
        It stays as it is.
    names : list of str
        Names of tasks.

    Returns
    -------
    Workflow
        A copy; what these tasks give are outputs of it, by task and port.

    Raises
    ------
    GraphError
        When it has no such task.
    """
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise GraphError(f"only: expected a list of names of tasks, got {names!r:.100}.")
    needed = {workflow.placed(name).name for name in names}
    for task in reversed(workflow.order()):
        if task.name in needed:
            feeding = (
                edge for port in task.inputs for edge in workflow.edges_into(task.name, port.name)
            )
            needed.update(edge.source for edge in feeding if edge.source)
    part = workflow.copy()
    for name in [name for name in part.tasks if name not in needed]:
        part.remove(name)
    for name in dict.fromkeys(names):
        for port in part.tasks[name].outputs:
            title = f"{name}.{port.name}"
            if title not in part.outputs:
                part.output(title, name, port.name)
    return part


def _read(source: Any) -> dict[str, Any]:
    if not isinstance(source, dict):  # a path would be read here, and no page may ask for that
        raise FormatError(f"document: expected an object, got {type(source).__name__}.")
    return read_document(source)


def _text_of(document: Mapping[str, Any]) -> str:
    return "\n".join(document.get("code", ()))


def _own_kinds(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Name the kinds that need code of the document itself."""
    for entry in entries:
        if "task" in entry:
            yield from _own_kinds([entry["task"]])
        elif "workflow" in entry:
            yield from _own_kinds(entry["workflow"]["tasks"])
        elif "ports" in entry and "module" not in entry:
            yield entry["kind"]


def _parts(workflow: Workflow) -> Iterator[Any]:
    for task in workflow.tasks.values():
        inner = mapped(task)
        if isinstance(inner, SubWorkflow):
            yield from _parts(inner.workflow)
        else:
            yield inner
