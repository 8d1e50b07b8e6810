import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture(scope="module")
def mpiexec():
    pytest.importorskip("mpi4py")
    beside = Path(sys.executable).with_name("mpiexec")
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if not found:
        pytest.skip("there is no mpiexec here: pip install mpich")
    return found


def test_mpi_processes_run_a_workflow_twice(mpiexec, tmp_path):
    told = subprocess.run(
        [mpiexec, "-n", "3", sys.executable, "-m", "mpi4py.futures",
         str(SUPPORT / "mpi_program.py"), str(tmp_path / "store")],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
    )  # fmt: skip
    line = next((line for line in told.stdout.splitlines() if line.startswith("TOLD ")), None)
    assert line is not None, told.stdout + told.stderr
    found = json.loads(line.removeprefix("TOLD "))
    assert found["outputs"]["sum"] == 249750.0
    assert found["outputs"]["map"] == [1, 4, 9]
    assert len(found["outputs"]["drawn"]) == 4
    assert (found["state"], found["error"]) == ("failed", "ValueError: no 1")
    assert found["log"] == "before the boom\n"
    assert found["progress"] == [0, 1]
    assert found["workers"] == 2
    assert {name for name, state in found["again"].items() if state != "cached"} == {"boom1"}
