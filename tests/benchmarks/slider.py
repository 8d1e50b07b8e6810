"""From a slider moved in JupyterLab to the new curve drawn."""

from __future__ import annotations

import statistics
import time

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.notebook_views import laboratory
from tests.benchmarks.report import Options, Section, met, milliseconds, progress

TRIES = 40
MEDIAN_S, P95_S = 0.15, 0.2

_CELL = """
from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets, sweep_explorer
net = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=1000)
explorer = sweep_explorer(net, datasets.load("breast_cancer"), seed=range(100))
explorer
"""
# Moves a slider as a hand would, and waits for the frame in which another curve stands.
_MOVE = """([place]) => new Promise((resolve) => {
    const input = document.querySelector('.dlaaw-explorer input[data-name=seed]');
    const drawing = document.querySelector('.dlaaw-explorer .drawing');
    const before = drawing.dataset.number;
    const begin = performance.now();
    input.value = place;
    input.dispatchEvent(new Event('input'));
    const look = () => {
        if (drawing.dataset.number !== before) {
            requestAnimationFrame(() => resolve((performance.now() - begin) / 1000));
        } else requestAnimationFrame(look);
    };
    look();
})"""


def run(options: Options) -> list[Section]:
    """Move the slider of the seed, each time to a setting that was not trained yet."""
    del options
    section = Section(
        "Slider moved to new curve drawn: network 1, 5 folds, 1000 epochs each, in Chromium (ms)",
        ("what", "measured", "goal", "met"),
        notes=[f"{TRIES} moves, each to a seed that was not trained before."],
    )
    if not peers.available("ours"):
        return [section]
    with laboratory() as lab:
        if lab is None:
            progress("Chromium or JupyterLab is missing: nothing is drawn in a browser.")
            return [section]
        notebook = lab.notebook([_CELL])
        notebook.run(0)
        notebook.locator(0, ".dlaaw-explorer polyline").first.wait_for()
        seconds = []
        for place in range(1, TRIES + 1):
            seconds.append(float(notebook.ask(_MOVE, place)))
            time.sleep(0.1)
    for what, value, goal in (
        ("median", statistics.median(seconds), MEDIAN_S),
        ("95 % within", float(np.quantile(seconds, 0.95)), P95_S),
        ("slowest", max(seconds), None),
    ):
        verdict = "-" if goal is None else met(value, goal, at_least=False)
        shown = "-" if goal is None else milliseconds(goal)
        section.rows.append((what, milliseconds(value), shown, verdict))
    return [section]
