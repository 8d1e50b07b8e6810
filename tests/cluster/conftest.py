"""What tests of remote targets need: a board, and a cluster of three nodes, of each test's own.

``Sshd`` and ``Cluster`` of ``tests/support`` give others, with options. Where a machine cannot have
them the tests are skipped; with ``DLAAW_REQUIRE_CLUSTER`` they fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cluster import Cluster
from sshd import Sshd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Sshd]:
    """Start a server that is as one hopes for."""
    with Sshd(tmp_path / "board") as board:
        yield board


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Start "node1", "node2" and "node3"."""
    with Cluster(tmp_path / "cluster", 3) as cluster:
        yield cluster
