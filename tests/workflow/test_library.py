from dataclasses import dataclass

import pytest
from workflow_tasks import plus, square

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow import Task
from dlaaw_nb.workflow import converters as known_converters
from dlaaw_nb.workflow.converters import converter, offer, register_converter
from dlaaw_nb.workflow.library import (
    find_kind,
    kind_name,
    ready_kinds,
    ready_task,
    register_task,
)
from dlaaw_nb.workflow.port_type import port_type


@dataclass(frozen=True)
class LibraryScale(Task):
    factor: int = 2

    def run(self, x: int) -> int:
        return self.factor * x


register_task(LibraryScale)


def test_ready_task_is_made_with_its_parameters():
    assert ready_task("LibraryScale") == LibraryScale()
    assert ready_task("LibraryScale", {"factor": 5}) == LibraryScale(5)
    assert find_kind("LibraryScale") is LibraryScale
    assert "LibraryScale" in ready_kinds()


def test_ready_task_of_a_function_is_itself():
    register_task(plus, "library_plus")
    assert ready_task("library_plus") is plus


def test_ready_task_unknown_names_what_is_near():
    with pytest.raises(GraphError, match="Did you mean LibraryScale"):
        ready_task("LibraryScales")


def test_ready_task_with_parameters_that_do_not_fit_is_refused():
    with pytest.raises(GraphError, match=r"LibraryScale: .*Check its parameters"):
        ready_task("LibraryScale", {"power": 5})


def test_register_task_twice_is_the_same_and_another_is_refused():
    register_task(LibraryScale)

    @dataclass(frozen=True)
    class Other(Task):
        pass

    with pytest.raises(GraphError, match="has that name already"):
        register_task(Other, "LibraryScale")


def test_kind_name_of_ready_tasks_and_of_own_ones():
    assert kind_name(LibraryScale(3)) == "LibraryScale"
    assert kind_name(square) is None


def test_converters_of_the_package_are_known():
    assert converter("file", "table") == "ReadTable"
    assert converter("table", "int") is None
    assert offer(port_type("table"), port_type("array")) == "TableToArray"
    assert offer(port_type("figure"), port_type("int")) is None


def test_register_converter_adds_one_and_refuses_a_second(monkeypatch):
    monkeypatch.setattr(known_converters, "_added", {})
    register_converter("int", "table", "LibraryScale")
    assert converter("int", "table") == "LibraryScale"
    register_converter("int", "table", "LibraryScale")
    with pytest.raises(GraphError, match="LibraryScale is registered already"):
        register_converter("int", "table", "Other")
