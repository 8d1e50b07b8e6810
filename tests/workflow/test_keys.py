import functools
import importlib
import subprocess
import sys
import textwrap
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflow_tasks import Scale, Shift, plus, square

from dlaaw_nb.workflow import Task, Workflow
from dlaaw_nb.workflow.fingerprint import UnstableError, code_fingerprint
from dlaaw_nb.workflow.flat import flatten
from dlaaw_nb.workflow.jobs import Feed
from dlaaw_nb.workflow.keys import Codes, Twins, result_key, seed_of
from dlaaw_nb.workflow.types import INT
from dlaaw_nb.workflow.values import Ref, keep

PARTIAL = """
from functools import partial
def g(x, k):
    return k
def f(x):
    return h(x)
"""


def from_source(source, name="f", **space):
    exec(textwrap.dedent(source), space)  # noqa: S102 - a cell
    return space[name]


def test_fingerprint_layout_comments_and_docstrings_do_not_count(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    texts = (
        "def f(x):\n    return x + 1\n",
        "def f(x):\n    '''Adds one.'''\n    # a comment\n    return (x +\n        1)\n",
        "\n\n\ndef f(x): return x+1\n",
        "def f(x):\n    return x + 2\n",
    )
    prints = []
    for number, text in enumerate(texts):
        (tmp_path / f"layout{number}.py").write_text(text)
        prints.append(code_fingerprint(importlib.import_module(f"layout{number}").f))
    assert prints[0] == prints[1] == prints[2] != prints[3]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(x):\n    return x + 1", "def f(x):\n    return x + 2"),
        ("k = 1\ndef f(x):\n    return x + k", "k = 2\ndef f(x):\n    return x + k"),
        ("def g(x):\n    return x\ndef f(x):\n    return g(x)",
         "def g(x):\n    return -x\ndef f(x):\n    return g(x)"),
        ("def g(x):\n    return x\ndef f(x):\n    return [g(i) for i in x]",
         "def g(x):\n    return -x\ndef f(x):\n    return [g(i) for i in x]"),
        ("def f(x, k=1):\n    return x", "def f(x, k=2):\n    return x"),
        ("def f(x, *, k=1):\n    return x", "def f(x, *, k=2):\n    return x"),
        ("def g(k):\n    return lambda x: x + k\nf = g(1)",
         "def g(k):\n    return lambda x: x + k\nf = g(2)"),
        ("class A:\n    def m(self):\n        return 1\ndef f(x):\n    return A().m()",
         "class A:\n    def m(self):\n        return 2\ndef f(x):\n    return A().m()"),
        ("class B:\n    k = 1\nclass A(B):\n    pass\ndef f(x):\n    return A.k",
         "class B:\n    k = 2\nclass A(B):\n    pass\ndef f(x):\n    return A.k"),
        (f"{PARTIAL}h = partial(g, k=1)", f"{PARTIAL}h = partial(g, k=2)"),
        ("table = {'a': [1, 2]}\ndef f(x):\n    return table",
         "table = {'a': [1, 3]}\ndef f(x):\n    return table"),
        ("fs = [lambda x: x]\ndef f(x):\n    return fs[0](x)",
         "fs = [lambda x: -x]\ndef f(x):\n    return fs[0](x)"),
        ("def f(x):\n    return x < 1", "def f(x):\n    return x > 1"),
    ],
)  # fmt: skip
def test_fingerprint_what_decides_the_result_counts(before, after):
    assert code_fingerprint(from_source(before)) == code_fingerprint(from_source(before))
    assert code_fingerprint(from_source(before)) != code_fingerprint(from_source(after))


def test_fingerprint_sees_what_is_read_from_a_module_of_the_person(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_helpers.py").write_text(
        "def g(x):\n    return x\ndef other():\n    return 1\n"
    )
    helpers = importlib.import_module("own_helpers")

    def f(x):
        return helpers.g(x)

    before = code_fingerprint(f)
    helpers.other = lambda: 2
    assert code_fingerprint(f) == before
    helpers.g = lambda x: -x
    assert code_fingerprint(f) != before


def test_fingerprint_wrapper_and_what_it_wraps_both_count():
    def wrapped_with(extra, inner):
        @functools.wraps(inner)
        def wrapper(x):
            return inner(x) + extra

        return wrapper

    def one(x):
        return x

    def two(x):
        return -x

    prints = {code_fingerprint(wrapped_with(e, f)) for e in (1, 2) for f in (one, two)}
    assert len(prints) == 4


def test_fingerprint_of_what_cannot_be_hashed_names_it():
    import threading

    lock = threading.Lock()

    def f(x):
        return lock

    with pytest.raises(UnstableError, match="reads lock from around it, a lock"):
        code_fingerprint(f)


