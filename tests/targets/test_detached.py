"""Jobs that go on when nobody is connected, and are found again; a real sshd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
from board_settings import settings_of
from engine_support import make_data, make_spec, run, trials
from sshd import Sshd

from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid
from dlaaw_nb.errors import PlanError, TargetError
from dlaaw_nb.targets import Job, gateway, remote, submit
from dlaaw_nb.targets.detached import submit_detached
from dlaaw_nb.targets.remote import SshService

pytestmark = pytest.mark.cluster
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with Sshd(tmp_path_factory.mktemp("detached")) as made:
        yield made


@pytest.fixture
def named(board, monkeypatch):
    """The board is a target of the name it has."""
    settings = settings_of(board)
    monkeypatch.setattr(gateway, "settings_of", {board.name: settings}.get)
    return board.name


def parameters(events):
    return {
        t["trial"]: {k: v.tobytes() for k, v in t["parameters"].items()} for t in trials(events)
    }


def workers(board):
    return [p for p in board.processes() if any("worker-" in word for word in p.command)]


def test_job_is_found_again_with_all_its_events(board, named):
    spec, data = make_spec(LAYERS, {"folds": 3}, epochs=40), make_data(200, 3)
    job = submit(spec, data, named, detached=True)
    first = list(job.events())
    again = Job.attach(job.id)
    assert again.spec["plan"]["folds"] == 3
    assert parameters(again.events()) == parameters(first) == parameters(run(spec, data))
    rest = list(Job.attach(job.id, skip=len(first) - 2).events())
    assert [e["event"] for e in rest] == [e["event"] for e in first[-2:]]


def test_job_outlives_who_started_it(board, named):
    program = (
        "import sys; sys.path[:0] = [{support!r}]\n"
        "from pathlib import Path\n"
        "from dlaaw_nb.targets.detached import submit_detached\n"
        "from dlaaw_nb.targets.settings import BoardSettings\n"
        "from engine_support import make_data, make_spec\n"
        "s = BoardSettings({name!r}, {name!r}, device='cpu', config_file=Path({config!r}),"
        " known_hosts=Path({known!r}))\n"
        "spec = make_spec({layers!r}, epochs=60_000, cost_every=500)\n"
        "job = submit_detached(s, spec, make_data(900, 3))\n"
        "print(job.id, flush=True)\n"
        "next(e for e in job.events() if e['event'] == 'cost')\n"
        "print('training', flush=True)\n"
        "list(job.events())\n"
    ).format(
        support=os.path.dirname(sys.modules["sshd"].__file__),  # noqa: PTH120
        name=board.name,
        config=str(board.config),
        known=str(board.known_hosts),
        layers=LAYERS,
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as other:
        id_ = other.stdout.readline().strip()
        assert other.stdout.readline() == "training\n"
        other.send_signal(signal.SIGKILL)
    found = list(Job.attach(id_).events())
    spec = make_spec(LAYERS, epochs=60_000, cost_every=500)
    assert parameters(found) == parameters(run(spec, make_data(900, 3)))


def test_connection_that_breaks_is_made_again(tmp_path):
    with Sshd(tmp_path) as own:
        spec = make_spec(LAYERS, epochs=30_000, cost_every=300)
        job = submit_detached(settings_of(own), spec, make_data(900, 3))
        events, broken = [], False
        for event in job.events():
            events.append(event)
            if event["event"] == "cost" and not broken:
                broken = True
                own.stop()
                for process in own.processes():
                    if "follow" in process.command:
                        with suppress(ProcessLookupError):  # it may end by itself just now
                            os.kill(process.pid, signal.SIGKILL)
                own.start()
        numbers = [e["epoch"] for e in events if e["event"] == "cost"]
        assert numbers == sorted(set(numbers))
        assert parameters(events) == parameters(run(spec, make_data(900, 3)))


def test_stop_ends_it_there_and_keeps_what_was_trained(board, named):
    spec = make_spec(LAYERS, epochs=100_000_000, cost_every=10_000)
    job = submit(spec, make_data(60, 3), named, detached=True)
    next(event for event in job.events() if event["event"] == "cost")
    job.cancel()
    (trial,) = trials(job.drain(15))
    assert trial["stopped"]
    end = time.monotonic() + 6
    while workers(board):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_job_whose_machine_was_switched_off_is_told(tmp_path):
    with Sshd(tmp_path) as own:
        spec = make_spec(LAYERS, epochs=100_000_000, cost_every=10_000)
        job = submit_detached(settings_of(own), spec, make_data(60, 3))
        next(event for event in job.events() if event["event"] == "cost")
        own.kill()
        own.start()
        with pytest.raises(TargetError, match="what looked after the job has ended"):
            list(job.events())


def test_what_is_no_detached_job_is_refused(named):
    with pytest.raises(TargetError, match="there is no job 20200101-000000-ab any more"):
        Job.attach(f"{named}/20200101-000000-ab")
    for id_ in ("nowhere/20200101", f"{named}/../../x", "x"):
        with pytest.raises(TargetError, match="expected the id of a detached job"):
            Job.attach(id_)
    with pytest.raises(TargetError, match="detached jobs run on a machine over SSH alone"):
        submit(make_spec(LAYERS), make_data(60, 3), "cpu", detached=True)


def test_clock_that_is_set_right_there_costs_no_job(board, named):
    """A board without a battery is years behind until it reaches a network."""
    spec, data = make_spec(LAYERS, epochs=40), make_data(200, 3)
    job = submit(spec, data, named, detached=True)
    expected = parameters(job.events())
    (folder,) = (board.home / ".cache" / "dlaaw_nb" / "jobs").glob(job.id.partition("/")[2])
    for file in (*folder.iterdir(), folder):
        os.utime(file, (1.5e9, 1.5e9))
    remote._idle.clear()
    assert parameters(SshService(settings_of(board)).submit(spec, data).events()) == expected
    assert parameters(Job.attach(job.id).events()) == expected


def test_network_is_trained_elsewhere_and_its_result_read_later(named):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    data = np.column_stack([x, x.sum(1) > 0])
    network = NNWorkflow([Linear(3, 2), ReLU(), Linear(2, 1), Sigmoid()], epochs=100)
    job = network.detach("cross_validate", data, folds=3, target=named)
    found = network.attach(job.id, data)
    expected = network.cross_validate(data, folds=3)
    assert found.scores.tolist() == expected.scores.tolist()
    assert found.trials[0].device["node"] == named
    with pytest.raises(PlanError, match="other training than given now"):
        network.replace(epochs=50).attach(job.id, data)
    with pytest.raises(PlanError, match="detach: expected one of train"):
        network.detach("predict", data, target=named)
