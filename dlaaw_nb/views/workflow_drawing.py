"""Draws workflows: tasks with their ports and states, and what passes between them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from dlaaw_nb.views.drawing import Drawing
from dlaaw_nb.views.palette import COLOURS, GREY
from dlaaw_nb.views.shapes import shortened
from dlaaw_nb.views.text import counted
from dlaaw_nb.views.workflow_boxes import End, TaskBox
from dlaaw_nb.views.workflow_edges import draw_edge, port_dot
from dlaaw_nb.views.workflow_layout import Link, layout
from dlaaw_nb.views.workflow_legend import LIVE, NETWORK, STACK, Legend, draw_head, head_height
from dlaaw_nb.views.workflow_marks import sorted_states, states_text
from dlaaw_nb.views.workflow_scene import Scene, TaskEdge
from dlaaw_nb.views.workflow_stacks import Stack, kinds_text
from dlaaw_nb.views.workflow_words import fitted, word_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.views.workflow_boxes import Figure
    from dlaaw_nb.views.workflow_layout import Places
    from dlaaw_nb.views.workflow_scene import Line

__all__ = ["LARGE", "TaskBox", "TaskEdge", "draw_workflow", "workflow_label"]

LARGE: Final = 400_000.0
"""Pixels of a picture above which a PNG of it is coarse; tasks are then drawn small."""

_MARGIN: Final = 16.0
_LEAST: Final = 300.0  # width of a picture
_BUSY: Final = 30  # and so has one of more figures
_LABEL, _LABEL_ROOM = 9.0, 84.0  # font size of what stands on an edge, and its greatest width


def draw_workflow(
    title: str,
    boxes: Sequence[TaskBox],
    edges: Sequence[TaskEdge],
    inputs: Sequence[tuple[str, str]] = (),
    outputs: Sequence[tuple[str, str]] = (),
    text: str = "",
    *,
    fine: bool = False,
) -> Drawing:
    """Draw a workflow, from left to right.

    Parameters
    ----------
    title : str
        What stands above it; empty for nothing.
    boxes : sequence of TaskBox
        The tasks. Up to 60 are all drawn; of more, those of one kind in one layer are one stack.
    edges : sequence of TaskEdge
        What passes; one that names a task that is not there is left out.
    inputs, outputs : sequence of (str, str)
        Names of the workflow's own inputs and outputs, each with a few words on what passes.
    text : str
        What stands below the title; empty for the counts of the tasks by their states.
    fine : bool
        Whether up to 30 tasks keep their ports and notes where the picture gets so large that a PNG
        of it would be coarse: for SVG alone.

    Returns
    -------
    Drawing
        The picture; its label says what `workflow_label` gives.
    """
    scene = Scene(boxes, edges, inputs, outputs)
    figures = scene.figures(small=False)
    labels = _labels(scene, figures)
    places = _laid_out(scene, figures, labels)
    if len(figures) > _BUSY or (not fine and _area(places) > LARGE):
        figures, labels = scene.figures(small=True), {}
        places = _laid_out(scene, figures, labels, gap=9.0)
    return _drawn(title, text or _counts(boxes), boxes, scene, figures, labels, places)


def workflow_label(
    title: str, boxes: Sequence[TaskBox], inputs: int = 0, outputs: int = 0, text: str = ""
) -> str:
    """Say in words what a picture of a workflow shows.

    Parameters
    ----------
    title : str
        Name of the workflow.
    boxes : sequence of TaskBox
        Its tasks.
    inputs, outputs : int
        How many it has.
    text : str
        What is said of the tasks; empty for their counts by their states.

    Returns
    -------
    str
        ``ensemble: 4 tasks, 3 finished, 1 running. Kinds: 3 x NNExecutor, 1 x EnsembleVote.
        2 inputs, 1 output.``
    """
    name = f"{shortened(title, 120)}: " if title else ""
    kinds = kinds_text(Counter(box.kind for box in boxes), most=20)
    ends = [counted(n, noun) for n, noun in ((inputs, "input"), (outputs, "output")) if n]
    told = f" Kinds: {kinds}." if kinds else ""
    return f"{name}{text or _counts(boxes)}.{told}" + (f" {', '.join(ends)}." if ends else "")


def _counts(boxes: Sequence[TaskBox]) -> str:
    tasks = "1 task" if len(boxes) == 1 else f"{len(boxes):,} tasks" if boxes else "no tasks"
    return ", ".join(filter(None, (tasks, states_text(box.state for box in boxes))))


def _labels(scene: Scene, figures: Mapping[str, Figure]) -> dict[tuple[str, str], str]:
    """Choose what stands on the lines that leave a port, where that is the same for all."""
    leaving: dict[tuple[str, str], list[Line]] = {}
    for line in scene.lines:
        leaving.setdefault((line.source, line.source_port), []).append(line)
    labels = {}
    for port, lines in leaving.items():
        source, edges = figures[port[0]], scene.lines[lines[0]]
        words = {edge.label for line in lines for edge in scene.lines[line]}
        if isinstance(source, Stack) or isinstance(figures[lines[0].target], Stack):
            text = f"{len(edges):,}" if len(lines) == 1 and len(edges) > 1 else ""
        else:
            text = (
                "" if len(words) > 1 or (isinstance(source, End) and source.text) else words.pop()
            )
        if text:
            labels[port] = fitted(text, _LABEL_ROOM, _LABEL)
    return labels


def _laid_out(
    scene: Scene,
    figures: Mapping[str, Figure],
    labels: Mapping[tuple[str, str], str],
    gap: float = 12.0,
) -> Places:
    links = []
    for line in scene.lines:
        text = labels.get((line.source, line.source_port))
        leave = figures[line.source].outlet(line.source_port)
        enter = figures[line.target].inlet(line.target_port)
        room = word_width(text, _LABEL) + 18.0 if text else 0.0
        links.append(Link(line.source, line.target, leave, enter, room))
    names = [name for name in figures if not name.startswith("out")]
    names += [name for name in figures if name.startswith("out")]
    sizes = {name: (figure.width, figure.height) for name, figure in figures.items()}
    inputs = [name for name in names if name.startswith("in")]
    return layout(names, links, sizes, gap=gap, near=inputs)


def _drawn(
    title: str,
    text: str,
    boxes: Sequence[TaskBox],
    scene: Scene,
    figures: Mapping[str, Figure],
    labels: Mapping[tuple[str, str], str],
    places: Places,
) -> Drawing:
    width = max(places.width + 6.0, _LEAST)
    counts = text if title or not boxes else ""
    legend = Legend(_signs(boxes, scene, figures), width)
    head = head_height(title, counts)
    height = head + places.height + legend.height + 2 * _MARGIN + (8.0 if legend.height else 0.0)
    ins, outs = (sum(name.startswith(side) for name in scene.ends) for side in ("in", "out"))
    drawing = Drawing(width + 2 * _MARGIN, height, workflow_label(title, boxes, ins, outs, text))
    draw_head(drawing, title, counts, _MARGIN, _MARGIN - 4)
    top = _MARGIN + head
    _draw_lines(drawing, scene, labels, places, top)
    for name, (x, y) in places.corners.items():
        figures[name].draw(drawing, x + _MARGIN, y + top)
    for (x, y), *_ in places.routes:
        port_dot(drawing, x + _MARGIN, y + top)
    legend.draw(drawing, _MARGIN, top + places.height + 8.0)
    return drawing


def _area(places: Places) -> float:
    """Estimate how many pixels the whole picture takes."""
    return (places.width + 2 * _MARGIN + 6) * (places.height + 2 * _MARGIN + 76)


def _signs(boxes: Sequence[TaskBox], scene: Scene, figures: Mapping[str, Figure]) -> list[str]:
    signs = [*sorted_states(box.state for box in boxes)]
    live = any(edge.live for edges in scene.lines.values() for edge in edges)
    stacked = any(isinstance(figure, Stack) for figure in figures.values())
    network = any(box.is_network for box in boxes)
    more = ((NETWORK, network), (STACK, stacked), (LIVE, live))
    return [*signs, *(sign for sign, there in more if there)]


def _draw_lines(
    drawing: Drawing,
    scene: Scene,
    labels: Mapping[tuple[str, str], str],
    places: Places,
    top: float,
) -> None:
    written = set()
    for (line, edges), route in zip(scene.lines.items(), places.routes, strict=True):
        points = [(x + _MARGIN, y + top) for x, y in route]
        live = any(edge.live for edge in edges)
        width = 1.2 + min(2.4, 0.8 * math.log10(len(edges)))
        draw_edge(drawing, points, colour=COLOURS[0] if live else GREY, width=width, broken=live)
        (x, y), port = points[0], (line.source, line.source_port)
        if port in labels and port not in written:
            written.add(port)
            drawing.text(x + 10, y - 7, labels[port], size=_LABEL)
