import json
import subprocess
import sys

import pytest

import dlaaw_nb


def test_all_is_short_and_without_doubles():
    assert len(dlaaw_nb.__all__) == len(set(dlaaw_nb.__all__)) <= 68


@pytest.mark.parametrize("name", dlaaw_nb.__all__)
def test_every_public_name_can_be_imported(name):
    thing = getattr(dlaaw_nb, name)
    if isinstance(thing, type):
        assert thing.__name__ == name
        assert thing.__doc__


def test_every_error_of_the_tree_is_public():
    from dlaaw_nb import errors

    assert set(errors.__all__) <= set(dlaaw_nb.__all__)
    assert all(issubclass(getattr(dlaaw_nb, name), dlaaw_nb.DlaawError) for name in errors.__all__)


def test_places_name_public_names_only():
    assert set(dlaaw_nb._PLACES) <= set(dlaaw_nb.__all__)


def test_dir_offers_every_public_name():
    assert set(dlaaw_nb.__all__) <= set(dir(dlaaw_nb))


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'NNWorkfow'"):
        dlaaw_nb.NNWorkfow  # noqa: B018


def test_version_is_a_version():
    assert all(part.isdigit() for part in dlaaw_nb.__version__.split(".")[:2])


def loaded(code):
    """Names of the modules that a fresh interpreter has after running code."""
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout))


def test_import_loads_nothing_but_the_package_itself():
    new = loaded("import dlaaw_nb") - loaded("import typing")
    assert new <= {"__future__", "dlaaw_nb"}


def test_making_a_network_loads_no_heavy_library():
    new = loaded(
        "from dlaaw_nb import NNWorkflow, Linear, Sigmoid, Model\n"
        "NNWorkflow([Linear(2, 1), Sigmoid()]).spec()"
    )
    heavy = {"pandas", "matplotlib", "jsonschema", "tqdm", "urllib.request", "importlib.metadata"}
    assert not heavy & new
