"""The front end's own tests, of its models, run by Node.js."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "labextension"


@pytest.mark.slow
def test_models_of_the_canvas_pass_their_tests():
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "esbuild").is_dir():
        reason = "needs Node.js and what a build of the extension leaves in node_modules"
        if os.environ.get("DLAAW_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [node, "test/run.mjs"], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fail 0" in done.stdout
