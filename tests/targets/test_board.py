"""One machine over SSH: a real sshd in a box of its own, with all that may be wrong there."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest
from board_settings import settings_of
from engine_support import make_data, make_spec, run, trials
from ssh_files import agent
from sshd import Sshd, behind_command, jump_pair

from dlaaw_nb import Linear, NNWorkflow, Sigmoid
from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.errors import KernelError, PlanError, RemoteError, TargetError
from dlaaw_nb.nn.layers import activation
from dlaaw_nb.nn.mapper import default_plan
from dlaaw_nb.targets import host_keys, remote, ssh
from dlaaw_nb.targets.board import Board
from dlaaw_nb.targets.depot import Depot
from dlaaw_nb.targets.host_keys import host_key
from dlaaw_nb.targets.remote import SshService
from dlaaw_nb.targets.ssh import Connection
from dlaaw_nb.targets.worker import WorkerLostError
from dlaaw_nb.targets.worker_archive import archive

pytestmark = pytest.mark.cluster
LAYERS = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]
LONG = make_spec(LAYERS, epochs=100_000_000, cost_every=10_000)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with Sshd(tmp_path_factory.mktemp("board")) as made:
        yield made
        remote._idle.clear()


@pytest.fixture
def service(board):
    return SshService(settings_of(board))


def parameters(events):
    return {
        t["trial"]: {k: v.tobytes() for k, v in t["parameters"].items()} for t in trials(events)
    }


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def digested(data):
    return data, digest_of(data)


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def workers(board):
    return [p for p in board.processes() if any("worker-" in word for word in p.command)]


# What runs there


def test_results_are_those_of_this_machine_and_say_where(service):
    spec, data = make_spec(LAYERS, {"folds": 4}, epochs=50), make_data(200, 3)
    events = list(service.submit(spec, data).events())
    expected = run(spec, data)
    assert parameters(events) == parameters(expected)
    assert events[0]["device"]["node"] == "board"
    assert {t["node"] for t in trials(events)} == {"board"}
    assert len(of_kind(events, "cost")) == len(of_kind(expected, "cost"))
    assert events[-1]["event"] == "result"


def test_prediction_and_a_persons_own_kernel_run_there(service):
    spec, data = make_spec(LAYERS, epochs=5), make_data(60, 3)
    (trained,) = trials(run(spec, data))
    rows = {k: trained[k] for k in ("parameters", "normalization")} | {"features": data["features"]}
    asked = {**spec, "plan": {"kind": "predict", "outputs": []}}
    (found,) = of_kind(service.submit(asked, rows).events(), "prediction")
    (expected,) = of_kind(run(asked, rows), "prediction")
    for name, values in expected["outputs"].items():
        assert np.array_equal(found["outputs"][name], values)
    source = (
        "__global__ void twice(float* x, int n) { int i = threadIdx.x; if (i < n) x[i] *= 2;"
        ' if (i == 0) printf("%d numbers\\n", n); }'
    )
    plan = {
        "kind": "kernel", "source": source, "name": "cell", "kernel": "twice", "grid": [1, 1, 1],
        "block": [32, 1, 1], "shared_bytes": 0, "arguments": [{"array": "x"}, 5], "check": False,
    }  # fmt: skip
    arrays = {"arrays": {"x": np.arange(5, dtype=np.float32)}}
    events = list(service.submit({"plan": plan}, arrays).events())
    (done,) = of_kind(events, "kernel")
    assert done["arrays"]["x"].tolist() == [0, 2, 4, 6, 8]
    assert [e["message"] for e in of_kind(events, "log")] == ["5 numbers"]
    with pytest.raises(KernelError, match="grid"):
        list(service.submit({"plan": {**plan, "grid": [0, 1, 1]}}, arrays).events())


def test_activation_of_a_persons_own_is_compiled_there(board):
    """Its code travels with the plan; the board has never heard of it."""
    square = activation(
        "BoardSquare",
        "__device__ float forward(float x) { return 0.1f * x * x; }\n"
        "__device__ float backward(float x, float dy) { return dy * 0.2f * x; }\n",
    )
    network = NNWorkflow([Linear(3, 2), square(), Linear(2, 1), Sigmoid()], epochs=30)
    spec, data = network.spec(default_plan()), make_data(90, 3)
    remote._idle.clear()
    found = parameters(SshService(settings_of(board)).submit(spec, data).events())
    assert found == parameters(run(spec, data))


def test_worker_and_data_travel_once(board, service):
    cache = board.home / ".cache" / "dlaaw_nb"
    spec, data = make_spec(LAYERS, epochs=3), make_data(64, 3, seed=5)
    list(service.submit(spec, data).events())
    remote._idle.clear()
    program = cache / "worker" / archive().name
    file = cache / "data" / f"{digest_of(data)}.dla"
    before = program.stat().st_ino, file.stat().st_ino
    assert program.stat().st_mode & 0o077 == 0
    list(service.submit(spec, data).events())
    assert (program.stat().st_ino, file.stat().st_ino) == before
    assert not list(cache.rglob("*.part*"))


def test_data_travels_compressed(board, service):
    data = {"features": np.ones((5000, 3)) * np.arange(3), "labels": np.arange(5000.0) % 2}
    list(service.submit(make_spec(LAYERS, epochs=1), data).events())
    file = board.home / ".cache" / "dlaaw_nb" / "data" / f"{digest_of(data)}.dla"
    assert file.stat().st_size < data["features"].nbytes / 10


def test_data_that_arrived_damaged_is_sent_again(board, service):
    spec, data = make_spec(LAYERS, epochs=3), make_data(66, 3, seed=6)
    file = board.home / ".cache" / "dlaaw_nb" / "data" / f"{digest_of(data)}.dla"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"half of it")
    events = list(service.submit(spec, data).events())
    assert parameters(events) == parameters(run(spec, data))
    assert file.stat().st_size > 100


def test_data_that_changes_meanwhile_is_told(board):
    session = Board(Depot(settings_of(board)))
    data = make_data(67, 3)
    with pytest.raises(TargetError, match="the data changed while it was being sent"):
        session.run(make_spec(LAYERS), data, "0" * 32, lambda event: None, threading.Event())
    session.close()


def test_nothing_of_a_plan_is_on_a_command_line(board, service):
    spec = {**LONG, "name": "a secret name"}
    job = service.submit(spec, make_data(60, 3))
    next(e for e in job.events() if e["event"] == "cost")
    words = [" ".join(p.command) for p in board.processes()]
    job.cancel()
    assert job.wait(10)
    assert not any("secret" in line or "Linear" in line for line in words)


def test_connection_waits_for_the_next_job(board, service):
    list(service.submit(make_spec(LAYERS, epochs=3), make_data(60, 3)).events())
    before = {p.pid for p in workers(board)}
    list(service.submit(make_spec(LAYERS, epochs=3), make_data(60, 3)).events())
    assert {p.pid for p in workers(board)} == before


def test_telemetry_comes_while_it_runs(service):
    job = service.submit(LONG, make_data(60, 3))
    found = next(event for event in job.events() if event["event"] == "telemetry")
    job.cancel()
    assert job.wait(10)
    assert found["node"] == "board"
    assert 0 < found["memory_used_mb"] < found["memory_total_mb"]
    assert 0 <= found["cpu_pct"] <= 100


# The end


def test_stop_keeps_what_was_trained_and_the_session(board, service):
    job = service.submit(LONG, make_data(60, 3))
    next(e for e in job.events() if e["event"] == "cost")
    begin = time.monotonic()
    job.cancel()
    (trial,) = trials(job.drain(10))
    assert trial["stopped"]
    assert time.monotonic() - begin < 5
    assert trials(list(service.submit(make_spec(LAYERS, epochs=3), make_data(60, 3)).events()))


def test_kernel_that_is_killed_leaves_nothing_there(board, tmp_path):
    remote._idle.clear()
    until(lambda: not workers(board))
    program = (
        "import sys; sys.path[:0] = [{support!r}]\n"
        "from pathlib import Path\n"
        "from dlaaw_nb.targets.remote import SshService\n"
        "from dlaaw_nb.targets.settings import BoardSettings\n"
        "from engine_support import make_data, make_spec\n"
        "s = BoardSettings('b', {name!r}, device='cpu', config_file=Path({config!r}),"
        " known_hosts=Path({known!r}))\n"
        "spec = make_spec({layers!r}, epochs=100_000_000, cost_every=10_000)\n"
        "for e in SshService(s).submit(spec, make_data(60, 3)).events():\n"
        "    print(e['event'], flush=True)\n"
    ).format(
        support=os.path.dirname(sys.modules["sshd"].__file__),  # noqa: PTH120
        name=board.name,
        config=str(board.config),
        known=str(board.known_hosts),
        layers=LAYERS,
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as other:
        while b"cost" not in other.stdout.readline():
            pass
        assert workers(board)
        other.send_signal(signal.SIGKILL)
        until(lambda: not workers(board), 5.0)


def test_client_that_takes_nothing_more_is_noticed_there(board, tmp_path):
    """Stopped while events come in numbers: all buffers on the way are full."""
    remote._idle.clear()
    until(lambda: not workers(board))
    session = Board(Depot(settings_of(board)))
    flood = make_spec(LAYERS, epochs=100_000_000, cost_every=1)
    seen, blocked = threading.Event(), threading.Event()

    def take(event):
        if event["event"] == "cost":
            seen.set()
            session._closed.set()  # no more heartbeats
            blocked.wait(20)

    def run_it():
        with contextlib.suppress(WorkerLostError):
            session.run(flood, *digested(make_data(60, 3)), take, threading.Event())

    thread = threading.Thread(target=run_it)
    thread.start()
    assert seen.wait(10)
    until(lambda: not workers(board), 6.0)
    blocked.set()
    session.close()
    thread.join()


def test_board_that_is_busy_with_data_is_not_taken_for_dead(board):
    """Its worker takes no data for longer than a silence may last."""
    remote._idle.clear()
    until(lambda: not workers(board))
    session = Board(Depot(settings_of(board)))
    (worker,) = [p for p in workers(board) if "worker" in p.command]
    os.kill(worker.pid, signal.SIGSTOP)
    threading.Timer(8.0, os.kill, (worker.pid, signal.SIGCONT)).start()
    events = []
    data, digest = digested(make_data(60_000, 3))  # more than a pipe holds
    begin = time.monotonic()
    session.run(make_spec(LAYERS, epochs=2), data, digest, events.append, threading.Event())
    assert trials(events)
    assert time.monotonic() - begin > 7
    session.close()


def test_worker_that_takes_long_to_start_is_waited_for(board):
    """Longer than a heartbeat may be missing: NumPy and CUDA on a slow board."""
    depot = Depot(settings_of(board))
    python = f"exec '{sys.executable}' '{depot.program}' worker --meet"
    session = Board(depot, lambda place: ["/bin/sh", "-c", f"sleep 6; {python} '{place}/meet'"])
    assert session.device["kind"] == "cpu"
    session.close()


def test_command_that_starts_no_worker_is_told_with_what_it_said(board):
    depot = Depot(settings_of(board))
    with pytest.raises(RemoteError, match=r"status 7\n(.*\n)*unknown option") as caught:
        Board(depot, lambda _place: ["/bin/sh", "-c", "echo unknown option >&2; exit 7"])
    assert "board" in caught.value.command
    assert not board.processes()


def test_stop_ends_an_upload(board, service, monkeypatch):
    from dlaaw_nb.targets import ssh

    put, sending = ssh.Connection.put, threading.Event()

    def slow(connection, content, path):
        """As over a network of a few kB/s: real files, in small pieces."""
        if "/data/" in path:
            for k in range(1000):
                put(connection, content[:1], f"{path}.slow")
                sending.set()
                time.sleep(0.1 if k else 0)
        put(connection, content, path)

    monkeypatch.setattr(ssh.Connection, "put", slow)
    job = service.submit(LONG, make_data(80, 3, seed=9))
    assert sending.wait(10)
    begin = time.monotonic()
    job.cancel()
    assert job.wait(10)
    assert time.monotonic() - begin < 5
    monkeypatch.undo()
    assert trials(list(service.submit(make_spec(LAYERS, epochs=3), make_data(60, 3)).events()))


def test_stop_that_is_faster_than_its_job_is_heeded(board):
    session = Board(Depot(settings_of(board)))
    events, stop = [], threading.Event()
    stop.set()
    begin = time.monotonic()
    session.run(LONG, *digested(make_data(60, 3)), events.append, stop)
    assert time.monotonic() - begin < 5
    assert session.alive  # and the next one is not stopped
    session.run(
        make_spec(LAYERS, epochs=3), *digested(make_data(60, 3)), events.append, threading.Event()
    )
    assert [t["stopped"] for t in trials(events)][-1:] == [False]
    session.close()


def test_client_that_hangs_is_noticed_there(board):
    """Stopped, not ended: its connection stands, and only the heartbeat is missing."""
    session = Board(Depot(settings_of(board)))
    before = len(workers(board))
    session._closed.set()  # no more heartbeats
    until(lambda: len(workers(board)) < before, 6.0)
    session.close()


def test_worker_that_is_killed_is_started_again(board, service):
    spec, data = make_spec(LAYERS, {"folds": 3}, epochs=100_000, cost_every=500), make_data(900, 3)
    events, killed = [], False
    for event in service.submit(spec, data).events():
        events.append(event)
        if event["event"] == "cost" and not killed:
            killed = True
            (worker,) = [p for p in workers(board) if "worker" in p.command]
            os.kill(worker.pid, signal.SIGKILL)
    assert parameters(events) == parameters(run(spec, data))
    assert any("signal 9" in e["message"] for e in of_kind(events, "log"))


def test_server_that_is_killed_and_comes_back_costs_what_was_running(tmp_path):
    with Sshd(tmp_path / "own") as own:
        service = SshService(settings_of(own))
        spec = make_spec(LAYERS, {"folds": 3}, epochs=20_000, cost_every=500)
        data = make_data(900, 3)
        events, killed = [], False
        for event in service.submit(spec, data).events():
            events.append(event)
            if event["event"] == "cost" and not killed:
                killed = True
                own.kill()
                threading.Thread(target=own.start).start()
        assert parameters(events) == parameters(run(spec, data))
        remote._idle.clear()


def test_plan_that_does_not_fit_is_its_own_error(service):
    spec = make_spec(LAYERS)
    spec["training"]["batches"] = 1000
    with pytest.raises(PlanError, match="batches: expected at most"):
        service.submit(spec, make_data(60, 3))


# The way there


def refused(settings):
    with pytest.raises(RemoteError) as told:
        Board(Depot(settings))
    assert told.value.node == settings.name
    return str(told.value)


def test_wrong_ways_are_told_with_their_mend(board):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = settings_of(board, host="127.0.0.1", port=taken.getsockname()[1])
        assert "nobody listens there" in refused(nobody)
    assert "no host of that name" in refused(settings_of(board, host="no-such-host.invalid"))
    strange = settings_of(board, identity_file=str(board.strange_key))
    assert "ssh-copy-id" in refused(strange)
    locked = settings_of(board, identity_file=str(board.locked_key))
    assert f"ssh-add {board.locked_key}" in refused(locked)
    missing = settings_of(board, identity_file="/no/such/key")
    assert "no such key file" in refused(missing)
    assert "user 'nobody-here'" in refused(settings_of(board, user="nobody-here"))


def test_key_with_a_passphrase_works_through_the_agent(board, monkeypatch):
    with agent(board.locked_key) as door:
        monkeypatch.setenv("SSH_AUTH_SOCK", door)
        session = Board(Depot(settings_of(board, identity_file=str(board.locked_key))))
        assert session.device["node"] == board.name
        session.close()


def test_silent_host_is_given_up(board, monkeypatch):
    from dlaaw_nb.targets import ssh

    monkeypatch.setattr(ssh, "_LOGIN_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = settings_of(board, host="127.0.0.1", port=silent.getsockname()[1])
        assert refused(settings)


def test_changed_key_is_refused_with_both_fingerprints(tmp_path):
    with Sshd(tmp_path) as own:
        before = own.fingerprint
        own.change_key()
        told = refused(settings_of(own))
        assert before in told
        assert own.fingerprint in told
        assert "ssh-keygen -R" in told


def test_machine_behind_another_is_reached(tmp_path):
    with jump_pair(tmp_path) as (_bastion, inner):
        session = Board(Depot(settings_of(inner)))
        assert session.device["node"] == inner.name
        session.close()


def test_machine_behind_a_command_is_reached(tmp_path):
    """ProxyCommand: the real ssh, which goes through the bastion."""
    with jump_pair(tmp_path) as (_bastion, inner):
        settings = settings_of(inner, config_file=behind_command(inner, tmp_path))
        session = Board(Depot(settings))
        assert session.device["node"] == inner.name
        session.close()
        assert host_key(settings).fingerprint == inner.fingerprint
        started = [c.name() for c in psutil.Process().children()]
        assert "ssh" not in started  # nor as a process that has ended and nobody asked


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("no-such-command %h", r"ProxyCommand 'no-such-command .*' ended with status 127: .*found"),
        ("sh -c 'echo it is closed today >&2; exit 7'", "ended with status 7: it is closed today"),
        ("sleep 60", "ProxyCommand 'sleep 60'"),
    ],
)
def test_command_that_reaches_nobody_is_told(board, tmp_path, monkeypatch, command, told):
    for module in (ssh, host_keys):
        monkeypatch.setattr(module, "_LOGIN_S", 1.0)
    config = tmp_path / "config"
    config.write_text(f"Host board\n ProxyCommand {command}\n{board.config.read_text()}")
    settings = settings_of(board, config_file=config)
    for reach in (Connection, host_key):
        with pytest.raises(RemoteError, match=told) as found:
            reach(settings)
        assert "key file" not in str(found.value)
    assert not [c for c in psutil.Process().children() if c.name() in ("sleep", "sh")]


def test_hostile_host_is_refused(board, monkeypatch):
    """What it sends is bounded: endless noise, and frames that are none."""
    for answer in (b"no ssh here\n" * 100_000, b"SSH-2.0-x\r\n" + os.urandom(100_000)):
        with socket.create_server(("127.0.0.1", 0)) as server:

            def serve(server=server, answer=answer):
                connection, _ = server.accept()
                with connection:
                    try:
                        connection.sendall(answer)
                    except OSError:
                        return

            thread = threading.Thread(target=serve)
            thread.start()
            assert refused(settings_of(board, host="127.0.0.1", port=server.getsockname()[1]))
            thread.join()


# What the machine lacks


def test_banner_of_the_login_shell_does_no_harm(tmp_path):
    with Sshd(tmp_path, banner="Welcome to the board") as own:
        session = Board(Depot(settings_of(own)))
        assert session.device["kind"] == "cpu"
        session.close()


def test_banner_before_the_file_server_does_no_harm(tmp_path):
    """As Debian sets it up: a program that the login shell starts, after it has printed."""
    program = "/usr/lib/openssh/sftp-server"
    with Sshd(tmp_path, banner="Welcome to the board", sftp=program) as own:
        session = Board(Depot(settings_of(own)))
        assert session.device["kind"] == "cpu"
        session.close()


def test_endless_banner_is_given_up(tmp_path):
    with Sshd(tmp_path, python=None, programs={"python3": "#!/bin/sh\nyes\n"}) as own:
        assert "after it printed" in refused(settings_of(own, python="python3"))


def test_no_python_is_told(tmp_path):
    with Sshd(tmp_path, python=None) as own:
        told = refused(settings_of(own, python="python3.7"))
        assert "no Python 3.8 or newer" in told
        assert "python3.8" in told


def test_no_numpy_is_told(tmp_path):
    script = f'#!/bin/sh\nexec {sys.executable} -S -E "$@"\n'
    with Sshd(tmp_path, python=None, programs={"python3": script}) as own:
        assert "NumPy is missing" in refused(settings_of(own, python="python3"))


def test_no_compiler_means_numpy(tmp_path):
    with Sshd(tmp_path, without=("g++*", "c++*", "clang*", "*-g++*", "cc", "gcc*")) as own:
        spec, data = make_spec(LAYERS, epochs=4), make_data(60, 3)
        events = list(SshService(settings_of(own)).submit(spec, data).events())
        assert trials(events)[0]["program"] == "numpy"
        remote._idle.clear()


@pytest.mark.parametrize(
    "options",
    [
        {"read_only_home": True},
        {"mounts": {".cache": "size=64k"}},
        {"mounts": {".cache": "noexec"}},
    ],
    ids=["read-only home", "full disk", "no code from the cache"],
)
def test_home_that_cannot_be_used_is_gone_around(tmp_path, options):
    with Sshd(tmp_path, **options) as own:
        spec, data = make_spec(LAYERS, epochs=4), make_data(60, 3)
        events = list(SshService(settings_of(own)).submit(spec, data).events())
        assert trials(events)[0]["program"] == "kernels"
        remote._idle.clear()


def test_cache_with_strange_letters_works(tmp_path):
    with Sshd(tmp_path) as own:
        place = f'{own.remote_home}/it\'s a "cache" & $(more) ; of; mine'
        session = Board(Depot(settings_of(own, cache=place)))
        assert session.facts["cache"] == place
        session.close()


def test_data_too_large_for_the_disk_is_told(tmp_path):
    with Sshd(tmp_path, mounts={"small": "size=2m"}) as own:
        settings = settings_of(own, cache=f"{own.remote_home}/small/cache")
        data = {
            "features": np.random.default_rng(0).normal(size=(200_000, 3)),
            "labels": np.zeros(200_000),
        }
        with pytest.raises(TargetError, match=r"could not be written .*Is the disk full"):
            list(SshService(settings).submit(make_spec(LAYERS, epochs=1), data).events())
        remote._idle.clear()


def test_clock_that_is_wrong_there_does_no_harm(board):
    """That of a board without a battery, before it has reached a network."""
    shifted = board.home / "other clock"
    shifted.mkdir()
    (shifted / "sitecustomize.py").write_text(
        "import time\nright = time.time\ntime.time = lambda: right() - 9 * 365 * 86400\n"
    )
    python = shifted / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{shifted}" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    spec, data = make_spec(LAYERS, {"folds": 3}, epochs=40), make_data(200, 3)
    events = list(SshService(settings_of(board, python=str(python))).submit(spec, data).events())
    assert parameters(events) == parameters(run(spec, data))
    assert 0 <= trials(events)[0]["seconds"] < 60


def test_two_users_of_one_machine_do_not_meet(tmp_path):
    with Sshd(tmp_path, users=("anna", "ben")) as own:
        roots = set()
        for user in ("anna", "ben"):
            depot = Depot(settings_of(own, user=user))
            roots.add(depot.root)
            depot.close()
        assert len(roots) == 2


def test_without_pycuda_there_it_uses_the_processor_and_says_so(board):
    service = SshService(settings_of(board, device="auto"))
    events = list(service.submit(make_spec(LAYERS, epochs=3), make_data(60, 3)).events())
    assert any("PyCUDA is not installed" in e["message"] for e in of_kind(events, "log"))
    assert events[0]["device"]["kind"] == "cpu"
    told = refused(settings_of(board, device="gpu"))
    assert "PyCUDA is not installed" in told
