"""Plans on several nodes with networks of their own: over SSH, and under mpiexec."""

from __future__ import annotations

import functools
import os
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from board_settings import settings_of
from box import program, unavailable
from cluster import Cluster
from engine_support import make_data, make_spec, run, trials

from dlaaw_nb import Linear, NNWorkflow, Sigmoid
from dlaaw_nb.errors import TargetError
from dlaaw_nb.nn.layers import activation
from dlaaw_nb.nn.mapper import default_plan
from dlaaw_nb.targets import remote, targets_file
from dlaaw_nb.targets.checking import check
from dlaaw_nb.targets.remote import ClusterService
from dlaaw_nb.targets.settings import ClusterSettings
from dlaaw_nb.views.target_tables import targets_tested

pytestmark = pytest.mark.cluster
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]
SPEC = make_spec(LAYERS, {"folds": 6}, epochs=60, cost_every=20)
LONG_EPOCHS = 1_000_000  # about half a second of one core
LONG = make_spec(LAYERS, {"folds": 12}, epochs=LONG_EPOCHS, cost_every=5000)
LONG_DATA = make_data(900, 3)
NODES = {"node1", "node2", "node3"}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), 3) as cluster:
        yield cluster
        remote._idle.clear()


@pytest.fixture(autouse=True)
def speeds_are_unknown(tmp_path, monkeypatch):
    """Each test has other nodes of the same names; a node known as slow may get nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Way(NamedTuple):
    """How workers are started: MPI's mpiexec, and a Python whose mpi4py is of that family."""

    launch: str
    mpiexec: str = ""
    python: str = ""


@pytest.fixture(params=["ssh", "mpich", "openmpi", "openmpi-of-the-distribution"])
def way(request):
    if request.param == "ssh":
        return Way("ssh")
    if request.param == "mpich":
        pytest.importorskip("mpi4py", reason="needs MPI: pip install 'dlaaw-nb[mpi]'")
        return Way("mpi", str(Path(sys.executable).parent / "mpiexec"), sys.executable)
    if request.param == "openmpi":
        environment = os.environ.get("DLAAW_OPENMPI")
        if not environment:
            unavailable("DLAAW_OPENMPI, a virtual environment with mpi4py, openmpi and numpy")
        programs = Path(str(environment)) / "bin"
        return Way("mpi", str(programs / "mpiexec"), str(programs / "python"))
    return Way("mpi", mpiexec_of_the_distribution(), sys.executable)


def mpiexec_of_the_distribution():
    """Give one that tells mpi4py to load the distribution's library; each board has that alone."""
    command = program("mpiexec.openmpi", "openmpi-bin")
    (library, *_) = Path("/usr/lib").glob("*/libmpi.so.40")
    return f"{command} -x MPI4PY_LIBMPI={library}"


def service(cluster, way):
    lab = lab_of([settings_of(node) for node in cluster.nodes], way)
    lab.describe()  # all are connected, so that each takes part in what is soon over
    return lab


def lab_of(settings, way):
    nodes = tuple(replace(s, python=s.python or way.python or None) for s in settings)
    return ClusterService(ClusterSettings("lab", nodes, way.launch, mpiexec=way.mpiexec))


def parameters(events):
    return {
        t["trial"]: {k: v.tobytes() for k, v in t["parameters"].items()} for t in trials(events)
    }


@functools.cache
def long_alone():
    """Give what one machine makes of LONG."""
    return parameters(run(LONG, LONG_DATA))


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def warnings(events):
    return [e["message"] for e in of_kind(events, "log") if e["level"] == "warning"]


def left(cluster):
    return [p for node in cluster.nodes for p in node.processes() if "worker" in str(p.command)]


def test_folds_are_those_of_one_machine_and_say_where_they_ran(nodes, way):
    data = make_data(300, 3)
    events = list(service(nodes, way).submit(SPEC, data).events())
    assert parameters(events) == parameters(run(SPEC, data))
    assert {t["node"] for t in trials(events)} <= NODES
    assert len({t["node"] for t in trials(events)}) > 1
    placed = of_kind(events, "schedule")
    assert sorted(e["part"] for e in placed if e["state"] == "finished") == list(range(6))
    assert of_kind(events, "progress")[-1]["done"] == 360
    assert warnings(events) == []


