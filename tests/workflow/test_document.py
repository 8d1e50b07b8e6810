"""Documents of workflows: own code brings all that it needs, and what is saved can be loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sample_workflows import both, plus, rich, total
from work_done import calls_in

from dlaaw_nb import (
    FormatError,
    GraphError,
    Linear,
    NNWorkflow,
    RunError,
    SaveError,
    Sigmoid,
    Workflow,
    task,
)
from dlaaw_nb.workflow import FunctionTask, Map, SubWorkflow

SCRIPT = '''
import enum
import functools
import itertools as it
import math
import os.path
import re
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlaaw_nb import Workflow, task
from dlaaw_nb.workflow import Task

RATE = 0.1 + 0.2
NAMES = {"a": (1, 2.5), "b": [None, True]}
WORD = re.compile(r"\\d+", re.IGNORECASE)
HERE = Path("some") / "where"
TEXT = """two
lines"""


class Mode(enum.Enum):
    SLOW = 1
    FAST = 2


CHOSEN = Mode.FAST


class Pair(NamedTuple):
    low: float
    high: float


@dataclass
class Box:
    size: float
    marks: list = field(default_factory=list)

    @property
    def area(self):
        return side(self.size) ** 2


class Bigger(Box):
    @staticmethod
    def twice(x):
        return 2 * x

    @classmethod
    def made(cls, x):
        return cls(cls.twice(x))


def side(x):
    return math.sqrt(x * RATE)


def counted(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args) + len(NAMES)
    return inner


@counted
def wrapped(x):
    return x + sum(item for item in it.islice(it.count(), 3))


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


@functools.lru_cache
def slow(x):
    return x * 3


@task(retries=1)
def first(x: float, words: str = TEXT) -> Pair:
    """Use nearly all of it."""
    box = Bigger.made(x)
    found = len(WORD.findall("1 22 three")) + len(words) + len(OrderedDict(NAMES))
    return Pair(box.area + wrapped(found), slow(x) + even(int(x)))


def factory(offset, names=("p", "q")):
    def inner(value):
        return value + offset

    @task
    def closed(low: float, high: float) -> float:
        global RATE
        total = 0.0
        for step in (inner, lambda v: v - offset):
            total += step(low) * len(names)
        return total + high + float(np.float64(RATE)) + (CHOSEN is Mode.FAST) + len(HERE.parts)

    return closed


@dataclass(frozen=True)
class Power(Task):
    exponent: int = 2
    places: tuple[int, ...] = ()
    where: Path = Path("x")

    def run(self, base: float) -> float:
        return base**self.exponent + sum(self.places) + len(self.where.parts) + len(
            os.path.join("a", "b")
        )


wf = Workflow("zoo")
pair = wf.add(first, wf.input("x", 5.0))
joined = wf.add(factory(7), low=pair["low"], high=pair["high"])
wf.output("y", wf.add(Power(3, (1, 2), Path("a/b")), joined))
'''
SAVED = """
path = wf.save(sys.argv[1])
run = wf.run(executor="serial", store=sys.argv[2])
print(repr(run.outputs["y"]), *(wf.tasks[name].fingerprint() for name in ("first1", "Power1")))
"""


@pytest.fixture(autouse=True)
def own_trust(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    return monkeypatch


def _output_of(program: Path, *arguments: Path) -> str:
    done = subprocess.run(
        [sys.executable, program, *arguments], capture_output=True, text=True, timeout=180,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture
def script(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(SCRIPT + SAVED)
    saved = tmp_path / "zoo.dlaaw"
    return saved, _output_of(program, saved, tmp_path / "store")


@pytest.fixture
def cells(tmp_path):
    """The same code, each part in a cell of IPython."""
    program = tmp_path / "cells.py"
    parts = [part for part in (SCRIPT + SAVED).split("\n\n\n") if part.strip()]
    program.write_text(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        f"for part in {parts!r}:\n"
        "    shell.run_cell(part).raise_error()\n"
    )
    saved = tmp_path / "cells.dlaaw"
    return saved, _output_of(program, saved, tmp_path / "store")


@pytest.mark.parametrize("kind", ["script", "cells"])
def test_code_of_scripts_and_cells_computes_the_same_elsewhere(kind, request, tmp_path):
    saved, told = request.getfixturevalue(kind)
    value, *fingerprints = told.split()
    again = Workflow.load(saved)
    assert again.trusted
    run = again.run(executor="serial", store=tmp_path / "other")
    assert repr(run.outputs["y"]) == value
    assert again.document == json.loads(saved.read_text())
    assert Workflow.load(again.save(tmp_path / "twice")).document == again.document
    found = [again.tasks[name].fingerprint() for name in ("first1", "Power1")]
    assert found == fingerprints  # so that nothing runs again


def test_loaded_functions_of_functions_are_known_as_the_same_code(tmp_path, own_trust):
    def made():
        base = 7

        def shifted(x):
            return x + base

        @task
        def inner(x: int) -> int:
            return shifted(x)

        return inner

    workflow = Workflow("inner")
    workflow.output("y", workflow.add(made(), 5))
    again = Workflow.load(workflow.save(tmp_path / "inner"))
    assert again.tasks["inner1"].fingerprint() == workflow.tasks["inner1"].fingerprint()
    workflow.run(executor="serial", store=tmp_path / "store")
    run = again.run(executor="serial", store=tmp_path / "store")
    assert run.tasks["inner1"].state == "cached"


def test_loaded_code_runs_in_other_processes_and_shows_its_lines(tmp_path, own_trust):
    def root(x):
        return x**0.5 if x >= 0 else 1 / 0

    @task
    def rooted(x: float) -> float:
        return root(x)

    workflow = Workflow("roots")
    workflow.output("y", workflow.add(rooted, workflow.input("x", 9.0)))
    again = Workflow.load(workflow.save(tmp_path / "roots"))
    run = again.run(executor="processes", workers=1, store=tmp_path / "store")
    assert run.outputs["y"] == 3.0
    with pytest.raises(RunError) as raised:
        again.run(x=-1.0, executor="threads", store=tmp_path / "store")
    trace = raised.value.run.tasks["rooted1"].trace
    assert "return x**0.5 if x >= 0 else 1 / 0" in trace
    assert "roots-" in trace


@pytest.mark.parametrize("number", [0, 1, 2])
def test_default_is_what_it_was_when_the_function_was_defined(number, tmp_path):
    made = []
    for step in range(3):

        @task
        def stepped(x: int, by: int = step, *, more: int = LARGE) -> int:
            return x + by + more

        made.append(stepped)
    workflow = Workflow("defaults")
    workflow.output("y", workflow.add(made[number], 10))
    again = Workflow.load(workflow.save(tmp_path / "defaults"))
    assert again.run(executor="serial", store=tmp_path / "s").outputs["y"] == 1010 + number


LARGE = 1000


def test_class_and_its_base_inside_of_a_function_travel(tmp_path):
    from dlaaw_nb import Task as Base

    class Middle(Base):
        def run(self, x: int) -> int:
            return self.moved(x)

    class Last(Middle):
        def moved(self, x: int) -> int:
            return x + 7

    workflow = Workflow("classes")
    workflow.output("y", workflow.add(Last(), 1))
    again = Workflow.load(workflow.save(tmp_path / "classes"))
    assert again.run(executor="serial", store=tmp_path / "s").outputs["y"] == 8


def test_decorator_that_has_ended_is_refused_by_name(tmp_path):
    def local(function):
        return function

    @task
    @local
    def decorated(x: int) -> int:
        return x

    workflow = Workflow("w")
    workflow.add(decorated, 1, name="odd")
    with pytest.raises(GraphError, match=r"odd: decorated reads local .* when it is defined"):
        workflow.save(tmp_path / "w")


def test_network_comes_back_with_its_fingerprint(tmp_path):
    network = NNWorkflow([Linear(30, 4), Sigmoid(), Linear(4, 1), Sigmoid()], epochs=3)
    workflow = Workflow("net")
    workflow.add(network, dataset=workflow.input("data", "breast_cancer"))
    again = Workflow.load(workflow.save(tmp_path / "net"))
    assert again.document == workflow.document
    assert again.fingerprint() == workflow.fingerprint()
    assert again.document["tasks"][0]["kind"] == "NNWorkflow"


def test_values_keep_their_fingerprint(tmp_path):
    @task
    def three(a, b, c):
        return a, b, c

    workflow = Workflow("values")
    workflow.add(three, (1, 2.5), Path("a/b"), np.float64(0.1))
    again = Workflow.load(workflow.save(tmp_path / "values"))
    assert dict(again.values("three1")) == {"a": [1, 2.5], "b": "a/b", "c": 0.1}
    assert again.fingerprint() == workflow.fingerprint()


def test_policies_of_maps_and_inner_workflows_come_back():
    workflow = Workflow("policies")
    workflow.add(Map(plus, "x").with_policy(retries=9), [1], name="map")
    inner = Workflow("inner")
    inner.add(plus, 1)
    workflow.add(SubWorkflow(inner).with_policy(timeout_s=2.5), name="inside")
    again = Workflow.from_document(workflow.document)
    assert again.tasks["map"].policy.retries == 9
    assert again.tasks["inside"].policy.timeout_s == 2.5
    assert again.document == workflow.document


@pytest.mark.parametrize("outputs", [("a", "b"), {"a": int, "b": str}, "one", None])
def test_outputs_named_outside_of_the_function_come_back(outputs, tmp_path):
    def two(x):
        return x, str(x)

    workflow = Workflow("outputs")
    placed = workflow.add(FunctionTask(two, outputs), 1)
    workflow.output("y", placed[placed.outputs[-1].name])
    again = Workflow.load(workflow.save(tmp_path / "outputs"))
    assert again.document == workflow.document
    assert again.fingerprint() == workflow.fingerprint()
    runs = [one.run(executor="serial", store=tmp_path / "store") for one in (workflow, again)]
    assert runs[0].outputs["y"] == runs[1].outputs["y"]


def test_map_of_a_map_of_a_workflow_carries_its_code(tmp_path):
    @task
    def deep(x: int) -> int:
        return x * 10

    inner = Workflow("inner")
    inner.output("y", inner.add(deep, inner.input("x", type="int")))
    outer = Workflow("outer")
    outer.output("ys", outer.add(Map(Map(inner, "x"), "x"), [[1, 2], [3]]))
    again = Workflow.load(outer.save(tmp_path / "outer"))
    assert "def deep" in "\n".join(again.document["code"])
    assert again.run(executor="serial", store=tmp_path / "s").outputs["ys"] == [[10, 20], [30]]


def test_document_shares_nothing_between_its_entries():
    workflow = Workflow("twins")
    workflow.add(plus, 1)
    workflow.add(plus, 2)
    document = workflow.document
    document["tasks"][0]["ports"]["inputs"][0]["name"] = "changed"
    assert document["tasks"][1]["ports"]["inputs"][0]["name"] == "x"
    assert workflow.document["tasks"][0]["ports"]["inputs"][0]["name"] == "x"


def _nested(levels: int) -> Workflow:
    workflow = Workflow("w")
    for _ in range(levels):
        outer = Workflow("w")
        outer.add(workflow)
        workflow = outer
    return workflow


def _named(name: str) -> Workflow:
    workflow = Workflow("w")
    workflow.add(total, name=name)
    return workflow


def _with_input(value: object) -> Workflow:
    workflow = Workflow("w")
    workflow.input("x", value)
    return workflow


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: _nested(40), "could not be loaded again.*levels"),
        (lambda: _named("a\nb"), "name of a task"),
        (lambda: _named("a\n"), "name of a task"),
        (lambda: _named("half \ud800"), "name of a task"),
        (lambda: Workflow(""), "name of the workflow"),
        (lambda: _with_input(10**5000), "input x.*bits"),
        (lambda: _with_input(float("nan")), "input x.*finite"),
        (lambda: _with_input({1: 2}), "input x.*plain value"),
        (lambda: _with_input(object()), "input x.*plain value"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(make, told, tmp_path):
    path = tmp_path / "w.dlaaw"
    rich().save(path)
    before = path.read_bytes()
    with pytest.raises(GraphError, match=f"(?s){told}"):
        make().save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*.part")) == []


def test_folder_that_is_not_there_is_named_and_nothing_is_trusted(tmp_path):
    with pytest.raises(SaveError, match="no such folder"):
        rich().save(tmp_path / "none" / "w.dlaaw")
    assert not (tmp_path / "trust").exists()


def test_names_of_files_that_are_no_text_come_back(tmp_path):
    workflow = _with_input("half \udcff of a name")
    again = Workflow.load(workflow.save(tmp_path / "w"))
    assert again.inputs["x"].default == "half \udcff of a name"


def test_numbers_come_back_exactly(tmp_path):
    numbers = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 2**63 + 1, 1.0, 1, True]
    again = Workflow.load(_with_input(numbers).save(tmp_path / "w"))
    assert list(map(repr, again.inputs["x"].default)) == list(map(repr, numbers))


def _reads(table):
    @task
    def reads(x: int) -> int:
        return x + len(table)

    return reads


def _takes(table):
    @task
    def takes(x: int, other=table) -> int:
        return x + len(other)

    return takes


def _changes():
    count = 0

    @task
    def changes(x: int) -> int:
        nonlocal count
        count += x
        return count

    return changes


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: _reads(np.zeros(3)), "ndarray"),
        (lambda: _reads(object()), "object"),
        (_changes, "changes count of the function around it"),
        (lambda: _takes(np.zeros(3)), "ndarray"),
    ],
)
def test_code_around_which_a_file_cannot_hold_is_refused_by_name(make, told, tmp_path):
    workflow = Workflow("w")
    workflow.add(make(), 1, name="the odd one")
    with pytest.raises(GraphError, match=f"(?s)the odd one.*{told}"):
        workflow.save(tmp_path / "w")


def test_two_helpers_of_one_name_are_refused_with_both_tasks(tmp_path):
    def makes(offset):
        def helper(x):
            return x + offset

        @task
        def uses(x: int) -> int:
            return helper(x)

        return uses

    workflow = Workflow("w")
    workflow.add(makes(1), 1, name="one")
    workflow.add(makes(2), 1, name="other")
    with pytest.raises(GraphError, match=r"other.*one.*Rename"):
        workflow.save(tmp_path / "w")


def test_changed_code_and_ports_that_differ_are_told(tmp_path):
    document = Workflow("w")
    document.add(both, 1)
    changed = json.loads(json.dumps(document.document))
    changed["tasks"][0]["ports"]["inputs"][0]["name"] = "z"
    path = tmp_path / "w.dlaaw"
    path.write_text(
        json.dumps(
            {
                **changed,
                "tasks": [
                    {key: item for key, item in changed["tasks"][0].items() if key != "values"}
                ],
            }
        )
    )
    with pytest.raises(FormatError, match=r"inputs are \['z'\]"):
        Workflow.load(path).trust()


def test_large_workflow_is_written_and_read_with_little_work(tmp_path):
    workflow, last = Workflow("large"), None
    for _ in range(10_000):
        last = workflow.add(plus, 1 if last is None else last)
    workflow.document  # noqa: B018 - what is imported on first use
    assert calls_in(lambda: workflow.document) < 30 * 10_000  # about 16 each
    path = workflow.save(tmp_path / "large")
    assert calls_in(lambda: Workflow.load(path)) < 600 * 10_000  # about 300 each
    assert len(Workflow.load(path).tasks) == 10_000
