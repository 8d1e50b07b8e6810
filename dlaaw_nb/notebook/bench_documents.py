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
from dlaaw_nb.workflow.trust import is_trusted, remember
from dlaaw_nb.workflow.unloaded import UnloadedTask, mapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dlaaw_nb.workflow.known_tasks import Known
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Documents", "needed_for"]


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
        code = "\n".join((document or {}).get("code", ()))
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
        made = build(document, trusted=trusted, label=document["name"])
        if trusted:
            self._note(document, made)
        else:
            put_in_known(made, self.known(document))
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

    def _code_for(self, document: Any, made: Workflow | None) -> list[str] | None:
        if not any("ports" in _innermost(entry) for entry in document["tasks"]):
            return list(document.get("code", ()))
        try:
            code = (made or self.workflow(document)).document.get("code", [])
        except (FormatError, GraphError):
            return None
        return list(code)

    def _note(self, document: Mapping[str, Any], made: Workflow) -> None:
        own = known_tasks(list(_own_parts(made)))
        self._ran["\n".join(document.get("code", ()))] = own


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


def _innermost(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    while "task" in entry:
        entry = entry["task"]
    return entry


def _own_parts(workflow: Workflow) -> Iterator[Any]:
    for task in workflow.tasks.values():
        inner = mapped(task)
        if isinstance(inner, SubWorkflow):
            yield from _own_parts(inner.workflow)
        elif kind_name(inner) is None and not isinstance(inner, UnloadedTask):
            yield inner if isinstance(inner, FunctionTask) else type(inner)
