"""Documents of workflows become workflows; nothing in them runs unless they are trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError, FormatError, GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.code_module import run_code
from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.documents import check_header, parse_text, source_name, source_text
from dlaaw_nb.workflow.file_tasks import make_task, usual_policy
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.schema import check_workflow
from dlaaw_nb.workflow.task import Source
from dlaaw_nb.workflow.unloaded import UnloadedTask, type_named
from dlaaw_nb.workflow.view import add_view, copy_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.task import Task
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["FORMAT", "VERSION", "build", "make_real", "read_document"]

FORMAT, VERSION = "dlaaw-nb/workflow", 1
MAX_BYTES = 64 * 2**20
_READERS = {"dlaaw-nb/spec": "NNWorkflow", "dlaaw-nb/model": "Model"}


def read_document(source: Any) -> dict[str, Any]:
    """Read a document and check it; nothing in it is executed.

    Parameters
    ----------
    source : mapping, str or path
        The document itself, its JSON text, or the path of a file.

    Returns
    -------
    dict
        A copy that obeys the schema.

    Raises
    ------
    FormatError
        When it is none; the message and ``path`` name the place.
    VersionError
        When a newer version of the package wrote it.
    MissingDataError
        When there is no such file.
    """
    try:
        document = parse_text(source_text(source, MAX_BYTES), MAX_BYTES)
        check_header(document, FORMAT, VERSION, _READERS)
        check_workflow(document)
    except FormatError as error:
        raise type(error)(f"{source_name(source)}{error}", error.path) from error
    return document


def build(
    document: Mapping[str, Any],
    *,
    trusted: bool,
    label: str = "workflow",
    at_hand: Mapping[str, Any] | None = None,
) -> Workflow:
    """Make the workflow of a document.

    Parameters
    ----------
    document : mapping
        From `read_document`.
    trusted : bool
        Whether its code may run; otherwise own tasks stand there without it.
    label : str
        What tracebacks of its code say.
    at_hand : mapping or None
        What its code defines, by name, where that is at hand; None has it run.

    Returns
    -------
    Workflow
        Its parts fit together; whether it can run is for `Workflow.check`.

    Raises
    ------
    FormatError
        When parts do not fit; the message and ``path`` name the place.
    """
    text = "\n".join(document.get("code", ()))
    if at_hand is None:
        at_hand = run_code(text, label) if text and trusted else {}
    code = at_hand if trusted else None
    return _Builder(code, None if trusted else text).workflow(document, "")


def make_real(workflow: Workflow, label: str = "workflow") -> None:
    """Run the code that came with a workflow's file, and put real tasks in their places.

    Parameters
    ----------
    workflow : Workflow
        It is changed; workflows inside of it, which may be of other files, are made anew.
    label : str
        What tracebacks of its code say.

    Raises
    ------
    FormatError, GraphError
        When the code cannot be run, or does not define what the file says; the workflow then stays
        as it was.
    """
    from dlaaw_nb.workflow.workflow import Workflow

    code = run_code(workflow.code, label) if workflow.code else {}
    made = Workflow(workflow.name, workflow.description)
    for name, given in workflow.inputs.items():
        kind = None if given.type is None else type_named(given.type.name)
        made.input(name, given.default, type=kind, description=given.description)
    for name, task in workflow.tasks.items():
        made.place(_real(task, code), name)
        for port, value in workflow.values(name).items():
            made.set(name, **{port: value})
    for edge in workflow.edges:
        source = Source(edge.source, edge.source_port)
        made.join(source, Source(edge.target, edge.target_port), live=edge.live)
    for name, source in workflow.outputs.items():
        made.output(name, source)
    copy_view(workflow, made)
    made.folder = workflow.folder
    vars(workflow).update(vars(made))


def _real(task: Task, code: Mapping[str, Any]) -> Task:
    if isinstance(task, UnloadedTask):
        return make_task(task.entry, code, None)
    made: Task = task
    if isinstance(task, SubWorkflow):
        inner = task.workflow.copy()
        make_real(inner)
        made = SubWorkflow(inner)
    elif isinstance(task, Map):
        made = Map(_real(task.task, code), task.over)
    if made is not task and task.policy != usual_policy(task):
        policy = {key: getattr(task.policy, key) for key in Policy.__slots__}
        return made.with_policy(**policy)
    return made


class _Builder:
    """Makes workflows of one file.

    Parameters
    ----------
    code : mapping or None
        What its code defines; None where that has not run.
    text : str or None
        The code, where it has not run.
    """

    def __init__(self, code: Mapping[str, Any] | None, text: str | None) -> None:
        self._code, self._text = code, text

    def workflow(self, body: Mapping[str, Any], path: str) -> Workflow:
        """Make a workflow that stands at a place of the file."""
        from dlaaw_nb.workflow.workflow import Workflow

        made = Workflow(body["name"], body.get("description", ""))
        made.code, made.trusted = self._text, self._text is None
        steps = {
            "inputs": _add_input,
            "tasks": self._add_task,
            "edges": _add_edge,
            "outputs": _add_output,
        }
        for key, add in steps.items():
            for number, entry in enumerate(body[key]):
                place = f"{path}{key}[{number}]"
                try:
                    add(made, entry)
                except FormatError as error:
                    inner = f"{place}.{error.path}".rstrip(".")
                    raise type(error)(f"{place}: {error}", inner) from error
                except DlaawError as error:
                    raise FormatError(f"{place}: {error}", place) from error
        add_view(made, body.get("view", {}))
        return made

    def _add_task(self, workflow: Workflow, entry: Mapping[str, Any]) -> None:
        bare = {key: value for key, value in entry.items() if key not in _OF_PLACING}
        workflow.place(make_task(bare, self._code, self._nested), entry["name"])
        for port, value in entry.get("values", {}).items():
            workflow.set(entry["name"], **{port: value})
        if "place" in entry:  # as the first version of this package wrote it
            add_view(workflow, {"tasks": {entry["name"]: entry["place"]}})

    def _nested(self, body: Mapping[str, Any]) -> Workflow:
        return self.workflow(body, "workflow.")


_OF_PLACING = ("name", "values", "place")


def _add_input(workflow: Workflow, entry: Mapping[str, Any]) -> None:
    kind = type_named(entry["type"]) if "type" in entry else None
    workflow.input(
        entry["name"], entry.get("default", NOTHING), type=kind,
        description=entry.get("description", ""),
    )  # fmt: skip


def _add_edge(workflow: Workflow, entry: Mapping[str, Any]) -> None:
    source = Source(entry["source"], entry["port"])
    target = Source(entry["target"], entry["input"])
    if entry["input"] in workflow.values(entry["target"]):
        raise GraphError(f"{source} -> {target}: that input has a value already.")
    workflow.join(source, target, live=entry.get("live", False))


def _add_output(workflow: Workflow, entry: Mapping[str, Any]) -> None:
    workflow.output(entry["name"], Source(entry["task"], entry["port"]))
