from __future__ import annotations

import collections.abc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypedDict

import numpy as np
import pandas as pd
import pytest

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.port_type import port_type
from dlaaw_nb.workflow.signature import annotated_type, input_ports, output_ports

if TYPE_CHECKING:
    from numpy import ndarray as only_for_checkers


class Own:
    pass


class Several(NamedTuple):
    first: int
    second: pd.DataFrame


class Typed(TypedDict):
    a: str
    b: float


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (int, "int"), (float, "float"), (str, "str"), (bool, "bool"), (Path, "file"),
        (np.ndarray, "array"), (pd.DataFrame, "table"), (dict, "mapping"), (list, "list"),
        (tuple, "list"), (dict[str, int], "mapping"), (list[int], "list"),
        (collections.abc.Sequence, "list"), (Any, "any"), (object, "any"),
        (int | None, "int"), (int | str, "any"),
        (Literal["a", "b"], "str"), (Annotated[int, "more"], "int"),
        ("table", "table"), ("pd.DataFrame", "table"), ("np.ndarray | None", "array"),
        ("SomethingElse", "any"), (port_type("array"), "array"), (Own, "Own"),
    ],
)  # fmt: skip
def test_annotated_type_of_an_annotation(annotation, name):
    assert annotated_type(annotation).name == name


def test_annotated_type_of_an_own_class_takes_its_objects_alone():
    kind = annotated_type(Own)
    assert kind.check(Own()) is None
    assert kind.check(3) == "expected Own (an object of Own), got int"


def test_input_ports_defaults_and_none_are_optional_and_stars_take_many():
    def f(a: int, b: int | None, *parts: float, c: str = "x", d: Path):
        pass

    ports = [(p.name, p.type.name, p.required, p.many) for p in input_ports(f)]
    assert ports == [
        ("a", "int", True, False), ("b", "int", False, False), ("parts", "float", False, True),
        ("c", "str", False, False), ("d", "file", True, False),
    ]  # fmt: skip


def test_input_ports_of_a_method_leave_self_out():
    class A:
        def run(self, x: int) -> int:
            return x

    assert [port.name for port in input_ports(A.run, method=True)] == ["x"]


def test_input_ports_double_star_is_refused():
    def f(**names):
        pass

    with pytest.raises(GraphError, match=r"\*\*names cannot be read as ports"):
        input_ports(f)


def test_input_ports_names_that_are_only_for_checkers_stay_what_they_say():
    def f(x: only_for_checkers, y: int) -> pd.DataFrame:
        pass

    assert [port.type.name for port in input_ports(f)] == ["any", "int"]
    assert [port.type.name for port in output_ports(f)] == ["table"]


@pytest.mark.parametrize(
    ("annotation", "given", "ports"),
    [
        (int, None, {"output": "int"}),
        (int | None, None, {"output": "any"}),
        (None, None, {}),
        (Several, None, {"first": "int", "second": "table"}),
        (Typed, None, {"a": "str", "b": "float"}),
        (tuple[int, str], ("a", "b"), {"a": "int", "b": "str"}),
        (Any, ("a", "b"), {"a": "any", "b": "any"}),
        (int, "only", {"only": "int"}),
        (dict, {"a": int, "b": "table"}, {"a": "int", "b": "table"}),
        (Several, ("x", "y"), {"x": "int", "y": "table"}),
    ],
)
def test_output_ports_from_annotation_and_names(annotation, given, ports):
    def f():
        pass

    f.__annotations__["return"] = annotation
    assert {p.name: p.type.name for p in output_ports(f, given)} == ports


def test_output_ports_without_annotation_is_one_of_any_type():
    assert [(p.name, p.type.name) for p in output_ports(lambda x: x)] == [("output", "any")]


def test_output_ports_of_another_count_are_refused():
    def f() -> tuple[int, str]:
        pass

    with pytest.raises(GraphError, match=r"outputs names 3 .*, but its annotation has 2"):
        output_ports(f, ("a", "b", "c"))