def test_fingerprint_is_the_same_in_another_process():
    script = """
        from dlaaw_nb.workflow.fingerprint import code_fingerprint
        space = {}
        words = {"alpha", "beta", "gamma", "delta"}
        exec("def f(x):\\n    return x in words or x in {'a', 'b', 'c', 'd'}",
             {"words": words, "s": space}, space)
        print(code_fingerprint(space["f"]))
    """
    told = {
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script)],
            capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(told) == 1


def test_fingerprint_of_objects_of_a_script_s_classes_follows_their_code_and_state(tmp_path):
    script = """
        from collections import deque
        from dlaaw_nb.workflow.fingerprint import code_fingerprint

        class Pair:
            def __init__(self, a):
                self.a = a
            def scaled(self):
                return self.a * {factor}

        pairs = deque([Pair({a}), Pair(2)])

        def f():
            return [pair.scaled() for pair in pairs]

        print(code_fingerprint(f))
    """

    def told(**values):
        place = tmp_path / "script.py"
        place.write_text(textwrap.dedent(script).format(**values))
        done = subprocess.run(
            [sys.executable, str(place)], capture_output=True, text=True, check=True
        )
        return done.stdout

    first = told(a=1, factor=3)
    assert told(a=1, factor=3) == first
    assert len({first, told(a=1, factor=4), told(a=5, factor=3)}) == 3


def test_fingerprint_of_a_function_that_calls_itself_ends():
    def f(x):
        return f(x - 1) if x else 0

    assert code_fingerprint(f) == code_fingerprint(f)


def test_fingerprint_classes_of_the_package_are_known_by_its_version():
    from dlaaw_nb.workflow.code_values import around, is_installed

    assert is_installed(Task)
    assert [name for name, _ in around(Task)] == ["base object"]


def test_fingerprint_of_tasks_takes_in_their_parameters_and_state():
    prints = [t.fingerprint() for t in (Scale(2), Scale(3), Shift(1), Shift(2))]
    assert len(set(prints)) == 4
    assert Scale(2).placed("a").fingerprint() == Scale(2).with_policy(retries=3).fingerprint()


def test_codes_tasks_that_run_the_same_code_share_a_name():
    codes = Codes()

    @dataclass(frozen=True)
    class Own(Task):
        by: int
        name_of: tuple = ()

        def run(self, x: int) -> int:
            return x

    names = [
        codes.of(one)[0]
        for one in (Own(1), Own(1).placed("a"), Own(2), Own(1, ("x",)), Own(True), Own(1.0))
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 5
    assert codes.of(square)[0] == codes.of(square.placed("b"))[0] != codes.of(plus)[0]


def test_codes_states_of_instances_that_are_no_dataclasses_are_kept_apart():
    codes = Codes()
    assert codes.of(Shift(1))[0] == codes.of(Shift(1))[0] != codes.of(Shift(2))[0]
    held = Shift([1, {"a": object()}])
    assert codes.of(held)[0] != codes.of(Shift([1, {"a": object()}]))[0]


def ranks(workflow, values=None):
    flat = flatten(workflow)
    codes = Codes()
    for node in flat.nodes.values():
        node.code, node.fingerprint = codes.of(node.task)
    inputs = {
        name: keep((values or {}).get(name, one.default), INT, None)[0]
        for name, one in flat.inputs.items()
    }
    Twins().rank(flat.nodes.values(), inputs)
    return {name: node.rank for name, node in flat.nodes.items()}


def test_twins_same_code_and_inputs_are_counted():
    workflow = Workflow()
    first, second = workflow.add(square, x=1), workflow.add(square, x=1)
    workflow.add(square, x=2)
    workflow.add(square, x=workflow.input("x", 1))
    workflow.add(square, x=first)
    workflow.add(square, x=second)
    assert list(ranks(workflow).values()) == ["0", "1", "0", "2", "0", "1"]


def test_result_key_depends_on_all_that_is_fed():
    def feed(value, filename=""):
        ref, _ = keep(value, INT, None)
        ref.filename = filename
        return Feed([ref], ("",))

    parts = ("print", "0", "0")
    keys = {
        result_key(parts, {"x": feed(1)}),
        result_key(parts, {"x": feed(2)}),
        result_key(parts, {"y": feed(1)}),
        result_key(parts, {"x": feed(1, "a.csv")}),
        result_key(("print", "1", "0"), {"x": feed(1)}),
        result_key(("other", "0", "0"), {"x": feed(1)}),
        result_key(parts, {"x": Feed([feed(1).refs[0]], ("TextToInt",))}),
        result_key(parts, {}),
    }
    assert len(keys) == 8
    assert result_key(("", "0", "0"), {"x": feed(1)}) == ""
    assert result_key(parts, {"x": Feed([Ref(INT)], ("",))}) == ""


@given(st.text(), st.integers(), st.text())
def test_seed_of_is_a_number_of_32_bits(key, seed, name):
    assert 0 <= seed_of(key, seed, name) < 2**32
    assert seed_of(key, seed, name) == seed_of(key, seed, name)
