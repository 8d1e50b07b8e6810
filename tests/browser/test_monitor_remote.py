"""A cross-validation on two machines over SSH, watched in JupyterLab."""

from __future__ import annotations

import re

import pytest
from board_settings import settings_of
from sshd import Sshd

from dlaaw_nb.targets import targets_edit

pytestmark = pytest.mark.cluster
NETWORK = """%%nnworkflow net --data breast_cancer --epochs 100000000 --cost-every 1000
Linear(5, 3)
ReLU()
Linear(3, 1)
Sigmoid()"""
FRAME = ".dlaaw-monitor"


@pytest.fixture
def targets(tmp_path, monkeypatch):
    """A targets file with two boards, and the cluster that they make."""
    file = tmp_path / "targets.toml"
    monkeypatch.setenv("DLAAW_TARGETS", str(file))
    with Sshd(tmp_path / "a", name="fast") as fast, Sshd(tmp_path / "b", name="slow") as slow:
        for board in (fast, slow):
            settings = settings_of(board)
            paths = {"config_file": str(board.config), "known_hosts": str(board.known_hosts)}
            given = {"kind": "ssh", "host": settings.host, "device": "cpu", **paths}
            targets_edit.add(board.name, given, file)
        targets_edit.add("lab", {"kind": "cluster", "nodes": ["fast", "slow"]}, file)
        yield file


def test_monitor_shows_which_fold_is_where_and_stops_all(lab, targets):
    setting = f"%load_ext dlaaw_nb\n%env DLAAW_TARGETS={targets}"
    notebook = lab.notebook([setting, NETWORK, "%cv net --folds 5 --target lab"])
    notebook.run(0)
    notebook.run(1)
    notebook.start(2)
    notebook.page.wait_for_function(
        "() => { const text = document.querySelector('.dlaaw-monitor')?.innerText ?? '';"
        " return text.includes('fast') && text.includes('slow'); }"
    )
    notebook.page.wait_for_timeout(3000)  # telemetry comes every second
    text = notebook.page.locator(FRAME).inner_text()
    assert "of 5 folds" in text
    for name in ("fast", "slow"):  # how each is, of its own telemetry
        assert re.search(rf"{name}: CPU \d+ %, [\d.]+ of [\d.]+ GB", text)
    notebook.screenshot("monitor-cluster-running", 2)
    notebook.page.locator("button.dlaaw-stop").click()
    notebook.wait(2)
    notebook.screenshot("monitor-cluster-stopped", 2)
    assert notebook.value("net_cv.stopped")
    assert notebook.value("sorted({p.node for p in net_cv.placements})") == ["fast", "slow"]
