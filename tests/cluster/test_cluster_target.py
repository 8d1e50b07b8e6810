"""Plans on several nodes with networks of their own: over SSH, and under mpiexec."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest
from board_settings import settings_of
from cluster import Cluster
from engine_support import make_data, make_spec, run, trials

from dlaaw_nb.errors import TargetError
from dlaaw_nb.targets import remote
from dlaaw_nb.targets.remote import ClusterService
from dlaaw_nb.targets.settings import ClusterSettings

pytestmark = pytest.mark.cluster
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]
SPEC = make_spec(LAYERS, {"folds": 6}, epochs=60, cost_every=20)
LONG = make_spec(LAYERS, {"folds": 6}, epochs=60_000, cost_every=200)  # about a second a fold
MPIEXEC = str(Path(sys.executable).parent / "mpiexec")
NODES = {"node1", "node2", "node3"}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), 3) as cluster:
        yield cluster
        remote._idle.clear()


@pytest.fixture(params=["ssh", "mpi"])
def launch(request):
    return request.param


def service(cluster, launch, **changes):
    lab = lab_of([settings_of(node) for node in cluster.nodes], launch, **changes)
    lab.describe()  # all are connected, so that each takes part in what is soon over
    return lab


def lab_of(settings, launch, mpiexec=MPIEXEC):
    return ClusterService(ClusterSettings("lab", tuple(settings), launch, mpiexec=mpiexec))


def parameters(events):
    return {
        t["trial"]: {k: v.tobytes() for k, v in t["parameters"].items()} for t in trials(events)
    }


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def warnings(events):
    return [e["message"] for e in of_kind(events, "log") if e["level"] == "warning"]


def left(cluster):
    return [p for node in cluster.nodes for p in node.processes() if "worker" in str(p.command)]


def test_folds_are_those_of_one_machine_and_say_where_they_ran(nodes, launch):
    data = make_data(300, 3)
    events = list(service(nodes, launch).submit(SPEC, data).events())
    assert parameters(events) == parameters(run(SPEC, data))
    assert {t["node"] for t in trials(events)} <= NODES
    assert len({t["node"] for t in trials(events)}) > 1
    placed = of_kind(events, "schedule")
    assert sorted(e["part"] for e in placed if e["state"] == "finished") == list(range(6))
    assert of_kind(events, "progress")[-1]["done"] == 360
    assert warnings(events) == []


def test_much_data_and_many_settings_arrive(nodes, launch):
    """More than a pipe holds: MPICH's mpiexec ends all when its standard input brings so much."""
    rates = [{"optimizer": {"parameters": {"learning_rate": 0.001 * k}}} for k in range(1, 401)]
    spec = make_spec(LAYERS, {"kind": "sweep", "folds": None, "variants": rates}, epochs=1)
    data = make_data(20_000, 3)
    lab = service(nodes, launch)
    assert parameters(lab.submit(spec, data).events()) == parameters(run(spec, data))


def test_many_rows_are_predicted_by_all_nodes(nodes, launch):
    spec = make_spec(LAYERS, epochs=5)
    (trained,) = trials(run(spec, make_data(60, 3)))
    rows = {k: trained[k] for k in ("parameters", "normalization")}
    rows["features"] = np.random.default_rng(3).normal(size=(300_000, 3))
    asked = {**spec, "plan": {"kind": "predict", "outputs": []}}
    events = list(service(nodes, launch).submit(asked, rows).events())
    (found,) = [e for e in events if e["event"] == "prediction"]
    (expected,) = [e for e in run(asked, rows) if e["event"] == "prediction"]
    for name, values in expected["outputs"].items():
        assert np.array_equal(found["outputs"][name], values)
    finished = [e for e in events if e["event"] == "schedule" and e["state"] == "finished"]
    assert {e["node"] for e in finished} <= NODES
    assert len({e["node"] for e in finished}) > 1  # a third may find nothing left


def test_stop_ends_all_of_it(nodes, launch):
    spec = make_spec(LAYERS, {"folds": 3}, epochs=100_000_000, cost_every=1000)
    job = service(nodes, launch).submit(spec, make_data(300, 3))
    seen = set()
    for event in job.events():
        if event["event"] == "cost":
            seen.add(event["trial"])
        if len(seen) == 3:
            break
    begin = time.monotonic()
    job.cancel()
    assert {t["trial"] for t in trials(job.drain(10))} == {0, 1, 2}
    assert time.monotonic() - begin < 5
    remote._idle.clear()
    until(lambda: not left(nodes), 6)


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("fault", ["kill", "cut"])
def test_node_that_is_lost_costs_what_it_was_working_on(tmp_path, launch, fault):
    data = make_data(900, 3)
    with Cluster(tmp_path, 3) as cluster:
        events, done = [], False
        for event in service(cluster, launch).submit(LONG, data).events():
            events.append(event)
            if event["event"] == "trial" and not done:
                done = True
                getattr(cluster, fault)("node2")
        assert parameters(events) == parameters(run(LONG, data))
        assert "node2" in " ".join(warnings(events))
        remote._idle.clear()


def test_node_that_is_not_there_is_told_and_the_others_do_it_all(tmp_path, launch):
    data = make_data(300, 3)
    with Cluster(tmp_path, 3, {"node3": {"python": None}}) as cluster:
        settings = [settings_of(node) for node in cluster.nodes]
        settings[2] = settings_of(cluster["node3"], python="python3.7")
        cluster.kill("node2")
        # A rank without Python would end all of them.
        lab = lab_of(settings[:2] if launch == "mpi" else settings, launch)
        events = list(lab.submit(SPEC, data).events())
        assert parameters(events) == parameters(run(SPEC, data))
        assert {t["node"] for t in trials(events)} == {"node1"}
        assert "node2" in " ".join(warnings(events))
        remote._idle.clear()


def test_no_node_is_an_error_with_what_each_said(tmp_path, launch):
    with Cluster(tmp_path, 2) as cluster:
        lab = service(cluster, launch)
        cluster.kill("node1")
        cluster.kill("node2")
        with pytest.raises(TargetError, match=r"node1: .*\n *node2: |node1"):
            list(lab.submit(SPEC, make_data(60, 3)).events())


def test_mpi_that_is_missing_is_told(nodes):
    lab = service(nodes, "mpi", mpiexec="/no/such/mpiexec")
    with pytest.raises(TargetError, match="neither Open MPI nor MPICH"):
        list(lab.submit(SPEC, make_data(60, 3)).events())
