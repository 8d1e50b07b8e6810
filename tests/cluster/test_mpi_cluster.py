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


def hello(cluster: Cluster, python: Path, *options: str) -> list[str]:
    """Let mpiexec of a Python's environment start a rank on each node, from the head."""
    home = cluster.head.home
    for node in cluster.nodes:
        (node.home / "hello.py").write_text(HELLO)
    (home / "hosts").write_text("".join(f"{node.name}\n" for node in cluster.nodes))
    mpiexec = [str(python.with_name("mpiexec")), *options, "-n", str(len(cluster.nodes))]
    command = shlex.join([*mpiexec, str(python), "-m", "mpi4py", "hello.py"])
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


def test_mpich_starts_a_rank_on_each_node(cluster: Cluster) -> None:
    pytest.importorskip("mpi4py", reason="needs MPI: pip install 'dlaaw-nb[mpi]'")
    assert hello(cluster, Path(sys.executable), "-f", "hosts") == expected(cluster)


def test_open_mpi_starts_a_rank_on_each_node(cluster: Cluster) -> None:
    environment = os.environ.get("DLAAW_OPENMPI")
    if not environment:
        unavailable("DLAAW_OPENMPI, a virtual environment with mpi4py and openmpi")
    # Without the second line it would start as many ranks on a node as it has cores.
    options = ["--allow-run-as-root", "--hostfile", "hosts", "--mca", "btl", "self,tcp"]
    options += ["--map-by", "node"]
    python = Path(str(environment)) / "bin" / "python"
    assert hello(cluster, python, *options) == expected(cluster)