def test_much_data_and_many_settings_arrive(nodes, way):
    """More than a pipe holds: MPICH's mpiexec ends all when its standard input brings so much."""
    rates = [{"optimizer": {"parameters": {"learning_rate": 0.001 * k}}} for k in range(1, 401)]
    spec = make_spec(LAYERS, {"kind": "sweep", "folds": None, "variants": rates}, epochs=1)
    data = make_data(20_000, 3)
    lab = service(nodes, way)
    assert parameters(lab.submit(spec, data).events()) == parameters(run(spec, data))


def test_many_rows_are_predicted_by_all_nodes(nodes, way):
    spec = make_spec(LAYERS, epochs=5)
    (trained,) = trials(run(spec, make_data(60, 3)))
    rows = {k: trained[k] for k in ("parameters", "normalization")}
    rows["features"] = np.random.default_rng(3).normal(size=(300_000, 3))
    asked = {**spec, "plan": {"kind": "predict", "outputs": []}}
    events = list(service(nodes, way).submit(asked, rows).events())
    (found,) = [e for e in events if e["event"] == "prediction"]
    (expected,) = [e for e in run(asked, rows) if e["event"] == "prediction"]
    for name, values in expected["outputs"].items():
        assert np.array_equal(found["outputs"][name], values)
    finished = [e for e in events if e["event"] == "schedule" and e["state"] == "finished"]
    assert {e["node"] for e in finished} <= NODES
    assert len({e["node"] for e in finished}) > 1  # a third may find nothing left


def test_persons_own_kernel_runs_on_a_node(nodes, way):
    source = "__global__ void twice(float* x) { x[threadIdx.x] *= 2; }"
    plan = {"kind": "kernel", "source": source, "name": "cell", "kernel": "twice"}
    where = {"grid": [1, 1, 1], "block": [4, 1, 1], "arguments": [{"array": "x"}]}
    data = {"arrays": {"x": np.arange(4, dtype=np.float32)}}
    events = list(service(nodes, way).submit({"plan": {**plan, **where}}, data).events())
    (found,) = of_kind(events, "kernel")
    assert found["arrays"]["x"].tolist() == [0, 2, 4, 6]
    assert found["node"] in NODES


def test_stop_ends_all_of_it(nodes, way):
    spec = make_spec(LAYERS, {"folds": 3}, epochs=100_000_000, cost_every=1000)
    job = service(nodes, way).submit(spec, make_data(300, 3))
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


def trained_while(cluster, way, name, lose):
    """Train LONG, and lose a node in the midst of a trial, when another one is finished.

    The node is slow from the start on: it is in that trial still, however late this hears of it.
    """
    events, done = [], False
    for event in service(cluster, way).submit(LONG, LONG_DATA).events():
        events.append(event)
        if event["event"] == "start":
            cluster.throttle(name, 0.1)
        if not done and is_at_work(name, events):
            done = True
            lose()
            cluster.throttle(name, None)
    assert done
    assert parameters(events) == long_alone()
    return events


def is_at_work(name, events):
    """Tell whether a trial is finished, and the node's latest one far from its end."""
    latest = events[-1]
    begins = latest["event"] == "cost" and latest["epoch"] < LONG_EPOCHS / 2
    return begins and latest.get("node") == name and trials(events) != []


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("fault", "which"), [("kill", "node2"), ("cut", "node2"), ("kill", "node1")]
)
def test_node_that_is_lost_costs_what_it_was_working_on(tmp_path, way, fault, which):
    """The first is the head under MPI: another takes its place."""
    with Cluster(tmp_path, 3) as cluster:
        events = trained_while(cluster, way, which, lambda: getattr(cluster, fault)(which))
        assert which in " ".join(warnings(events))
        remote._idle.clear()


