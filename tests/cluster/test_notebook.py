"""The notebook of boards and clusters, on a cluster."""

from __future__ import annotations

import io
import re
from pathlib import Path

import nbformat
import pytest
from board_settings import settings_of
from cluster import Cluster

from dlaaw_nb.cli import demo
from dlaaw_nb.targets import targets_edit

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "14_boards_and_clusters.ipynb"


def test_group_two_runs_on_a_cluster_and_shows_where(tmp_path, monkeypatch):
    file = tmp_path / "targets.toml"
    monkeypatch.setenv("DLAAW_TARGETS", str(file))
    with Cluster(tmp_path / "nodes", 5) as cluster:
        names = []
        for number, node in enumerate(cluster.nodes, 1):
            settings = settings_of(node)
            given = {
                "kind": "ssh",
                "host": settings.host,
                "device": "cpu",
                "config_file": str(settings.config_file),
                "known_hosts": str(settings.known_hosts),
            }
            names.append(f"jetson{number}")
            targets_edit.add(names[-1], given, file)
            cluster.throttle(node.name, 0.3)
        targets_edit.add("lab-cluster", {"kind": "cluster", "nodes": names}, file)
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        assert demo.execute(notebook, io.StringIO()) is None
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    text = "".join(out.get("text", "") for out in outputs)
    assert "the board is jetson1, the cluster is lab-cluster" in text
    assert "1000 numbers in blocks of 256" in text
    pictures = [str(out["data"]) for out in outputs if "5 folds on" in str(out.get("data"))]
    assert any(re.search("5 folds on [2-5] nodes", picture) for picture in pictures)
