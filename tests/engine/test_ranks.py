"""Plans under a real mpiexec: the same results, wherever a trial ran."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from engine_support import make_data, make_spec, run, trials

from dlaaw_nb.engine import rank_lines, wire
from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.engine.faults import DeviceError, TargetError
from dlaaw_nb.engine.meeting import Meeting
from dlaaw_nb.engine.packing import packed
from dlaaw_nb.engine.rank import Watch, _Voice
from dlaaw_nb.engine.rank_lines import Fault, Lines, Rank
from dlaaw_nb.engine.ranks import Ranks

# That of the environment, whose library mpi4py loads.
MPIEXEC = shutil.which("mpiexec", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="needs mpi4py and mpiexec (pip install mpi4py 'mpich>=4')",
)
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]
WORKER = [sys.executable, "-m", "mpi4py", "-m", "dlaaw_nb.engine.worker"]


class Cluster:
    """Ranks under way: rank 0 takes plans, the others compute."""

    def __init__(self, ranks=4, expected=None):
        self.folder = tempfile.TemporaryDirectory()
        root = str(Path(__file__).resolve().parents[2])
        place = Path(self.folder.name) / "meet"
        meeting = Meeting(place)
        words = ["--ranks", str(expected or ranks), "--meet", str(place)]
        self.process = subprocess.Popen(
            [MPIEXEC, "-n", str(ranks), *WORKER, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": root},
        )
        self.hear, self.speak = meeting.await_other(lambda: self.process.poll() is not None)
        self.first = wire.read(self.hear)
        self.jobs = 0

    def send(self, spec, data):
        self.jobs += 1
        folder = Path(self.folder.name)
        with (folder / "job").open("wb") as file:
            there = folder / digest_of(data)
            there.write_bytes(packed(data))
            message = {"spec": spec, "data": str(there), "digest": digest_of(data)}
            wire.write(file, message)
        message = {"do": "run", "job": self.jobs, "path": str(folder / "job")}
        wire.write(self.speak, message)

    def events(self):
        while "end" not in (message := wire.read(self.hear)):
            yield message["event"]
        self.end = message["end"]

    def run(self, spec, data):
        self.send(spec, data)
        return list(self.events())

    def close(self):
        self.speak.close()
        self.hear.close()
        status = self.process.wait(20)
        self.process.stderr.close()
        self.folder.cleanup()
        return status


@pytest.fixture(scope="module")
def cluster():
    made = Cluster()
    yield made
    assert made.close() == 0


def parameters(events):
    return {
        t["trial"]: {k: v.tobytes() for k, v in t["parameters"].items()} for t in trials(events)
    }


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def test_rank_0_hands_out_and_the_others_compute(cluster):
    ready = cluster.first["ready"]
    assert ready["kind"] == "cluster"
    assert len(ready["nodes"]) == len(set(ready["nodes"])) == 3
    spec, data = make_spec(LAYERS, {"folds": 9}, epochs=100), make_data(300, 3)
    events = cluster.run(spec, data)
    assert cluster.end is None
    assert parameters(events) == parameters(run(spec, data))
    assert {t["node"] for t in trials(events)} == set(ready["nodes"])
    assert all(t["device"]["node"] == t["node"] for t in trials(events))
    assert of_kind(events, "progress")[-1]["done"] == 900
    states = [e["state"] for e in of_kind(events, "schedule")]
    assert states.count("running") == states.count("finished") == 9


def test_mean_and_variance_are_added_up_by_mpi(cluster):
    spec, data = make_spec(LAYERS, {"folds": 5}, epochs=60), make_data(300, 3)
    events = cluster.run(spec, data)
    scores = []
    for trial in trials(run(spec, data)):
        found = trial["test_outputs"].reshape(-1) >= 0.5
        scores.append((found == data["labels"][trial["test_rows"]]).mean())
    (reduced,) = of_kind(events, "reduced")
    (found,) = reduced["variants"]
    assert found["trials"] == 5
    assert found["mean"] == pytest.approx(np.mean(scores))
    assert found["variance"] == pytest.approx(np.var(scores), abs=1e-12)


def test_data_that_is_known_travels_to_no_rank_again(cluster):
    spec, data = make_spec(LAYERS, {"folds": 4}, epochs=5), make_data(200, 3)
    first = cluster.run(spec, data)
    assert parameters(cluster.run(spec, data)) == parameters(first)


def test_stop_keeps_what_was_trained(cluster):
    spec = make_spec(LAYERS, {"folds": 3}, epochs=100_000_000, cost_every=1000)
    cluster.send(spec, make_data(300, 3))
    seen, events = set(), []
    for event in cluster.events():
        events.append(event)
        if event["event"] == "cost":
            seen.add(event["trial"])
        if len(seen) == 3:
            wire.write(cluster.speak, {"do": "stop", "job": cluster.jobs})
            seen.add("asked")
    assert {t["trial"] for t in trials(events)} == {0, 1, 2}
    assert all(t["stopped"] for t in trials(events))
    assert len(cluster.run(make_spec(LAYERS, epochs=3), make_data(60, 3)))


def test_plan_that_does_not_fit_is_an_error_and_the_ranks_go_on(cluster):
    spec = make_spec(LAYERS, {"folds": 3})
    spec["training"]["batches"] = 1000
    assert cluster.run(spec, make_data(60, 3)) == []
    assert cluster.end["error"] == "PlanError"
    assert trials(cluster.run(make_spec(LAYERS, epochs=3), make_data(60, 3)))


@pytest.mark.parametrize(("count", "shared"), [(60, False), (300_007, True)])
def test_few_rows_are_predicted_by_the_head_and_many_by_all(cluster, count, shared):
    spec, data = make_spec(LAYERS, epochs=5), make_data(60, 3)
    (trained,) = trials(run(spec, data))
    rows = {k: trained[k] for k in ("parameters", "normalization")}
    rows["features"] = np.random.default_rng(1).normal(size=(count, 3))
    asked = {**spec, "plan": {"kind": "predict", "outputs": ["Linear1"]}}
    events = cluster.run(asked, rows)
    (found,) = of_kind(events, "prediction")
    (expected,) = of_kind(run(asked, rows), "prediction")
    assert len(expected["outputs"]) == 2
    for name, values in expected["outputs"].items():
        assert np.array_equal(found["outputs"][name], values)
    finished = [e for e in of_kind(events, "schedule") if e["state"] == "finished"]
    assert len({e["node"] for e in finished}) == (3 if shared else 0)
    assert trials(cluster.run(make_spec(LAYERS, epochs=3), make_data(60, 3)))


def test_prediction_that_no_rank_can_make_is_an_error_and_the_ranks_go_on(cluster):
    spec = make_spec(LAYERS, epochs=5)
    (trained,) = trials(run(spec, make_data(60, 3)))
    rows = {k: trained[k] for k in ("parameters", "normalization")}
    rows["features"] = np.zeros((300_000, 4))  # the network takes three
    cluster.run({**spec, "plan": {"kind": "predict", "outputs": []}}, rows)
    assert "no rank is left" in cluster.end["message"]
    assert trials(cluster.run(make_spec(LAYERS, epochs=3), make_data(60, 3)))


KERNELS = """
__global__ void saxpy(float* out, const float* x, int n, float a) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i == 0) printf("a is %d\\n", (int)a);
  if (i < n) out[i] = a * x[i];
}
__global__ void ever(float* out) {
  while (true) out[0] += 1;
}
"""


def launch(kernel, *arguments):
    plan = {"kind": "kernel", "source": KERNELS, "name": "cell", "kernel": kernel}
    where = {"grid": [1, 1, 1], "block": [8, 1, 1], "arguments": list(arguments)}
    x = np.arange(8, dtype=np.float32)
    return {"plan": {**plan, **where}}, {"arrays": {"x": x, "out": np.zeros_like(x)}}


def test_persons_own_kernel_is_launched_by_a_rank(cluster):
    spec, data = launch("saxpy", {"array": "out"}, {"array": "x"}, 8, 3.0)
    events = cluster.run(spec, data)
    (found,) = of_kind(events, "kernel")
    assert found["arrays"]["out"].tolist() == [3.0 * k for k in range(8)]
    (printed,) = of_kind(events, "log")
    assert printed["message"] == "a is 3"
    assert printed["node"] == found["node"]
    assert found["node"] in cluster.first["ready"]["nodes"]


def test_kernel_that_cannot_be_launched_is_its_own_error_and_the_ranks_go_on(cluster):
    cluster.run(*launch("saxpy", {"array": "out"}))
    assert cluster.end["error"] == "KernelError"
    assert trials(cluster.run(make_spec(LAYERS, epochs=3), make_data(60, 3)))


def test_endless_kernel_of_a_rank_is_stopped(cluster):
    cluster.send(*launch("ever", {"array": "out"}))
    time.sleep(3)  # it compiles, and runs
    begin = time.monotonic()
    wire.write(cluster.speak, {"do": "stop", "job": cluster.jobs})
    list(cluster.events())
    assert time.monotonic() - begin < 5
    assert trials(cluster.run(make_spec(LAYERS, epochs=3), make_data(60, 3)))


def test_rank_that_does_not_take_the_data_ends_all():
    """As with a cable that was pulled before: MPI itself would wait for ever."""
    import psutil

    made = Cluster(3)
    mine = psutil.Process(made.process.pid).children(recursive=True)
    ranks = [p for p in mine if p.name().startswith("python")]
    ranks[-1].suspend()
    begin = time.monotonic()
    made.send(make_spec(LAYERS, epochs=3), make_data(200_000, 3))
    with pytest.raises(TypeError):  # no end of the job: the process is gone
        list(made.events())
    assert time.monotonic() - begin < 60
    for rank in ranks:
        with contextlib.suppress(psutil.Error):
            rank.kill()
    assert b"not all ranks took part" in made.process.stderr.read()
    made.close()


def test_killed_rank_ends_all_and_nothing_is_left():
    made = Cluster(3)
    spec = make_spec(LAYERS, {"folds": 4}, epochs=100_000_000, cost_every=1000)
    made.send(spec, make_data(300, 3))
    next(event for event in made.events() if event["event"] == "cost")
    import psutil

    children = psutil.Process(made.process.pid).children(recursive=True)
    ranks = [child.pid for child in children if "--ranks" in child.cmdline()]
    os.kill(ranks[-1], signal.SIGKILL)
    while made.hear.read(65536):
        pass
    assert made.process.wait(20) != 0
    made.close()


def test_another_number_of_ranks_than_asked_for_is_refused():
    made = Cluster(2, expected=4)
    assert "expected 4 ranks in one world, got 2" in made.first["failed"]
    made.close()


def test_worlds_of_one_are_refused(tmp_path):
    place = tmp_path / "meet"
    meeting = Meeting(place)
    alone = subprocess.Popen([*WORKER, "--ranks", "4", "--meet", str(place)])
    hear, _ = meeting.await_other(lambda: alone.poll() is not None)
    assert "expected 4 ranks in one world, got 1" in wire.read(hear)["failed"]
    assert alone.wait(20) == 3


def test_rank_that_finds_nobody_says_where_it_is(tmp_path):
    words = [*WORKER, "--ranks", "1", "--meet", str(tmp_path / "nobody")]
    found = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 3
    assert f"rank 0, on {socket.gethostname()}, found nobody at {tmp_path}" in found.stderr


def test_rank_that_hears_nothing_of_rank_0_ends_itself():
    """A board whose cable is pulled computes for nobody."""
    ended = threading.Event()
    watch = Watch(0.4, ended.set)
    for _ in range(10):
        time.sleep(0.1)
        watch.hear()
    assert not ended.is_set()
    watch.hear(1.0)
    assert not ended.wait(1.0)
    assert ended.wait(5)


def test_ranks_hear_of_rank_0_while_it_does_something_itself(monkeypatch):
    heard = []

    class Alone:
        size = 1

    monkeypatch.setattr(Lines, "beat", lambda _: heard.append(time.monotonic()))
    ranks = Ranks(Alone(), 1)

    def busy(seconds):
        time.sleep(seconds)
        if seconds > 0.3:
            raise DeviceError("of its own")
        return "done"

    assert ranks._beside(busy, 0.3) == "done"
    assert len(heard) > 10
    assert max(b - a for a, b in zip(heard, heard[1:])) < 0.3
    with pytest.raises(DeviceError, match="of its own"):
        ranks._beside(busy, 0.4)


class Said:
    """Requests and messages of MPI that are there when the test says so."""

    def __init__(self, content=None):
        self.content, self.is_here = content, False

    def test(self):
        return self.is_here, self.content if self.is_here else None

    def irecv(self):
        return self


class Nearby:
    """What a rank, or rank 0, has of MPI."""

    size = 3

    def __init__(self):
        self.sent, self.coming = [], {1: [], 2: []}

    def issend(self, content, number):
        assert number == 0
        self.sent.append(Said(list(content)))
        return self.sent[-1]

    def improbe(self, source, status):
        status.count = 500_000  # bytes
        return self.coming[source].pop(0) if self.coming[source] else None


def test_what_gathers_while_rank_0_is_busy_is_said_at_once_and_in_order():
    comm = Nearby()
    voice = _Voice(comm)
    voice.say("event", 0)
    for k in range(1, 300):
        voice.say("event", k)
    assert [said.content for said in comm.sent] == [[("event", 0)]]
    assert voice.is_behind
    comm.sent[0].is_here = True
    voice.go_on()
    assert not voice.is_behind
    assert [said.content for said in comm.sent[1:]] == [[("event", k) for k in range(1, 300)]]
    waiting = threading.Thread(target=voice.finish)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    comm.sent[1].is_here = True
    waiting.join(10)
    assert not waiting.is_alive()
    assert len(comm.sent) == 2


class Status:
    count = 0

    def Get_count(self):  # noqa: N802 - as MPI calls it
        return self.count


def test_message_that_does_not_arrive_whole_holds_nobody_up(monkeypatch):
    """The cable is pulled while a large one is on its way, or the network is slow."""
    monkeypatch.setattr(rank_lines, "new_status", Status)
    monkeypatch.setattr(Lines, "beat", lambda _: None)
    comm = Nearby()
    lines = Lines(comm)
    lines.ranks[1] = Rank(1, "nano", {})
    lines.ranks[1].begin()
    half, next_one, other = Said([("event", "half")]), Said([("idle",)]), Said([("event", "whole")])
    comm.coming = {1: [half, next_one], 2: [other]}
    next_one.is_here = other.is_here = True
    begin = time.monotonic()
    assert lines.messages() == [(2, ("event", "whole"))]
    assert lines.messages() == []
    assert lines.ranks[1].heard - begin >= 2  # it says nothing else while half a megabyte comes
    lines.ranks[1].heard -= 7
    with pytest.raises(DeviceError, match="rank 1 on nano is silent"):
        lines.require_signs()
    half.is_here = True
    assert lines.messages() == [(1, ("event", "half"))]
    assert lines.messages() == [(1, ("idle",))]


def test_many_events_arrive_each_once_and_in_order(cluster):
    spec = make_spec(LAYERS, {"folds": 3}, epochs=4000, cost_every=1)
    events = cluster.run(spec, make_data(60, 3))
    for trial in range(3):
        epochs = [e["epoch"] for e in of_kind(events, "cost") if e["trial"] == trial]
        assert epochs == list(range(4000))


def test_fault_of_a_rank_comes_again_as_it_was():
    fault = Fault.of(DeviceError("the context is gone", lost=True))
    rank = Rank(1, "nano", {"kind": "gpu"})
    rank.begin()
    rank.settle(copy.copy(fault))
    assert (rank.busy, rank.lost) == (False, True)
    rank.begin()
    rank.settle(None)
    assert rank.lost  # until another mpiexec
    assert isinstance(fault.again(), DeviceError)
    assert str(fault.again()) == "the context is gone"
    strange = Fault.of(KeyError("x"))
    assert isinstance(strange.again(), TargetError)
    assert str(strange.again()) == "KeyError: 'x'"
