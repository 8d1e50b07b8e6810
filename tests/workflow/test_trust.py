"""Files with code run nothing until they are trusted."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dlaaw_nb import TrustError, Workflow, task
from dlaaw_nb.tasks import Script
from dlaaw_nb.workflow.trust import distrust, is_trusted, trust, untrusted_reasons


@pytest.fixture(autouse=True)
def own_trust(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    return monkeypatch


@pytest.fixture
def planted(tmp_path):
    """A file whose code would leave a mark, as if it came from elsewhere."""
    mark = tmp_path / "mark"
    document = {
        "format": "dlaaw-nb/workflow", "version": 1, "name": "planted", "inputs": [], "edges": [],
        "tasks": [
            {"name": "a", "kind": "evil", "ports": {"inputs": [], "outputs": [
                {"name": "output", "type": "int"}]}},
        ],
        "outputs": [{"name": "y", "task": "a", "port": "output"}],
        "code": [
            "from dlaaw_nb import task",
            f"open({str(mark)!r}, 'w').close()",
            "@task",
            "def evil() -> int:",
            "    return 7",
        ],
    }  # fmt: skip
    path = tmp_path / "planted.dlaaw"
    path.write_text(json.dumps(document))
    return path, mark


def test_loading_showing_and_checking_runs_nothing(planted):
    path, mark = planted
    workflow = Workflow.load(path)
    workflow.check()
    assert "def evil" in workflow.to_code()
    assert workflow.document == json.loads(path.read_text())
    workflow._repr_mimebundle_()
    assert not mark.exists()


def test_run_is_refused_with_names_and_the_mend(planted, tmp_path):
    path, mark = planted
    with pytest.raises(TrustError, match=r"task a runs code of its own.*workflow.trust\(\)"):
        Workflow.load(path).run(store=tmp_path / "store")
    assert not mark.exists()


def test_trusted_file_runs_here_and_when_it_is_loaded_again(planted, tmp_path):
    path, mark = planted
    workflow = Workflow.load(path)
    workflow.trust()
    assert mark.exists()
    assert workflow.run(executor="serial", store=tmp_path / "store").outputs["y"] == 7
    again = Workflow.load(path)
    assert again.run(executor="threads", store=tmp_path / "store").outputs["y"] == 7
    distrust(path)
    with pytest.raises(TrustError):
        Workflow.load(path).run(store=tmp_path / "store")


def test_change_of_the_code_asks_again_but_a_move_does_not(planted):
    path, _ = planted
    trust(path)
    document = json.loads(path.read_text())
    document["tasks"][0]["place"] = [1, 2]
    document["description"] = "moved"
    assert is_trusted(document)
    document["code"][-1] = "    return 8"
    assert not is_trusted(document)


def test_what_is_saved_here_is_trusted_here_only(tmp_path, own_trust):
    @task
    def mine() -> int:
        return 1

    workflow = Workflow("mine")
    workflow.output("y", workflow.add(mine))
    path = workflow.save(tmp_path / "mine.dlaaw")
    assert Workflow.load(path).trusted
    own_trust.setenv("DLAAW_TRUST", str(tmp_path / "somebody else"))
    assert not Workflow.load(path).trusted


def test_saving_a_file_that_is_not_trusted_does_not_make_it_so(planted, tmp_path):
    path, mark = planted
    copy = Workflow.load(path).save(tmp_path / "copy.dlaaw")
    assert not Workflow.load(copy).trusted
    assert not mark.exists()


def test_commands_and_paths_that_leave_need_trust(tmp_path, own_trust):
    workflow = Workflow("w")
    workflow.add(Script(["echo", "{file}"], takes={"file": "file"}), workflow.input("f", "../x"))
    workflow.input("unused", "/etc/passwd", type="file")
    workflow.input("fine", "data/x.csv", type="file")
    workflow.input("text", "/just/text", type="str")
    reasons = untrusted_reasons(workflow)
    assert len(reasons) == 3
    assert "Script1 (Script) runs a command" in reasons[0]
    path = workflow.save(tmp_path / "w.dlaaw")
    own_trust.setenv("DLAAW_TRUST", str(tmp_path / "nobody"))
    with pytest.raises(TrustError, match="outside of its folder"):
        Workflow.load(path).run(store=tmp_path / "store")


def test_code_of_inner_workflows_needs_trust(planted, tmp_path):
    path, mark = planted
    outer = Workflow("outer")
    outer.add(Workflow.load(path))
    assert untrusted_reasons(outer) == ["task Planted1/a runs code of its own (evil)"]
    assert not mark.exists()


def test_trusted_code_travels_to_other_processes(planted, tmp_path):
    path, _ = planted
    trust(path)
    run = Workflow.load(path).run(executor="processes", workers=1, store=tmp_path / "store")
    assert run.outputs["y"] == 7


def test_two_processes_trust_at_once(planted, tmp_path):
    path, _ = planted
    code = f"from dlaaw_nb.workflow.trust import trust; trust({str(path)!r})"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert Workflow.load(path).trusted
