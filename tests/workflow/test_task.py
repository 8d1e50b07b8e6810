import pytest

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow import ARRAY, Port, Task, counted_name


class Split(Task):
    @property
    def inputs(self):
        return (Port("rows", ARRAY, "input"),)

    @property
    def outputs(self):
        return (Port("train", ARRAY, "output"), Port("test", ARRAY, "output"))


def test_task_plain_has_no_ports():
    assert Task().inputs == Task().outputs == ()
    assert Task().kind == "Task"


def test_task_placed_is_a_named_copy():
    task = Split()
    placed = task.placed("Split1")
    assert (placed.name, task.name) == ("Split1", "")
    assert type(placed) is Split


def test_task_only_port_is_found_without_a_name():
    assert Split().input().name == "rows"


def test_task_port_is_found_by_name():
    assert Split().output("test").name == "test"


def test_task_several_ports_without_a_name_are_listed():
    with pytest.raises(GraphError, match=r"Split: expected exactly one output .* train, test"):
        Split().output()


def test_task_unknown_port_lists_the_known():
    with pytest.raises(
        GraphError, match=r"Split9: no output port 'tset'. Choose one of: train, test"
    ):
        Split().placed("Split9").output("tset")


def test_counted_name_counts_each_kind_by_itself():
    counts = {}
    names = [counted_name(kind, counts) for kind in ("Linear", "ReLU", "Linear")]
    assert names == ["Linear1", "ReLU1", "Linear2"]
