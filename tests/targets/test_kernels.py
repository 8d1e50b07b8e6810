"""Kernels of a person's own as functions."""

from __future__ import annotations

import contextlib
import inspect
import sys
import threading
import time

import numpy as np
import psutil
import pytest
from engine_support import needs_compiler
from idle_workers import gpu_on_processor, kill_idle

from dlaaw_nb import targets
from dlaaw_nb.errors import KernelError, TargetError
from dlaaw_nb.targets import gateway
from dlaaw_nb.targets.kernels import CudaModule
from dlaaw_nb.targets.worker import WorkerLostError, WorkerProcess

pytestmark = needs_compiler

SOURCE = """
__global__ void saxpy(float* out, const float* x, const float* y, int n, float a) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a * x[i] + y[i];
}
__global__ void hello(int n) { printf("%d of %d\\n", n, 3); }
__global__ void ever(int* x) {
  while (atomicAdd(x, 0) == 0) {
  }
}
__global__ void plane(float* out) { out[threadIdx.y * blockDim.x + threadIdx.x] = threadIdx.y; }
"""


@pytest.fixture(scope="module")
def module():
    return CudaModule(SOURCE, "cells", "cpu")


def test_kernel_is_a_function_that_writes_in_place(module):
    x, out = np.arange(1000, dtype=np.float32), np.zeros(1000, np.float32)
    assert module.saxpy(out, x, x, 1000, 2.0) is None
    assert out.tolist() == (3 * x).tolist()
    assert module.saxpy.time_ms > 0


def test_arguments_may_have_their_names(module):
    x, out = np.ones(10, np.float32), np.zeros(10, np.float32)
    module.saxpy(out, x, a=np.float32(4), n=np.int64(10), y=x, grid=1, block=(32,))
    assert out.tolist() == [5.0] * 10


def test_one_array_may_be_given_twice(module):
    x = np.arange(4, dtype=np.float32)
    module.saxpy(x, x, x, 4, 1.0)
    assert x.tolist() == [0, 2, 4, 6]


def test_what_it_prints_is_handed_on(module, capsys):
    lines = []
    module.hello(7, block=1, on_print=lines.append)
    module.hello(8, block=1)
    assert lines == ["7 of 3"]
    assert capsys.readouterr().out == "8 of 3\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: m.saxpy(x, x, x, 4), "a missing. Give all of them"),
        (lambda m, x: m.saxpy(x, x, x, 4, 1.0, 256), "expected 5 arguments, got 6. Give"),
        (lambda m, x: m.saxpy(x, x, x, 4, 1.0, n=3), "got 'n' twice"),
        (lambda m, x: m.saxpy(x, x, x, 4, b=1.0), "got 'b' and takes no such argument"),
        (
            lambda m, x: m.saxpy(x, x, x, 4, 1.0, grid="2"),
            "grid: expected one to three whole numbers",
        ),
        (lambda m, x: m.saxpy(x, x, x, 4, 1.0, block=(1, 1, 1, 1)), "block: expected one to three"),
        (lambda m, x: m.saxpy(x, [1.0], x, 4, 1.0), "'x' .*expected an array of float32, got list"),
        (lambda m, x: m.plane(x, block=(2, 2)), "a block of several dimensions needs grid="),
    ],
)
def test_call_that_does_not_fit_is_refused_in_words(module, call, message):
    with pytest.raises(KernelError, match=message):
        call(module, np.zeros(4, np.float32))


def test_kernel_explains_itself(module):
    assert module.saxpy.signature == (
        "saxpy(float* out, const float* x, const float* y, int n, float a)"
    )
    assert module.saxpy.__doc__.startswith(module.saxpy.signature)
    assert "line 2 of 'cells'" in module.saxpy.__doc__
    assert module.saxpy.source == SOURCE
    assert repr(module.saxpy).startswith("<kernel saxpy(")
    assert "saxpy" in dir(module)
    with pytest.raises(AttributeError, match="has no kernel 'nothing': saxpy, hello"):
        module.nothing  # noqa: B018


