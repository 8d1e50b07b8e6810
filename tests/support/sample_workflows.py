"""Tasks and workflows that tests of files and code share."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from dlaaw_nb.workflow import Task, Workflow, task

LIMIT = 3
TABLE = {"a": (1, 2.5), "b": ("x", None)}


def helper(x):
    return x + LIMIT + len(TABLE)


@task(retries=2)
def plus(x: int, y: int = 5) -> int:
    """Add a helper's number."""
    return helper(x) + y


@task(outputs=("low", "high"))
def both(x: int):
    return min(x, 0), max(x, 0)


@task
def total(*parts: int) -> int:
    return sum(parts)


@task
def count_up(n: int) -> list:
    return list(itertools.islice(itertools.count(), n))


@dataclass(frozen=True)
class Scale(Task):
    """A class of a person."""

    factor: float = 2.0
    pair: tuple[int, ...] = (1, 2)

    def run(self, value: int) -> float:
        return self.factor * value + sum(self.pair)


def rich():
    """A workflow with something of everything."""
    inner = Workflow("inner")
    inner.output("y", inner.add(plus, inner.input("x", 2), 7))
    workflow = Workflow("outer", "Has something of everything.")
    x = workflow.input("x", 3, description="a number")
    up = workflow.add(count_up, n=4)
    mapped = workflow.map(plus.with_policy(retries=0), {"x": up}, y=2)
    inside = workflow.add(inner, x=x)
    workflow.map(inner, {"x": up})
    parts = workflow.add(both, x)
    everything = workflow.add(total, parts["low"], parts["high"], inside, name="all of it")
    workflow.add(Scale(3.5, (4, 5)), everything, name="class")
    workflow.output("sum", everything)
    workflow.output("list", mapped)
    workflow.places["both1"] = (3.5, -4)
    workflow.input_places["x"], workflow.output_places["sum"] = (-200, 0), (400, 7.5)
    return workflow


def random_workflow(seed: int):
    """A random graph of sums and others, with odd names."""
    rng = random.Random(seed)
    workflow = Workflow(rng.choice(["w", 'quo"te', "from", "a b", "ünï", "<b>x</b>"]))
    sources = [workflow.input(name, rng.randint(0, 9)) for name in ("x", "class", "in put")]
    for number in range(rng.randint(1, 9)):
        kind = rng.choice([plus, total, both])
        chosen = [rng.choice(sources) for _ in range(rng.randint(1, 3))]
        name = rng.choice([None, f"t{number}", f"odd {number}", f"for'{number}", f"wf_{number}"])
        if kind is total:
            placed = workflow.add(total, *chosen, name=name)
        else:
            placed = workflow.add(kind, chosen[0], name=name)
        sources.append(placed["high"] if kind is both else placed)
        if rng.random() < 0.3:
            workflow.places[placed.name] = (rng.random(), number)
    last = list(workflow.tasks.values())[-1]
    workflow.output("out put", last[last.outputs[0].name])
    return workflow
