"""Graphs of trivial tasks, ours and Dask's."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow import Workflow, task

if TYPE_CHECKING:
    import pandas as pd

SHAPES = ("fan", "layers", "chain")
_WIDTH = 100


def increment(x: int) -> int:
    """Add one."""
    return x + 1


increment_task = task(increment)


@task
def total(*parts: int) -> int:
    """Add up."""
    return sum(parts)


@task
def make_table(rows: int) -> pd.DataFrame:
    """Make a table of eight columns."""
    import numpy as np
    import pandas as pd

    numbers = np.arange(rows * 8, dtype=np.float64).reshape(8, rows)
    return pd.DataFrame({f"c{i}": column for i, column in enumerate(numbers)})


@task
def same(table: pd.DataFrame) -> pd.DataFrame:
    """Give what came."""
    return table


def our_graph(shape: str, count: int) -> Workflow:
    """A graph of so many increments: all apart, in layers of a hundred, or in one chain."""
    workflow = Workflow(shape)
    width = {"fan": count, "layers": _WIDTH, "chain": 1}[shape]
    # Numbers that do not meet, so that no two tasks are the same.
    last = [workflow.add(increment_task, x=i * count) for i in range(min(width, count))]
    for _ in range(count // width - 1):
        last = [workflow.add(increment_task, x=before) for before in last]
    return workflow


def dask_graph(shape: str, count: int) -> list[Any]:
    """The same in Dask."""
    from dask import delayed

    width = {"fan": count, "layers": _WIDTH, "chain": 1}[shape]
    lazy = delayed(increment)
    last = [lazy(i * count) for i in range(min(width, count))]
    for _ in range(count // width - 1):
        last = [lazy(before) for before in last]
    return last


def random_graph(count: int, inputs: int) -> Workflow:
    """A graph of sums over so many tasks before, at random."""
    rng = random.Random(0)
    workflow = Workflow("random")
    placed: list[Any] = []
    for number in range(count):
        before = [rng.choice(placed) for _ in range(inputs)] if placed else []
        placed.append(workflow.add(total, *before) if before else workflow.add(total, number))
    workflow.output("last", placed[-1])
    return workflow


def relay() -> Workflow:
    """A table of 128 MB that passes through four more tasks."""
    workflow = Workflow("relay")
    last = workflow.add(make_table, rows=2_000_000)
    for _ in range(4):
        last = workflow.add(same, table=last)
    workflow.output("table", last)
    return workflow
