"""How a workflow shows itself: a picture of its tasks and of what passes between them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.boundary import NOTHING
from dlaaw_nb.workflow.composing import Composable

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from dlaaw_nb.views.drawing import Drawing
    from dlaaw_nb.views.workflow_boxes import TaskBox
    from dlaaw_nb.views.workflow_scene import TaskEdge
    from dlaaw_nb.workflow.boundary import WorkflowInput
    from dlaaw_nb.workflow.graph import Edge
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Told", "WorkflowShown", "mime_bundle", "workflow_drawing"]

_LETTERS: Final = 40  # of a value that is written into the picture
_PLAIN: Final = (str, int, float, os.PathLike)

Bundle = tuple[dict[str, Any], dict[str, Any]]


class Told(NamedTuple):
    """What is told of a task besides its kind and ports.

    Attributes
    ----------
    state : str
        Its state; empty before a run.
    seconds : float or None
        How long it took, or has taken so far.
    note : str
        A few words more.
    """

    state: str = ""
    seconds: float | None = None
    note: str = ""


class WorkflowShown(Composable):
    """The views of a workflow; an implementer is a `Workflow`."""

    def plot(self) -> Drawing:
        """Draw the workflow.

        Returns
        -------
        Drawing
            Its tasks from left to right, with their ports, and what passes between them;
            ``to_svg()``, ``to_png()``, ``to_html()``.
        """
        return workflow_drawing(cast("Workflow", self))

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> Bundle:
        """Give the static forms (https://ipython.readthedocs.io)."""
        flow = cast("Workflow", self)
        return mime_bundle(
            lambda: repr(self),
            lambda drawing: _html(flow, drawing),
            lambda fine: workflow_drawing(flow, fine=fine),
            include, exclude,
        )  # fmt: skip


def mime_bundle(
    text: Callable[[], str],
    html: Callable[[Drawing], str],
    draw: Callable[[bool], Drawing],
    include: Container[str] | None = None,
    exclude: Container[str] | None = None,
) -> Bundle:
    """Make the forms that a front end asks for, and no others.

    Parameters
    ----------
    text, html : callable
        Make the plain text, and the HTML with a drawing in it.
    draw : callable
        Makes the drawing: True for SVG, False for a PNG, which cannot show as much.
    include, exclude : container of str, or None
        MIME types that are wanted, and that are not.

    Returns
    -------
    data, metadata : dict
        A MIME bundle and its metadata.
    """
    from dlaaw_nb.views.workflow_drawing import LARGE

    def wanted(kind: str) -> bool:
        return (include is None or kind in include) and (exclude is None or kind not in exclude)

    data: dict[str, Any] = {"text/plain": text()} if wanted("text/plain") else {}
    drawing = draw(True) if wanted("text/html") else None
    if drawing is not None:
        data["text/html"] = html(drawing)
    if not wanted("image/png"):
        return data, {}
    if drawing is None or drawing.width * drawing.height > LARGE:
        drawing = draw(False)
    data["image/png"] = drawing.to_png()
    return data, {"image/png": drawing.png_metadata()}


def workflow_drawing(
    workflow: Workflow,
    told: Mapping[str, Told] | None = None,
    given: Mapping[str, Any] | None = None,
    title: str = "",
    text: str = "",
    *,
    fine: bool = False,
) -> Drawing:
    """Draw a workflow, perhaps in the course of a run.

    Parameters
    ----------
    workflow : Workflow
        What is drawn; a workflow inside of it, and a map, are one box.
    told : mapping of str to Told, or None
        What is told of its tasks by their names.
    given : mapping of str to object, or None
        Values of its inputs that stand for their defaults.
    title, text : str
        What stands above it; empty for its name, and for counts of its tasks.
    fine : bool
        Whether it shows more than a PNG of it could: for SVG alone.

    Returns
    -------
    Drawing
        The picture; of a large workflow tasks of one kind are drawn as one.
    """
    from dlaaw_nb.views.workflow_drawing import draw_workflow

    types = _types(workflow)
    told = told or {}
    boxes = [_box(workflow, name, told.get(name)) for name in workflow.tasks]
    edges = [_edge(edge, types) for edge in workflow.edges]
    edges += [
        _edge_out(name, source.task, source.port) for name, source in workflow.outputs.items()
    ]
    inputs = [
        (name, _input_text(declared, types.get(("", name), ""), (given or {}).get(name, NOTHING)))
        for name, declared in workflow.inputs.items()
    ]
    outputs = [
        (name, types.get((source.task, source.port), ""))
        for name, source in workflow.outputs.items()
    ]
    return draw_workflow(title or workflow.name, boxes, edges, inputs, outputs, text, fine=fine)


def _types(workflow: Workflow) -> dict[tuple[str, str], str]:
    """Name what each output gives, and each input of the workflow, where it is known."""
    types: dict[tuple[str, str], str] = {}
    taken: dict[tuple[str, str], str] = {}
    for name, task in workflow.tasks.items():
        types.update({(name, port.name): port.type.name for port in task.outputs})
        if workflow.inputs:
            taken.update({(name, port.name): port.type.name for port in task.inputs})
    for edge in workflow.edges if workflow.inputs else ():
        if not edge.source:
            types.setdefault(("", edge.source_port), taken.get((edge.target, edge.target_port), ""))
    for name, declared in workflow.inputs.items():
        if declared.type is not None:
            types["", name] = declared.type.name
    return {place: "" if name == "any" else name for place, name in types.items()}


def _box(workflow: Workflow, name: str, told: Told | None) -> TaskBox:
    from dlaaw_nb.views.workflow_boxes import TaskBox
    from dlaaw_nb.views.workflow_folds import WHOLE

    task = workflow.tasks[name]
    values = workflow.values(name)
    state, seconds, note = told or Told()
    return TaskBox(
        name,
        task.kind,
        tuple(port.name for port in task.inputs),
        tuple(port.name for port in task.outputs),
        state,
        seconds,
        # Of many tasks none has room for words.
        note.strip() or (_constants(values) if len(workflow.tasks) <= WHOLE else "") or note,
        tuple(values),
    )


def _constants(values: Mapping[str, Any]) -> str:
    pairs = ((port, _value_text(value)) for port, value in values.items())
    return ", ".join(f"{port} = {text}" for port, text in pairs if text)


def _edge(edge: Edge, types: Mapping[tuple[str, str], str]) -> TaskEdge:
    from dlaaw_nb.views.workflow_scene import TaskEdge

    label = types.get((edge.source, edge.source_port), "")
    return TaskEdge(edge.source, edge.source_port, edge.target, edge.target_port, label, edge.live)


def _edge_out(output: str, task: str, port: str) -> TaskEdge:
    from dlaaw_nb.views.workflow_scene import TaskEdge

    return TaskEdge(task, port, "", output)


def _input_text(declared: WorkflowInput, kind: str, value: Any) -> str:
    text = _value_text(declared.default if value is NOTHING else value)
    return f"{kind} = {text}" if kind and text else kind or text


def _value_text(value: Any) -> str:
    """Write a value that a person typed; of others, and of secrets in a URL, nothing."""
    if not isinstance(value, _PLAIN):
        return ""
    from dlaaw_nb.views.shapes import shortened
    from dlaaw_nb.views.text import value_text

    text = os.fspath(value) if isinstance(value, os.PathLike) else value_text(value)
    if "://" in text:
        from dlaaw_nb.store.remotes import shown_url

        text = shown_url(text)
    if len(text) > _LETTERS and "/" in text:
        text = f"…/{text.rpartition('/')[2]}"  # of a long path the end tells more
    return shortened(text, _LETTERS)


def _html(workflow: Workflow, drawing: Drawing) -> str:
    from dlaaw_nb.views.html import note, section

    parts = [drawing.to_html()]
    try:
        workflow.check()
    except GraphError as error:
        parts.append(note(f"It cannot run yet. {error}"))
    return section(workflow.description, *parts) if workflow.description else "".join(parts)