def test_nodes_that_are_lost_at_random_moments_cost_no_fold(tmp_path, way, request):
    """Two of four, one of which comes back."""
    chance = random.Random(request.node.name)
    with Cluster(tmp_path, 4) as cluster:
        first, second = chance.sample([node.name for node in cluster.nodes], 2)
        moments = sorted(chance.uniform(0.1, 5.0) for _ in range(2))
        told = f"{first} off at {moments[0]:.2f} s, {second} at {moments[1]:.2f} s"

        def spoil():
            begin = time.monotonic()
            time.sleep(moments[0])
            cluster.kill(first)
            time.sleep(max(0.0, moments[1] - (time.monotonic() - begin)))
            cluster.kill(second)
            time.sleep(1.0)
            cluster.start(first)

        job = service(cluster, way).submit(LONG, LONG_DATA)
        events, spoiler = [], threading.Thread(target=spoil)
        for event in job.events():
            events.append(event)
            if event["event"] == "cost" and spoiler.ident is None:
                spoiler.start()
        spoiler.join()
        assert parameters(events) == long_alone(), told
        assert len(trials(events)) == 12, told  # each once
        remote._idle.clear()


def test_network_that_loses_and_delays_changes_nothing(tmp_path, way):
    with Cluster(tmp_path, 3) as cluster:
        cluster.delay("node2", 60)
        cluster.loss("node2", 2)
        cluster.loss("node3", 2)
        events = list(service(cluster, way).submit(LONG, LONG_DATA).events())
        assert parameters(events) == long_alone()
        assert warnings(events) == []
        assert {t["node"] for t in trials(events)} == NODES
        remote._idle.clear()


def test_model_that_takes_ten_seconds_to_arrive_arrives(tmp_path, way):
    """Longer than a node may be silent: four megabytes where half of one goes in a second."""
    wide = [["Linear", 3, 1000], ["ReLU"], ["Linear", 1000, 1000], ["ReLU"], ["Linear", 1000, 1]]
    spec, data = make_spec([*wide, ["Sigmoid"]], {"folds": 2}, epochs=1), make_data(60, 3)
    with Cluster(tmp_path, 2) as cluster:
        lab = service(cluster, way)
        list(lab.submit(SPEC, data).events())
        cluster.narrow("node2", 500_000)
        events = list(lab.submit(spec, data).events())
        assert warnings(events) == []
        assert {t["node"] for t in trials(events)} == {"node1", "node2"}
        for there, here in zip(trials(events), trials(run(spec, data)), strict=True):
            for name, values in here["parameters"].items():  # NumPy's products, thus to rounding
                assert np.allclose(there["parameters"][name], values, rtol=1e-4, atol=1e-6)
        remote._idle.clear()


def test_node_that_is_not_there_is_told_and_the_others_do_it_all(tmp_path, way):
    data = make_data(300, 3)
    with Cluster(tmp_path, 3, {"node3": {"python": None}}) as cluster:
        settings = [settings_of(node) for node in cluster.nodes]
        settings[2] = settings_of(cluster["node3"], python="python3.7")
        cluster.kill("node2")
        lab = lab_of(settings, way)
        events = list(lab.submit(SPEC, data).events())
        assert parameters(events) == parameters(run(SPEC, data))
        assert {t["node"] for t in trials(events)} == {"node1"}
        assert "node2" in " ".join(warnings(events))
        remote._idle.clear()


@pytest.mark.parametrize("fault", ["kill", "cut"])
def test_node_that_is_lost_between_two_jobs_is_told(tmp_path, way, fault):
    data = make_data(900, 3)
    longer = make_spec(LAYERS, {"folds": 6}, epochs=20_000, cost_every=200)  # some for each
    with Cluster(tmp_path, 3) as cluster:
        lab = service(cluster, way)
        assert warnings(lab.submit(SPEC, data).events()) == []
        getattr(cluster, fault)("node3")
        events = list(lab.submit(longer, data).events())
        assert parameters(events) == parameters(run(longer, data))
        assert {t["node"] for t in trials(events)} <= {"node1", "node2"}
        assert "node3" in " ".join(warnings(events))
        remote._idle.clear()


