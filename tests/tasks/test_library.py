"""The ready tasks as a whole."""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points

import pytest

import dlaaw_nb.tasks
from dlaaw_nb.workflow import Task
from dlaaw_nb.workflow.converters import _OWN
from dlaaw_nb.workflow.library import find_kind, kind_name, ready_kinds, ready_task
from dlaaw_nb.workflow.port_type import port_type

KINDS = [name for name in ready_kinds() if name in dlaaw_nb.tasks.__all__]


def test_entry_points_and_the_package_name_the_same_tasks():
    own = {
        point.name: point.value
        for point in entry_points(group="dlaaw_nb.tasks")
        if point.value.startswith("dlaaw_nb.tasks.")
    }
    assert own == {
        name: f"dlaaw_nb.tasks.{place}:{name}" for name, place in dlaaw_nb.tasks._PLACES.items()
    }


@pytest.mark.parametrize("name", KINDS)
def test_ready_task_is_documented_and_has_ports(name):
    kind = find_kind(name)
    assert issubclass(kind, Task)
    first = inspect.getdoc(kind).partition("\n")[0]
    assert 15 < len(first) < 100
    assert first.endswith(".")
    assert kind is getattr(dlaaw_nb.tasks, name)


def test_every_converter_leads_from_its_type_to_the_other():
    for (given, wanted), name in _OWN.items():
        task = ready_task(name)
        (needed,) = (port for port in task.inputs if port.required)
        assert needed.type.accepts(port_type(given)), name
        assert port_type(wanted).accepts(task.outputs[0].type), name
        assert kind_name(task) == name


def test_name_that_is_not_known_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'NNExecutorr'"):
        dlaaw_nb.tasks.NNExecutorr  # noqa: B018
