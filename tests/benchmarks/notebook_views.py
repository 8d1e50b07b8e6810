"""Views in a notebook: drawn in a real browser, drawn without one, and the magics loaded."""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.report import Options, Section, met, milliseconds, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TRIES = 30
LAYERS_S, NEURONS_S, TWIN_S, WIDE_TWIN_S, LOAD_S = 1.0, 1.5, 0.05, 0.5, 1.0

_MODEL = """
import numpy as np
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, layer_graph, neuron_graph
sizes = (16, 8, 5, 3, 1)
layers = [part for a, b in zip(sizes, sizes[1:]) for part in (Linear(a, b), ReLU())]
rng = np.random.default_rng(0)
data = rng.random((60, 16)), np.arange(60) % 2
network = NNWorkflow([*layers[:-1], Sigmoid()], epochs=1, batches=6)
model = network.train(data).model
"""
_WEIGHTS = 16 * 8 + 8 * 5 + 5 * 3 + 3

# From the command to the frame in which Cytoscape holds all edges of a graph that was not there
# before; it draws in that frame.
_DRAWN = """([index, edges]) => new Promise((resolve) => {
    const app = window.jupyterapp;
    const content = app.shell.currentWidget.content;
    const cell = content.widgets[index].node;
    const known = window.known = window.known || new WeakSet();
    content.deselectAll();
    content.activeCellIndex = index;
    const begin = performance.now();
    app.commands.execute('notebook:run-cell');
    const look = () => {
        for (const canvas of cell.querySelectorAll('canvas')) {
            const cy = canvas.parentElement?.parentElement?._cyreg?.cy;
            if (cy && !known.has(cy) && cy.edges().length >= edges && cy.width() > 0) {
                known.add(cy);
                requestAnimationFrame(() => resolve((performance.now() - begin) / 1000));
                return;
            }
        }
        requestAnimationFrame(look);
    };
    look();
})"""


def run(options: Options) -> list[Section]:
    """Measure what a person waits for."""
    section = Section(
        "Views in a notebook (ms)",
        ("what", "median", "p95", "tries", "goal, p95", "met"),
        notes=[
            "Drawn: from the run of the cell to the frame with all nodes and edges, in Chromium.",
            "Static twin: the MIME bundle of SVG, PNG and text, made in the kernel.",
        ],
    )
    if not peers.available("ours"):
        return [section]
    for title, goal, times in (*_in_the_browser(), *_twins(), *_loading()):
        middle, slow = np.median(times), np.percentile(times, 95)
        progress(f"{title}: median {middle:.3f} s, p95 {slow:.3f} s")
        section.rows.append(
            (
                title,
                milliseconds(float(middle)),
                milliseconds(float(slow)),
                str(len(times)),
                milliseconds(goal),
                met(float(slow), goal, at_least=False),
            )
        )
    return [section]


Row = tuple[str, float, "Sequence[float]"]


def _in_the_browser() -> Iterator[Row]:
    with laboratory() as lab:
        if lab is None:
            progress("Chromium or JupyterLab is missing: nothing is drawn in a browser.")
            return
        cells = [_MODEL, "layer_graph(network)", "neuron_graph(model)"]
        notebook = lab.notebook(cells)
        notebook.run(0)
        for title, goal, index, edges in (
            ("layer graph of 16-8-5-3-1, drawn", LAYERS_S, 1, 1),
            ("neuron graph of 16-8-5-3-1, drawn", NEURONS_S, 2, _WEIGHTS),
        ):
            times = []
            for _ in range(TRIES + 1):
                times.append(notebook.ask(_DRAWN, index, edges))
                notebook.wait_idle()
            yield title, goal, times[1:]  # the first one loads the libraries


@contextmanager
def laboratory() -> Iterator[Any]:
    """JupyterLab in a browser, or None where a part is missing."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from lab import FLAGS, Lab
        from lab_server import Server
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            yield Lab(server, browser, Path(folder))
            browser.close()
        finally:
            server.close()


def _twins() -> Iterator[Row]:
    from dlaaw_nb import layer_graph, neuron_graph

    model, wide = _model((16, 8, 5, 3, 1)), _model((784, 128, 10, 1))
    calls: list[tuple[str, float, Callable[[], object]]] = [
        ("layer graph of 16-8-5-3-1, twin", TWIN_S, lambda: layer_graph(model).twin()),
        ("neuron graph of 16-8-5-3-1, twin", TWIN_S, lambda: neuron_graph(model).twin()),
        ("layer graph of 784-128-10-1, twin", WIDE_TWIN_S, lambda: layer_graph(wide).twin()),
        ("neuron graph of 784-128-10-1, twin", WIDE_TWIN_S, lambda: neuron_graph(wide).twin()),
    ]
    for title, goal, call in calls:
        call()
        times = []
        for _ in range(TRIES):
            begin = time.perf_counter()
            call()
            times.append(time.perf_counter() - begin)
        yield title, goal, times


def _model(sizes: tuple[int, ...]) -> Any:
    from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid

    layers: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(inputs, outputs), ReLU()]
    rng = np.random.default_rng(0)
    network = NNWorkflow([*layers[:-1], Sigmoid()], epochs=1, batches=6)
    return network.train((rng.random((60, sizes[0])), np.arange(60) % 2)).model


def _loading() -> Iterator[Row]:
    from jupyter_client.manager import KernelManager

    times = []
    for _ in range(TRIES):
        manager = KernelManager()
        manager.start_kernel(stderr=subprocess.DEVNULL)
        client = manager.blocking_client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            times.append(_time(client, "%load_ext dlaaw_nb"))
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    yield "`%load_ext dlaaw_nb` in a fresh kernel", LOAD_S, times


def _time(client: Any, code: str) -> float:
    begin = time.perf_counter()
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
    seconds = time.perf_counter() - begin
    if reply["content"]["status"] != "ok":
        raise queue.Empty(f"{code}: {reply['content']}")
    return seconds
