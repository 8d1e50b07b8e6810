import importlib.util
import subprocess
import sys

import cloudpickle
import pytest

from dlaaw_nb.workflow import Workflow, task
from dlaaw_nb.workflow.fingerprint import code_fingerprint
from dlaaw_nb.workflow.pickling import pickled

HIDDEN = """
import dataclasses

from dlaaw_nb import task

FACTOR = 3

@dataclasses.dataclass
class Pair:
    a: int
    b: int

def scale(x: int) -> int:
    return x * FACTOR

def pair(x: int):
    return Pair(x, FACTOR)

def swapped(pair: object) -> int:
    return pair.a - pair.b

@task
def decorated(x: int) -> int:
    return scale(x) + 1
"""


@pytest.fixture(params=["hidden_module", "hidden_package.inner"])
def hidden(request, tmp_path, monkeypatch):
    """A module that was loaded from a place where no other process looks for it."""
    place = tmp_path / "hidden.py"
    place.write_text(HIDDEN)
    name = request.param
    top = name.partition(".")[0]
    if top != name:
        package = tmp_path / "hidden_package"
        package.mkdir()
        spec = importlib.util.spec_from_loader(top, None, is_package=True)
        spec.submodule_search_locations = [str(package)]
        monkeypatch.setitem(sys.modules, top, importlib.util.module_from_spec(spec))
    spec = importlib.util.spec_from_file_location(name, place)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def elsewhere(data):
    """Unpickle in another process, call what comes, and print it."""
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)())"
    done = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_pickle_of_a_function_that_nobody_else_can_import_has_its_code(hidden):
    import functools

    assert elsewhere(pickled(functools.partial(hidden.scale, 5))) == "15"


def test_pickle_of_what_can_be_imported_has_its_name_alone():
    assert len(pickled(pytest.raises)) < 100
    assert cloudpickle.loads(pickled(pytest.raises)) is pytest.raises


def test_pickle_of_an_object_comes_back_as_one_of_the_same_class(hidden):
    again = cloudpickle.loads(pickled(hidden.Pair(1, 2)))
    assert type(again) is hidden.Pair
    assert again == hidden.Pair(1, 2)


def test_pickle_of_a_module_that_hides_another_one_has_its_code(tmp_path, monkeypatch):
    place = tmp_path / "colorsys.py"
    place.write_text("def scale():\n    return 'mine'\n")
    spec = importlib.util.spec_from_file_location("colorsys", place)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "colorsys", module)
    spec.loader.exec_module(module)
    assert elsewhere(pickled(module.scale)) == "mine"


def test_tasks_of_a_hidden_module_run_in_processes_and_are_found_again(hidden, tmp_path):
    workflow = Workflow("hidden")
    made = workflow.add(task(hidden.pair), 5)
    workflow.output("y", workflow.add(task(hidden.swapped), made))
    workflow.output("z", workflow.add(task(hidden.scale), 5))
    workflow.output("t", workflow.add(hidden.decorated, 5))
    before = code_fingerprint(hidden.scale)
    run = workflow.run(store=tmp_path / "store", executor="processes")
    assert dict(run.outputs) == {"y": 2, "z": 15, "t": 16}
    assert code_fingerprint(hidden.scale) == before
    again = workflow.run(store=tmp_path / "store", executor="processes")
    assert again.tasks["scale1"].state == "cached"
