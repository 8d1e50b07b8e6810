"""An interrupt goes to a kernel's whole process group, as JupyterLab and a terminal send it.

What the kernel has started must not take it for its own: training stops and keeps what it has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from engine_support import needs_compiler
from sshd import behind_command, jump_pair

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(sys.platform == "win32", reason="has no process groups of this kind"),
]

NETWORK = """
import os
from dlaaw_nb import Linear, NNWorkflow, Sigmoid, datasets
from dlaaw_nb.nn.layers import activation
own = activation(
    "Same",
    "__device__ float forward(float x) { return x; }"
    "__device__ float backward(float x, float dy) { return dy; }",
)
network = NNWorkflow([Linear(5, 3), own(), Linear(3, 1), Sigmoid()], epochs=100_000_000)
data = datasets.load("breast_cancer")
"""

TRAINING = """
def told(event):
    if event["event"] == "cost":
        os.write(1, b"go\\n")

result = network.train(data, target=TARGET, callback=told)
print("stopped", result.stopped, result.epochs_done > 0, flush=True)
"""

CELL = """
import os, threading
import numpy as np
from dlaaw_nb.targets.kernels import CudaModule
module = CudaModule(
    "__global__ void ever(int* x) { while (atomicAdd(x, 0) == 0) {} }", "cell", "cpu"
)
threading.Timer(1.0, os.write, (1, b"go\\n")).start()
try:
    module.ever(np.zeros(1, np.int32), grid=1, block=1)
except KeyboardInterrupt as error:
    print("interrupted", flush=True)
"""


BACKGROUND = """
import os, threading
import numpy as np
from dlaaw_nb.targets.kernels import CudaModule
module = CudaModule(
    "__global__ void slow(int* x, float rounds) {"
    "  for (volatile long long k = 0; k < (long long)rounds; k++) {} x[0] = 7; }", "cell", "cpu",
)
x, said, done = np.zeros(1, np.int32), [], threading.Event()
def run():
    try:
        module.slow(x, 2e10, grid=1, block=1)  # seconds
        said.append(int(x[0]))
    except BaseException as error:
        said.append(repr(error))
    done.set()
module.slow(x, 1.0, grid=1, block=1)  # compiled from here on
x[0] = 0
threading.Thread(target=run).start()
try:
    done.wait(0.5)
    os.write(1, b"go\\n")
    done.wait(60)
except KeyboardInterrupt:
    done.wait()
    print(*said, flush=True)
"""

COMPILING = """
import os, threading, time
from dlaaw_nb.engine import build
said, done = [], threading.Event()
def run():
    try:
        build.run(["sh", "-c", "sleep 2; echo built >&2; exit 3"])
    except BaseException as error:
        said.append(error.stderr)
    done.set()
threading.Thread(target=run).start()
try:
    time.sleep(0.5)
    os.write(1, b"go\\n")
    threading.Event().wait(20)
except KeyboardInterrupt:
    done.wait()
    print(*said, end="", flush=True)
"""


def interrupted(program, **names):
    """Run a program, interrupt its group once it says go; gives all it said after that."""
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    support = str(Path(__file__).parents[1] / "support")
    paths = os.pathsep.join(filter(None, [support, os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        [sys.executable, "-c", given + program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        try:
            first = process.stdout.readline()
            assert first == "go\n", process.stderr.read()
            os.killpg(process.pid, signal.SIGINT)
            begin = time.monotonic()
            said, errors = process.communicate(timeout=30)
            assert time.monotonic() - begin < 20
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return [line for line in said.splitlines() if line != "go"], errors


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_training_in_a_worker_stops_and_keeps_what_it_has(target):
    gpu = """
from idle_workers import gpu_on_processor
from dlaaw_nb.targets import gateway
if TARGET == "gpu":
    gateway._service = lambda _: gpu_on_processor()
"""
    said, errors = interrupted(NETWORK + gpu + TRAINING, TARGET=target)
    assert said == ["stopped True True"], errors


def test_kernel_of_a_cell_is_interrupted():
    said, errors = interrupted(CELL)
    assert said == ["interrupted"], errors


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is of the kernel's group")
def test_kernel_in_the_background_is_not_interrupted():
    said, errors = interrupted(BACKGROUND)
    assert said == ["7"], errors


def test_compiler_of_a_job_in_the_background_is_not_interrupted():
    said, errors = interrupted(COMPILING)
    assert said == ["built"], errors


@pytest.mark.cluster
def test_training_behind_a_proxy_command_stops_and_keeps_what_it_has(tmp_path):
    with jump_pair(tmp_path) as (_bastion, inner):
        config = behind_command(inner, tmp_path)
        file = tmp_path / "targets.toml"
        file.write_text(
            f'[board]\nkind = "ssh"\nhost = "{inner.name}"\nconfig_file = "{config}"\n'
            f'known_hosts = "{inner.known_hosts}"\ndevice = "cpu"\n'
        )
        there = f"import os\nos.environ['DLAAW_TARGETS'] = {str(file)!r}\n"
        said, errors = interrupted(there + NETWORK + TRAINING, TARGET="board")
    assert said == ["stopped True True"], errors