def test_workers_wait_for_the_next_job_and_end_with_the_kernel(nodes, way):
    lab, data = service(nodes, way), make_data(300, 3)
    lab.prepare(SPEC)
    lab.submit(SPEC, data).wait(60)
    first = {p.pid for p in left(nodes)}
    events = list(lab.submit(SPEC, data).events())
    assert parameters(events) == parameters(run(SPEC, data))
    assert {p.pid for p in left(nodes)} == first
    remote._idle.clear()
    until(lambda: not left(nodes), 6)


def test_worker_that_crashes_costs_what_it_was_working_on(tmp_path, way):
    """MPI ends all ranks with one."""
    with Cluster(tmp_path, 2) as cluster:

        def crash():
            workers = [p for p in cluster["node2"].processes() if "worker" in p.command]
            os.kill(workers[-1].pid, signal.SIGSEGV)

        events = trained_while(cluster, way, "node2", crash)
        assert "ended" in " ".join(warnings(events))
        remote._idle.clear()


def test_trial_that_crashes_every_worker_is_given_up_alone(tmp_path, way):
    fatal = activation(
        "Fatal",
        "__device__ float forward(float x, float b) "
        "{ if (b > 2.0f) *(volatile float*)0 = 1; return x; }\n"
        "__device__ float backward(float x, float dy, float b) { return dy; }\n",
        {"b": 1.0},
    )

    def variant(b):
        return NNWorkflow([Linear(3, 2), fatal(b=b), Linear(2, 1), Sigmoid()], epochs=100)

    variants = [{"layers": variant(b).spec(default_plan())["layers"]} for b in (1, 1.5, 3, 2)]
    plan = {**default_plan(), "kind": "sweep", "variants": variants}
    with Cluster(tmp_path, 2) as cluster:
        events = list(
            service(cluster, way).submit(variant(1.0).spec(plan), make_data(90, 3)).events()
        )
        assert sorted(t["trial"] for t in trials(events)) == [0, 1, 3]
        assert "trial 2 is given up" in " ".join(warnings(events))
        remote._idle.clear()


def test_node_without_mpi4py_is_left_out_and_told(tmp_path, way):
    if way.launch == "ssh":
        pytest.skip("needs none")
    with Cluster(tmp_path, 2) as cluster:
        bare = cluster["node2"].home / "bare python"
        bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
        bare.chmod(0o755)
        settings = [settings_of(cluster["node1"]), settings_of(cluster["node2"], python=str(bare))]
        data = make_data(300, 3)
        events = list(lab_of(settings, way).submit(SPEC, data).events())
        assert parameters(events) == parameters(run(SPEC, data))
        (told,) = warnings(events)
        assert "node2 is left out" in told
        assert "python3-mpi4py" in told
        assert "No module named 'numpy'" in told
        remote._idle.clear()


def test_no_node_is_an_error_with_what_each_said(tmp_path, way):
    with Cluster(tmp_path, 2) as cluster:
        lab = service(cluster, way)
        cluster.kill("node1")
        cluster.kill("node2")
        with pytest.raises(TargetError, match=r"node1: .*\n *node2: |node1"):
            list(lab.submit(SPEC, make_data(60, 3)).events())


def test_cluster_is_tested_with_its_mpiexec(nodes, way, monkeypatch):
    lab = lab_of([settings_of(node) for node in nodes.nodes], way)._all
    monkeypatch.setattr(targets_file, "read", lambda: {"lab": lab})
    found = check("lab")
    started = ["mpiexec"] if way.launch == "mpi" else []
    assert list(found) == [*sorted(NODES), *started]
    assert {facts["state"] for facts in found.values()} == {"available"}
    for name in started:
        assert found[name]["ranks"] == 4
        assert found[name]["rows_per_second"] > 1000
    assert ("ranks" in repr(targets_tested("lab", found))) == bool(started)


def test_mpi_that_is_missing_is_told(nodes):
    lab = service(nodes, Way("mpi", "/no/such/mpiexec"))
    with pytest.raises(TargetError, match="neither Open MPI nor MPICH"):
        list(lab.submit(SPEC, make_data(60, 3)).events())
