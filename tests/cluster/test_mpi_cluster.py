"""Real ``mpiexec`` over SSH between the nodes of the test cluster, of both families of MPI."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from box import unavailable

if TYPE_CHECKING:
    from cluster import Cluster

pytestmark = pytest.mark.cluster

HELLO = """
import socket, sys
from mpi4py import MPI
world = MPI.COMM_WORLD
total = world.allreduce(world.rank)
line = f"rank {world.rank} of {world.size} on {socket.gethostname()}, all sum up to {total}"
sys.stdout.write(line + "\\n")
"""


def hello(cluster: Cluster, mpiexec: Path, python: Path, *options: str) -> list[str]:
    """Let mpiexec start a rank of a Python on each node, from the head."""
    home = cluster.head.home
    for node in cluster.nodes:
        (node.home / "hello.py").write_text(HELLO)
    (home / "hosts").write_text("".join(f"{node.name}\n" for node in cluster.nodes))
    start = [str(mpiexec), *options, "-n", str(len(cluster.nodes))]
    command = shlex.join([*start, str(python), "-m", "mpi4py", "hello.py"])
    done = subprocess.run(
        cluster.client.ssh("node1", command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.splitlines())


def expected(cluster: Cluster) -> list[str]:
    nodes = cluster.nodes
    total = sum(range(len(nodes)))
    return [
        f"rank {rank} of {len(nodes)} on {node.name}, all sum up to {total}"
        for rank, node in enumerate(nodes)
    ]


def open_mpi_options(*more: str) -> list[str]:
    # Without the mapping it would start as many ranks on a node as it has cores.
    return ["--allow-run-as-root", "--hostfile", "hosts", "--map-by", "node", *more]


def test_mpich_starts_a_rank_on_each_node(cluster: Cluster) -> None:
    pytest.importorskip("mpi4py", reason="needs MPI: pip install 'dlaaw-nb[mpi]'")
    python = Path(sys.executable)
    mpiexec = python.with_name("mpiexec")
    assert hello(cluster, mpiexec, python, "-f", "hosts") == expected(cluster)


def test_open_mpi_starts_a_rank_on_each_node(cluster: Cluster) -> None:
    environment = os.environ.get("DLAAW_OPENMPI")
    if not environment:
        unavailable("DLAAW_OPENMPI, a virtual environment with mpi4py and openmpi")
    python = Path(str(environment)) / "bin" / "python"
    options = open_mpi_options("--mca", "btl", "self,tcp")
    assert hello(cluster, python.with_name("mpiexec"), python, *options) == expected(cluster)


def test_open_mpi_of_the_distribution_starts_a_rank_on_each_node(cluster: Cluster) -> None:
    """A board has its distribution's MPI; mpi4py takes that library where it is told to."""
    mpiexec = Path("/usr/bin/mpiexec.openmpi")
    if not mpiexec.exists():
        unavailable("the distribution's Open MPI: apt install openmpi-bin")
    (library, *_) = Path("/usr/lib").glob("*/libmpi.so.40")
    options = open_mpi_options("-x", f"MPI4PY_LIBMPI={library}")
    assert hello(cluster, mpiexec, Path(sys.executable), *options) == expected(cluster)
