"""The test cluster does what it says: its nodes are apart, and each fault is one."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.cluster

ECHO = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
    here.bind(("", 9000))
    print("ready", flush=True)
    while True:
        here.sendto(*here.recvfrom(100))
"""
BUSY = """
import os, time
end = time.monotonic() + 1.5
child = os.fork()  # two at the same time
before = time.process_time()
while time.monotonic() < end:
    pass
print((time.process_time() - before) / 1.5, flush=True)
if child:
    os.waitpid(child, 0)
"""


def ssh(cluster: Cluster, name: str, command: str, script: str = "") -> str:
    done = subprocess.run(
        cluster.client.ssh(name, command),
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextlib.contextmanager
def started(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program; end it at the end, also where the test has failed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def read(process: subprocess.Popen[bytes]) -> bytes | None:
    """Read what there is: None is nothing, and no bytes the end."""
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    return process.stdout.read(65536)


def read_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def seconds_until(condition: Callable[[], object], limit_s: float = 20.0) -> float:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < limit_s, "it did not happen"
        time.sleep(0.01)
    return time.monotonic() - begin


def test_nodes_are_machines_of_their_own(cluster: Cluster) -> None:
    told = [
        ssh(cluster, name, "hostname; cat /proc/sys/kernel/random/boot_id; ls /sys/class/net; pwd")
        for name in ("node1", "node2", "node3")
    ]
    assert [text.split()[0] for text in told] == ["node1", "node2", "node3"]
    assert len({text.split()[1] for text in told}) == 3
    assert {tuple(text.split()[2:]) for text in told} == {("eth0", "lo", cluster.head.remote_home)}


def test_nodes_share_no_file_but_the_programs(cluster: Cluster) -> None:
    places = f"~/mine {cluster.head.remote_home}/x /tmp/dlaaw-x /var/tmp/dlaaw-x /dev/shm/dlaaw-x"
    ssh(cluster, "node1", f"touch {places}")
    assert ssh(cluster, "node2", f"ls {places} 2>/dev/null || true") == ""
    assert not any(Path(place).exists() for place in places.split()[2:])
    assert {path.name for path in cluster.head.home.iterdir()} == {".ssh", "mine", "x"}
    assert ssh(cluster, "node3", f"{sys.executable} -c 'import numpy; print(1)'") == "1"


def test_nodes_log_in_to_each_other_by_name(cluster: Cluster) -> None:
    assert ssh(cluster, "node1", "ssh node2 ssh node3 hostname") == "node3"


def test_special_node_is_what_it_was_told_to_be(tmp_path: Path) -> None:
    with Cluster(tmp_path, 2, special={"node2": {"python": None}}, banner="hi") as cluster:
        assert ssh(cluster, "node1", "command -v python3") == "hi\n/run/programs/python3"
        assert ssh(cluster, "node2", "command -v python3 || true") == "hi"


def test_cut_node_is_silent_and_goes_on_when_mended(cluster: Cluster) -> None:
    with started(cluster.client.ssh("node2", "while sleep 0.05; do echo tick; done")) as process:
        seconds_until(lambda: read(process))
        cluster.cut("node2")
        time.sleep(0.1)
        read(process)
        time.sleep(1)
        assert read(process) is None
        assert process.poll() is None
        assert cluster.processes("node2")
        cluster.mend("node2")
        seconds_until(lambda: read(process))


def test_killed_node_closes_and_comes_back_as_after_power_on(cluster: Cluster) -> None:
    look = "cat /proc/sys/kernel/random/boot_id; cd ~; ls -d /tmp/here * 2>/dev/null || true"
    ssh(cluster, "node3", "touch ~/kept /tmp/here")
    before = ssh(cluster, "node3", look).split()
    with started(cluster.client.ssh("node3", "sleep 100")) as process:
        seconds_until(lambda: cluster.processes("node3"))
        cluster.kill("node3")
        assert seconds_until(lambda: process.poll() is not None) < 10
    assert cluster.processes("node3") == []
    with pytest.raises(OSError, match=r"timed out|No route"):
        socket.create_connection((cluster["node3"].host, 22), 0.5)
    cluster.start("node3")
    after = ssh(cluster, "node3", look).split()
    assert before[0] != after[0]
    assert (before[1:], after[1:]) == (["/tmp/here", "kept"], ["kept"])  # noqa: S108
    assert ssh(cluster, "node1", "ssh node3 hostname") == "node3"


@pytest.mark.parametrize(("percent", "low", "high"), [(0, 1.0, 1.0), (20, 0.55, 0.73)])
def test_lossy_node_loses_that_share_each_way(
    cluster: Cluster, percent: float, low: float, high: float
) -> None:
    echo = cluster.client.ssh("node1", f"exec {sys.executable} -c '{ECHO}'")
    with started(echo) as process, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        assert read_line(process) == b"ready\n"
        cluster.loss("node1", 50)  # replaced, not added to
        cluster.loss("node1", percent)
        here.settimeout(0.01 if percent else 5)
        came = 0
        for number in range(1000):
            here.sendto(b"%d" % number, (cluster.head.host, 9000))
            came += _answered(here)
        assert low <= came / 1000 <= high


def _answered(here: socket.socket) -> bool:
    try:
        return bool(here.recv(100))
    except TimeoutError:
        return False


def test_delayed_node_answers_later_each_way(cluster: Cluster) -> None:
    def greeting_s() -> float:
        begin = time.monotonic()
        with socket.create_connection((cluster["node2"].host, 22), 10) as client:
            assert client.recv(4) == b"SSH-"
        return time.monotonic() - begin

    cluster.delay("node2", 300)
    assert 0.3 <= min(greeting_s() for _ in range(3)) < 0.6
    assert ssh(cluster, "node2", "cat", "x" * 300_000) == "x" * 300_000
    assert ssh(cluster, "node1", "ssh node2 hostname") == "node2"
    assert cluster.processes("node2") == []
    cluster.delay("node2", 0)
    assert min(greeting_s() for _ in range(5)) < 0.3


def test_narrow_node_takes_longer_for_much(cluster: Cluster) -> None:
    def seconds() -> float:
        begin = time.monotonic()
        assert len(ssh(cluster, "node2", "head -c 1000000 /dev/zero | tr '\\0' x")) == 1_000_000
        return time.monotonic() - begin

    cluster.narrow("node2", 200_000)
    assert 2.0 < seconds() < 20
    cluster.narrow("node2", 0)
    assert min(seconds() for _ in range(3)) < 2.0


def test_throttled_node_gets_that_share_of_a_core_for_all_that_runs(cluster: Cluster) -> None:
    def share() -> float:
        told = ssh(cluster, "node1", f"{sys.executable} -c '{BUSY}'").split()
        assert len(told) == 2
        return sum(map(float, told))

    cluster.throttle("node1", 0.4)
    assert 0.25 < share() < 0.5
    cluster.throttle("node1", 0.05)
    least = share()
    assert 0.03 < least < 0.09
    cluster.throttle("node1", None)
    assert share() > 1.2 * least  # what a machine gives that may have other things to do


def test_clusters_side_by_side_do_not_meet(cluster: Cluster, tmp_path: Path) -> None:
    with Cluster(tmp_path / "other", 1) as other:
        assert other.head.host != cluster.head.host
        assert ssh(other, "node1", "grep -c node /etc/hosts") == "1"
        assert ssh(cluster, "node1", "grep -c node /etc/hosts") == "3"


def test_closed_cluster_leaves_nothing(tmp_path: Path) -> None:
    with Cluster(tmp_path, 2) as cluster:
        ssh(cluster, "node1", "setsid sleep 300 >/dev/null 2>&1 </dev/null &")
        pids = [running.pid for running in cluster.head.box.processes()]
        link = Path("/sys/class/net", cluster.network.link)
        assert len(pids) >= 2  # sshd, and what has left its session
        assert (link.exists(), len(_groups())) == (True, 2)
    assert not any(map(psutil.pid_exists, pids))
    assert not link.exists()
    assert not _groups()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_test_that_is_killed_leaves_no_process_and_no_network(
    tmp_path: Path, end: signal.Signals
) -> None:
    code = (
        "import sys, time, pathlib, cluster\n"
        "made = cluster.Cluster(pathlib.Path(sys.argv[1]), 2)\n"
        "print(*(node.box.pid for node in made.nodes), made.network.link, flush=True)\n"
        "time.sleep(100)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "support")}
    command = [sys.executable, "-c", code, str(tmp_path)]
    with started(command, env=environment) as process:
        *words, name = read_line(process).decode().split()
        pids, link = [int(word) for word in words], Path("/sys/class/net", name)
        assert link.exists()
        process.send_signal(end)
    seconds_until(lambda: not any(map(psutil.pid_exists, pids)), 5)
    seconds_until(lambda: not link.exists(), 5)


def _groups() -> list[Path]:
    """Find the control groups of this process's clusters."""
    return list(Path("/sys/fs/cgroup").glob(f"**/dlaaw-test-{os.getpid()}-*"))
