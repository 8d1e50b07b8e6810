"""Runs in the background: state, result, stop, failure, and what they show."""

from __future__ import annotations

import threading
import time

import pytest

from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets
from dlaaw_nb.errors import DataError, DivergenceError, PlanError
from dlaaw_nb.notebook.jobs import run_in_background

LONG = 100_000_000


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


@pytest.fixture(scope="module")
def net(data):
    made = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=200, name="n")
    made.train(data)  # compiled
    return made


def test_job_that_finishes_gives_what_the_verb_gives(net, data):
    job = run_in_background(net.train, data)
    assert job.wait(60)
    assert job.state == "finished"
    assert job.result.costs == net.train(data).costs
    assert "finished" in repr(job)


def test_job_takes_the_verbs_arguments(net, data):
    job = run_in_background(net.cross_validate, data, folds=3, stratified=True)
    job.wait(60)
    assert len(job.result.trials) == 3
    job = run_in_background(net.sweep, data, seed=[1, 2])
    job.wait(60)
    assert len(job.result.points) == 2


def test_job_stopped_keeps_the_model_so_far(net, data):
    job = run_in_background(net.replace(epochs=LONG, cost_every=1000).train, data)
    assert not job.wait(0.8)
    assert job.state == "running"
    with pytest.raises(PlanError, match=r"running.*wait"):
        _ = job.result
    began = time.perf_counter()
    job.stop()
    assert job.wait(10)
    assert time.perf_counter() - began < 5  # with the picture drawn
    assert job.state == "stopped"
    assert job.result.stopped
    assert 0 < job.result.epochs_done < LONG


def test_job_stopped_before_anything_was_trained_says_so(net, data):
    held = threading.Event()

    def waiting(given, callback, stop):
        stop.wait(10)
        return net.replace(epochs=LONG).sweep(given, seed=[1, 2], callback=callback, stop=stop)

    job = run_in_background(waiting, data)
    job.stop()
    held.set()
    job.wait(30)
    assert job.state == "stopped"
    if job._error is not None:
        with pytest.raises(PlanError, match="before anything"):
            _ = job.result


def test_job_of_data_that_do_not_fit_fails_with_their_error(net):
    job = run_in_background(net.train, [[1.0, 0], [2.0, 1]])
    assert job.wait(30)
    assert job.state == "failed"
    assert "expected 5 features" in repr(job)
    with pytest.raises(DataError, match="expected 5 features"):
        _ = job.result


def test_job_that_diverges_fails_and_its_error_holds_the_result(data):
    wild = NNWorkflow([Linear(5, 2), Linear(2, 1), Sigmoid()], learning_rate=1e39)
    job = run_in_background(wild.train, data)
    job.wait(60)
    assert job.state == "failed"
    with pytest.raises(DivergenceError) as caught:
        _ = job.result
    assert caught.value.result.diverged


def test_jobs_side_by_side_do_not_disturb_each_other(net, data):
    jobs = [run_in_background(net.replace(seed=seed).train, data) for seed in range(4)]
    assert all(job.wait(60) for job in jobs)
    for seed, job in enumerate(jobs):
        assert job.result.costs == net.replace(seed=seed).train(data).costs
