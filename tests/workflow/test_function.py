import copy
import pickle

import cloudpickle
import pytest
import workflow_tasks
from workflow_tasks import flaky, square

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow import FunctionTask, Policy, Workflow, task


def test_task_is_still_the_function_it_was():
    assert square(3) == 9
    assert square.__name__ == "square"
    assert repr(square) == "<task square(x: int)>"
    assert square.kind == "square"


def test_task_policy_is_what_was_said():
    assert flaky.policy == Policy(retries=3, backoff_s=0.01)
    assert square.policy == Policy()
    assert square.with_policy(timeout_s=2).policy == Policy(timeout_s=2)
    with pytest.raises(GraphError, match="no policy 'patience'"):
        square.with_policy(patience=2)


@pytest.mark.parametrize(
    "changes",
    [{"retries": -1}, {"retries": 1.5}, {"backoff_s": -1}, {"timeout_s": 0}, {"cached": 1}],
)
def test_task_policy_out_of_range_is_refused(changes):
    (name,) = changes
    with pytest.raises(GraphError, match=f"{name}: expected"):
        task(**changes)(lambda x: x)


def test_policy_changes_are_what_is_not_plain():
    assert Policy().changes() == {}
    assert Policy(retries=2, cached=False).changes() == {"retries": 2, "cached": False}


@pytest.mark.parametrize("thing", [3, int, "text"])
def test_task_of_what_is_no_function_is_refused(thing):
    with pytest.raises(GraphError, match="@task: expected a function"):
        task(thing)


def test_task_lambda_has_a_name():
    workflow = Workflow()
    assert workflow.add(task(lambda x: x), x=1).name == "function1"


def test_task_copies_are_equal_and_placed_by_themselves():
    placed = square.placed("a")
    assert placed == square
    assert hash(placed) == hash(square)
    assert (placed.name, square.name) == ("a", "")
    assert copy.copy(placed).name == "a"
    assert square != flaky
    assert square != 3


def test_task_of_a_module_is_pickled_by_its_name():
    data = pickle.dumps(square.placed("a"))
    assert b"workflow_tasks" in data
    again = pickle.loads(data)  # noqa: S301 - our own
    assert again.function is workflow_tasks.square.function
    assert (again.name, again.policy) == ("a", square.policy)


def test_task_of_a_cell_is_carried_with_its_file():
    space = {"__name__": "__main__"}
    exec(compile("def f(x: int) -> int:\n    return x + k\nk = 4\n", "cell-7", "exec"), space)  # noqa: S102 - a cell
    made = task(space["f"])
    again = cloudpickle.loads(cloudpickle.dumps(made))
    assert isinstance(again, FunctionTask)
    assert again(1) == 5
    assert again.function.__code__.co_filename == "cell-7"
    assert [port.name for port in again.inputs] == ["x"]


def test_task_with_changed_policy_keeps_it_on_its_way():
    again = pickle.loads(pickle.dumps(square.with_policy(retries=5)))  # noqa: S301 - our own
    assert again.policy.retries == 5
