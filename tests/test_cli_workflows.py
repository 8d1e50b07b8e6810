"""The commands for workflows as a person meets them: real processes, real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow, datasets, task
from dlaaw_nb.tasks import EnsembleVote, NNExecutor

TIMEOUT_S = 120


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trusted.json"))
    return tmp_path


@pytest.fixture
def dlaaw(folder):
    """Run ``dlaaw`` with these words in the folder."""

    def run(*words, **environment):
        command = [sys.executable, "-m", "dlaaw_nb", *map(str, words)]
        return subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True,
            timeout=TIMEOUT_S, env={**os.environ, **environment},
        )  # fmt: skip

    return run


@pytest.fixture
def ensemble(folder):
    """A saved ensemble of three networks, beside its models and data."""
    data = datasets.load("breast_cancer")
    data.to_frame().to_csv(folder / "breast_cancer.csv", index=False)
    workflow = Workflow("ensemble")
    rows = workflow.input("data", "breast_cancer.csv")
    votes = []
    for i in (1, 2, 3):
        network = NNWorkflow([Linear(5, 1), Sigmoid()], epochs=20 * i, seed=i)
        network.train(data).model.save(folder / f"model{i}.json")
        model = workflow.input(f"model{i}", f"model{i}.json")
        votes.append(workflow.add(NNExecutor(), model=model, dataset=rows))
    workflow.output("prediction", workflow.add(EnsembleVote(), *votes))
    workflow.save(folder / "ensemble.dlaaw")
    return workflow


@pytest.mark.slow
def test_run_saved_ensemble_votes_and_its_file_has_a_lineage(dlaaw, ensemble, folder):
    done = dlaaw("run", "ensemble.dlaaw", "-o", "prediction=votes.csv", "--executor", "threads")
    assert done.returncode == 0, done.stderr
    assert "ensemble: finished" in done.stdout
    votes = pd.read_csv(folder / "votes.csv")
    assert len(votes) == 569
    assert {"label", "disagreement"} <= set(votes.columns)
    lineage = dlaaw("lineage", "votes.csv")
    assert lineage.returncode == 0, lineage.stderr
    for word in ("EnsembleVote1", "NNExecutor3", "model2.json", "breast_cancer.csv"):
        assert word in lineage.stdout
    again = json.loads(dlaaw("run", "ensemble.dlaaw", "--json", "--executor", "threads").stdout)
    assert {task["state"] for task in again["tasks"].values()} == {"cached"}
    listed = dlaaw("runs", "--json")
    assert [run["state"] for run in json.loads(listed.stdout)] == ["finished", "finished"]
    first, second = (run["run"] for run in json.loads(listed.stdout))
    assert dlaaw("diff", first, second).returncode == 0
    shown = dlaaw("show", first)
    assert "EnsembleVote" in shown.stdout
    prov = dlaaw("prov", first, "-o", "run.json")
    assert prov.returncode == 0, prov.stderr
    assert "wasGeneratedBy" in (folder / "run.json").read_text()


@pytest.mark.slow
def test_run_other_input_runs_only_what_depends_on_it(dlaaw, ensemble, folder):
    dlaaw("run", "ensemble.dlaaw", "--executor", "threads")
    data = datasets.load("breast_cancer")
    NNWorkflow([Linear(5, 1), Sigmoid()], epochs=3, seed=9).train(data).model.save(
        folder / "other.json"
    )
    done = dlaaw("run", "ensemble.dlaaw", "-i", "model3=other.json", "--json",
                 "--executor", "threads")  # fmt: skip
    states = {name: task["state"] for name, task in json.loads(done.stdout)["tasks"].items()}
    assert states == {
        "NNExecutor1": "cached", "NNExecutor2": "cached", "NNExecutor3": "finished",
        "EnsembleVote1": "finished",
    }  # fmt: skip


def test_run_of_code_from_elsewhere_asks_for_trust(dlaaw, folder):
    @task
    def shout(text: str) -> str:
        return text.upper()

    workflow = Workflow("loud")
    workflow.output("said", workflow.add(shout, text=workflow.input("text", "hello")))
    workflow.save(folder / "loud.dlaaw")
    nobody = {"DLAAW_TRUST": str(folder / "nobody.json")}
    refused = dlaaw("run", "loud.dlaaw", "--executor", "threads", **nobody)
    assert refused.returncode == 1
    assert "dlaaw trust" in refused.stderr
    assert "shout" in refused.stderr
    assert "upper()" in dlaaw("show", "loud.dlaaw", **nobody).stdout
    assert dlaaw("trust", "loud.dlaaw", **nobody).returncode == 0
    done = dlaaw("run", "loud.dlaaw", "--executor", "threads", "-i", "text=hi", **nobody)
    assert done.returncode == 0, done.stderr
    assert "HI" in done.stdout


def test_run_that_fails_names_the_task_and_exits_with_one(dlaaw, folder):
    @task
    def broken(x: int) -> int:
        raise ValueError("no luck")

    workflow = Workflow("unlucky")
    workflow.output("y", workflow.add(broken, x=workflow.input("x", 1)))
    workflow.save(folder / "unlucky.dlaaw")
    done = dlaaw("run", "unlucky.dlaaw", "--executor", "threads")
    assert done.returncode == 1
    assert "broken1: ValueError: no luck" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "nowhere.dlaaw"), "nowhere.dlaaw"),
        (("lineage", "nowhere.csv"), "nowhere.csv"),
        (("show", "20200101"), "20200101"),
        (("diff", "a", "b"), "a"),
    ],
)
def test_what_is_not_there_is_named(dlaaw, words, told):
    done = dlaaw(*words)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_input_without_a_name_is_a_usage_error(dlaaw):
    assert dlaaw("run", "x.dlaaw", "-i", "five").returncode == 2


def test_runs_without_any_says_how_to_start_one(dlaaw):
    assert "dlaaw run" in dlaaw("runs").stdout


def test_tasks_lists_ready_ones(dlaaw):
    listed = dlaaw("tasks").stdout
    for name in ("ReadCSV", "NNExecutor", "EnsembleVote", "Script"):
        assert f"{name} " in listed
