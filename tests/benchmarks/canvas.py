"""The canvas in JupyterLab: opening a large document, dragging in it, and its cost at start."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import dlaaw_nb
from tests.benchmarks.notebook_views import laboratory
from tests.benchmarks.report import Options, Section, met, milliseconds, progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TASKS, EDGES = 200, 300
LOADS, OPENINGS, DRAGS = 20, 20, 10
OPEN_S, FRAME_S, START_S, SIZE_KB = 1.5, 0.05, 0.01, 700
EXTENSION = Path(dlaaw_nb.__file__).parent / "labextension" / "static"

# From the command to the frame after the one in which all nodes and edges stand on a canvas that
# takes the mouse.
_OPEN = """([path, tasks, edges]) => new Promise((resolve) => {
    const begin = performance.now();
    window.jupyterapp.commands.execute('docmanager:open', { path });
    const look = () => {
        const tab = window.jupyterapp.shell.currentWidget?.node;
        const pane = tab?.querySelector('.dlaaw-canvas .react-flow__pane');
        if (pane && tab.querySelectorAll('.react-flow__node').length >= tasks &&
                tab.querySelectorAll('.react-flow__edge').length >= edges) {
            requestAnimationFrame(() => resolve((performance.now() - begin) / 1000));
        } else {
            requestAnimationFrame(look);
        }
    };
    look();
})"""
_CLOSE = """async () => {
    const context = window.jupyterapp.shell.currentWidget.context;
    await context.revert();
    await window.jupyterapp.commands.execute('application:close');
    return null;
}"""
_MIDDLE = """() => {
    const middle = element => {
        const box = element.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const tab = window.jupyterapp.shell.currentWidget.node;
    const [x, y] = middle(tab.querySelector('.react-flow__pane'));
    const far = ([a, b]) => Math.hypot(a - x, b - y);
    const all = [...tab.querySelectorAll('.react-flow__node')].map(middle);
    return all.sort((one, other) => far(one) - far(other))[0];
}"""
_WATCH = """() => {
    const frames = window.frames_seen = [];
    let last = performance.now();
    const tick = now => {
        frames.push((now - last) / 1000);
        last = now;
        window.watching = requestAnimationFrame(tick);
    };
    window.watching = requestAnimationFrame(now => { last = now; tick(now); });
    return null;
}"""
_SEEN = "() => { cancelAnimationFrame(window.watching); return window.frames_seen.slice(1); }"


def run(options: Options) -> list[Section]:
    """Measure what a person waits for, and what everybody pays who starts JupyterLab."""
    del options  # tries are counted here: a p95 needs them
    section = Section(
        f"Canvas in JupyterLab: {TASKS} tasks, {EDGES} edges (ms)",
        ("what", "median", "p95", "slowest", "tries", "goal, p95", "met"),
        notes=[
            "Opened: from the command to the frame after all nodes and edges stand there.",
            "Frames: the time between two, while one node is dragged by the mouse.",
            (
                "Start: the main thread's processor time until JupyterLab is restored, by the "
                "share of a profile's samples that have our scripts on the stack. The second row, "
                "which has no goal, counts what our plugins do, and what of JupyterLab they call."
            ),
        ],
    )
    for title, goal, times in _in_the_browser():
        middle, slow, worst = np.median(times), np.percentile(times, 95), max(times)
        progress(f"{title}: median {middle:.4f} s, p95 {slow:.4f} s")
        judged = ("-", "-")
        if goal is not None:
            judged = (milliseconds(goal), met(float(slow), goal, at_least=False))
        figures = (milliseconds(float(one)) for one in (middle, slow, worst))
        section.rows.append((title, *figures, str(len(times)), *judged))
    return [section, _sizes()]


def _in_the_browser() -> Iterator[tuple[str, float | None, Sequence[float]]]:
    with laboratory() as lab:
        if lab is None or not EXTENSION.is_dir():
            progress("Chromium, JupyterLab or the built extension is missing: nothing is drawn.")
            return
        path = lab.root / "large.dlaaw"
        path.write_text(json.dumps(large_document()), encoding="utf-8")
        from lab_document import Document

        document = Document(lab)
        started, first, frames = [], [], []
        for _ in range(LOADS):
            started.append(_start(document))
            first.append(document.ask(_OPEN, path.name, TASKS, EDGES))
        yield "start-up chunk loaded and evaluated", START_S, [one for one, _ in started]
        both = [one + other for one, other in started]
        yield "the same, and plugins activated", None, both
        yield "opened first in a page, canvas loaded with it", OPEN_S, first
        for _ in range(DRAGS):
            frames += _drag(document)
        yield "frames while dragging", FRAME_S, frames
        again = []
        for _ in range(OPENINGS):
            document.ask(_CLOSE)
            again.append(document.ask(_OPEN, path.name, TASKS, EDGES))
        yield "opened again", OPEN_S, again
        document.page.close()


def _start(document: Any) -> tuple[float, float]:
    """Load the page anew; gives the seconds of loading our scripts, and of what they then do.

    Sampled steps are no measure of time where other processes want the cores: a sample counts as
    its share of the processor time that the main thread had.
    """
    session = document.lab.context.new_cdp_session(document.page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")
    session.send("Profiler.enable")
    session.send("Profiler.setSamplingInterval", {"interval": 100})
    before = _busy(session)
    session.send("Profiler.start")
    document.load()
    profile = session.send("Profiler.stop")["profile"]
    spent = _busy(session) - before
    session.detach()
    nodes = {node["id"]: node for node in profile["nodes"]}
    below = _with_our_scripts(profile["nodes"])
    activated = _below(profile["nodes"], [k for k, n in nodes.items() if _is_activation(n)])
    idle = {k for k, n in nodes.items() if n["callFrame"]["functionName"] == "(idle)"}
    samples = [node for node in profile["samples"] if node not in idle]
    later = sum(node in activated for node in samples if node in below)
    first = sum(node in below for node in samples) - later
    return first * spent / len(samples), later * spent / len(samples)


def _busy(session: Any) -> float:
    """Seconds of processor time that the main thread has spent in tasks."""
    found = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in found if one["name"] == "TaskDuration")


def _is_activation(node: dict[str, Any]) -> bool:
    """Whether a function is one of ours that JupyterLab calls once all is loaded."""
    frame = node["callFrame"]
    return (
        "/dlaaw-nb/" in frame["url"]
        and "remoteEntry" not in frame["url"]
        and bool(frame["functionName"])
    )


def _with_our_scripts(nodes: Sequence[dict[str, Any]]) -> set[int]:
    """Nodes of a profile's tree that are below a function of ours, or are one."""
    return _below(nodes, [node["id"] for node in nodes if "/dlaaw-nb/" in node["callFrame"]["url"]])


def _below(nodes: Sequence[dict[str, Any]], roots: Sequence[int]) -> set[int]:
    children = {node["id"]: node.get("children", ()) for node in nodes}
    found: set[int] = set()
    rest = list(roots)
    while rest:
        node = rest.pop()
        if node not in found:
            found.add(node)
            rest += children[node]
    return found


def _drag(document: Any) -> list[float]:
    """Drag the node in the middle of the canvas about; gives the seconds between frames."""
    x, y = document.ask(_MIDDLE)
    mouse = document.page.mouse
    mouse.move(x, y)
    mouse.down()
    document.ask(_WATCH)
    for step in range(60):
        mouse.move(x + (step % 20) * 4, y + (step % 15) * 3)
    seen: list[float] = document.ask(_SEEN)
    mouse.up()
    return seen


def large_document() -> dict[str, Any]:
    """A workflow of `TASKS` tasks over tables with `EDGES` edges, the same each time."""
    from dlaaw_nb import Workflow
    from dlaaw_nb.tasks import Head, Join, ReadCSV

    rng, workflow = random.Random(0), Workflow("large")
    made = [workflow.add(ReadCSV(), workflow.input("file", "rows.csv"))]
    joins = EDGES - TASKS  # each has an edge more than the rest
    for at in range(1, TASKS):
        near = [made[rng.randrange(max(0, at - 12), at)] for _ in range(2)]
        made.append(
            workflow.add(Join(on="id"), *near) if at <= joins else workflow.add(Head(), near[0])
        )
    return workflow.document


def _sizes() -> Section:
    section = Section(
        "Extension, gzip (kB)",
        ("what", "size", "goal", "met"),
        notes=["A development build (editable install) is several times as large."],
    )
    files = [path for path in EXTENSION.rglob("*") if path.is_file() and path.suffix != ".map"]
    size = sum(len(gzip.compress(path.read_bytes())) for path in files) / 1000
    verdict = met(size, SIZE_KB, at_least=False)
    section.rows.append((f"all {len(files)} files", f"{size:.0f}", f"{SIZE_KB}", verdict))
    return section
