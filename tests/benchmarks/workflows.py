"""Workflows: overhead of a trivial task beside Dask's, checks, drawing, running again, passing."""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.measure import interleaved
from tests.benchmarks.report import Options, Section, met, progress
from tests.benchmarks.workflow_graphs import SHAPES, dask_graph, our_graph, random_graph, relay

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS, EDGES, DRAWN = 10_000, 100_000, 1_000
GOAL_MS = {"threads": 1.0, "processes": 3.0}


def run(options: Options) -> list[Section]:
    """Measure all of it."""
    return [_overhead(options), _graphs(options), _passing(options)]


def _overhead(options: Options) -> Section:
    section = Section(
        f"Workflows: overhead of a trivial task, {TASKS:,} in a graph, 2 workers",
        ("graph", "executor", "ours (ms a task)", "Dask delayed (ms a task)", "goal (ms)", "met",
         "not slower than Dask"),
        notes=[
            ("A task adds one to a number. Ours keeps every value by its hash, and writes all "
            "provenance to SQLite, in a new store each time; Dask keeps nothing."),
            (f"Medians of {options.rounds} interleaved rounds, graphs built before the clock "
            "starts, pools warm; Dask: `dask.compute(..., scheduler=...)`."),
        ],
    )  # fmt: skip
    for executor in GOAL_MS:
        for shape in SHAPES:
            progress(f"workflows: {shape} in {executor}")
            section.rows.append(_overhead_row(shape, executor, options))
    return section


def _overhead_row(shape: str, executor: str, options: Options) -> tuple[str, ...]:
    calls: dict[str, Callable[[], dict[str, float]]] = {
        "ours": lambda: {"ours": _ours(shape, executor)}
    }
    if importlib.util.find_spec("dask") is not None:
        calls["dask"] = lambda: {"dask": _dask(shape, executor)}
    timings = interleaved(calls, options.rounds, most=1)
    ours = 1000 * timings["ours"].median / TASKS
    theirs = 1000 * timings["dask"].median / TASKS if "dask" in timings else None
    goal = GOAL_MS[executor]
    return (
        shape, executor, f"{ours:.3f}", "-" if theirs is None else f"{theirs:.3f}", f"{goal:g}",
        met(ours, goal, at_least=False),
        "-" if theirs is None else met(ours, theirs, at_least=False),
    )  # fmt: skip


def _ours(shape: str, executor: str) -> float:
    workflow = our_graph(shape, TASKS)
    if executor == "processes":
        with tempfile.TemporaryDirectory() as folder:  # warms the pool
            our_graph("fan", 8).run(executor=executor, workers=2, store=folder)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        workflow.run(executor=executor, workers=2, store=folder)
        return time.perf_counter() - started


def _dask(shape: str, executor: str) -> float:
    import dask

    graph = dask_graph(shape, TASKS)
    started = time.perf_counter()
    dask.compute(*graph, scheduler=executor, num_workers=2)
    return time.perf_counter() - started


def _graphs(options: Options) -> Section:
    section = Section(
        "Workflows: checking, drawing, running again",
        ("what", "median (s)", "goal (s)", "met"),
        notes=["Running again: every task is found by the hashes of its code and inputs."],
    )
    wide = random_graph(EDGES // 4, 4)
    checks = _times(wide.check, options.rounds)
    section.rows.append(_row(f"check of {len(wide.edges):,} edges", checks, 2.0))
    builds = _times(lambda: random_graph(EDGES // 4, 4), options.rounds)
    section.rows.append(_row("the same, building it (each edge is checked)", builds, 2.0))
    drawn = random_graph(DRAWN, 2)
    section.rows.append(
        _row(
            f"graph of {DRAWN:,} tasks drawn (SVG, PNG, text)",
            _times(drawn._repr_mimebundle_, options.rounds),
            1.0,
        )
    )
    for executor in GOAL_MS:
        with tempfile.TemporaryDirectory() as folder:
            drawn.run(executor=executor, workers=2, store=folder)
            again = _times(
                lambda executor=executor, folder=folder: drawn.run(
                    executor=executor, workers=2, store=folder
                ),
                options.rounds,
            )
        section.rows.append(_row(f"{DRAWN:,} unchanged tasks again, {executor}", again, 1.0))
    return section


def _passing(options: Options) -> Section:
    section = Section(
        "Workflows: a table of 128 MB passes through five tasks",
        ("executor", "median (s)", "of it in the last four tasks (s)", "copies"),
        notes=[
            (
                "Each task gives what it got; the first makes the table. In threads all share its "
                "memory; between processes it is written to the store once, for all have one hash, "
                "and mapped into memory by the next."
            ),
        ],
    )
    for executor in GOAL_MS:
        seconds, later = [], []
        copies = ""
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                done = relay().run(executor=executor, workers=2, store=folder)
                seconds.append(done.seconds)
                took = [task.seconds or 0.0 for task in done.tasks.values()]
                later.append(sum(took[1:]))
                hashes = {task.outputs["output"].hash for task in done.tasks.values()}
                copies = f"{len(hashes)} in the store"
        section.rows.append(
            (
                executor,
                f"{statistics.median(seconds):.2f}",
                f"{statistics.median(later):.2f}",
                copies,
            )
        )
    return section


def _times(call: Callable[[], Any], rounds: int) -> list[float]:
    seconds = []
    for _ in range(max(3, rounds)):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return seconds


def _row(what: str, seconds: list[float], goal_s: float) -> tuple[str, ...]:
    median = statistics.median(seconds)
    return what, f"{median:.3f}", f"{goal_s:g}", met(median, goal_s, at_least=False)