def test_arguments_are_completed_and_have_types(module):
    found = inspect.signature(module.saxpy).parameters
    assert list(found)[:6] == ["out", "x", "y", "n", "a", "grid"]
    assert found["x"].annotation == "float array"
    assert found["n"].annotation == "int"


def test_argument_may_be_called_as_one_of_ours(module):
    own = CudaModule("__global__ void f(float* out, int stop) { out[0] = stop; }", "own", "cpu")
    out = np.zeros(1, np.float32)
    own.f(out=out, stop=3, grid=1, block=1)
    assert out[0] == 3


def test_interrupt_ends_an_infinite_loop(module):
    import _thread

    threading.Timer(0.7, _thread.interrupt_main).start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        module.ever(np.zeros(1, np.int32), grid=1, block=1)
    assert time.perf_counter() - begin < 5


def test_without_a_target_the_processor_serves_where_there_is_no_gpu(monkeypatch):
    def refuse(name):
        raise TargetError("no GPU")

    monkeypatch.setattr(gateway, "describe", refuse)
    assert CudaModule(SOURCE).target == "cpu"


def test_gpu_that_is_asked_for_and_not_there_is_an_error(monkeypatch):
    def refuse(name):
        raise TargetError("target gpu: PyCUDA is not installed.")

    monkeypatch.setattr(gateway, "describe", refuse)
    with pytest.raises(TargetError, match="PyCUDA is not installed"):
        CudaModule(SOURCE, target="gpu")


def test_check_is_for_the_processor(monkeypatch):
    with pytest.raises(KernelError, match="only the emulator checks"):
        CudaModule(SOURCE, target="gpu", check=True)


def test_kernel_travels_to_a_worker_and_back(monkeypatch):
    monkeypatch.setattr(gateway, "_service", lambda _: gpu_on_processor())
    module = CudaModule(SOURCE, "cells", "cpu")
    module.target = "gpu"
    x, lines = np.arange(6, dtype=np.float32), []
    module.saxpy(x, x, x, 6, 1.0)
    module.hello(1, block=1, on_print=lines.append)
    assert x.tolist() == [0, 2, 4, 6, 8, 10]
    assert lines == ["1 of 3"]
    kill_idle()


def test_endless_kernel_is_stopped_in_a_worker():
    service = gpu_on_processor()
    plan = {"kind": "kernel", "source": SOURCE, "kernel": "ever", "grid": [1, 1, 1]}
    spec = {"plan": {**plan, "block": [1, 1, 1], "arguments": [{"array": "x"}]}}
    job = service.submit(spec, {"arrays": {"x": np.zeros(1, np.int32)}})
    threading.Timer(0.5, job.cancel).start()
    assert job.wait(10)
    assert job.state == "cancelled"
    assert targets.describe("cpu")
    kill_idle()  # if it heeded the stop in time


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells a child of its parent's end")
def test_endless_kernel_ends_with_the_worker_that_launched_it():
    plan = {"kind": "kernel", "source": SOURCE, "kernel": "ever", "grid": [1, 1, 1]}
    spec = {"plan": {**plan, "block": [1, 1, 1], "arguments": [{"array": "x"}]}}
    data, worker = {"arrays": {"x": np.zeros(1, np.int32)}}, WorkerProcess(())
    seen = psutil.Process(worker._process.pid)

    def launch():
        with contextlib.suppress(WorkerLostError):
            worker.run(spec, data, "x", lambda _: None, threading.Event())

    threading.Thread(target=launch).start()
    until = time.monotonic() + 60
    while not (kernels := [p for p in seen.children() if "launch" in " ".join(p.cmdline())]):
        assert time.monotonic() < until
        time.sleep(0.05)
    worker.kill()
    assert psutil.wait_procs(kernels, 5)[1] == []
