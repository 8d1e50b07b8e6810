"""Raw CUDA of a person's own on a real GPU: what it does, and what its mistakes cost."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from gpu_support import needs_gpu

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.targets.kernels import CudaModule

pytestmark = needs_gpu

SOURCE = """
__global__ void saxpy(float* out, const float* x, const float* y, int n, float a) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = a * x[i] + y[i];
}
__global__ void total(float* sum, const float* x, int n) {
  extern __shared__ float part[];
  float s = 0.0f;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) s += x[i];
  part[threadIdx.x] = s;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) atomicAdd(sum, part[0]);
}
__global__ void hello(int n) { if (threadIdx.x < 3) printf("thread %d of %d\\n", threadIdx.x, n); }
__global__ void beyond(float* x, long long far) { x[far] = 1.0f; }
__global__ void demand(int n) { assert(n > 3); }
__global__ void ever(int* x) {
  while (atomicAdd(x, 0) == 0) {
  }
}
"""
X = np.arange(1000, dtype=np.float32)


@pytest.fixture(scope="module")
def module():
    return CudaModule(SOURCE, "cells", "gpu")


def doubled(module):
    out = np.zeros_like(X)
    module.saxpy(out, X, X, len(X), 1.0)
    assert np.array_equal(out, 2 * X)


def test_kernel_writes_in_place_and_is_timed(module):
    doubled(module)
    assert 0 < module.saxpy.time_ms < 100
    assert module.saxpy.resources["registers"] > 0
    assert module.saxpy.resources["max_threads"] >= 256


def test_gpu_and_emulator_agree(module):
    emulated = CudaModule(SOURCE, "cells", "cpu")
    sums = []
    for made in (module, emulated):
        found = np.zeros(1, np.float32)
        made.total(found, X, len(X), grid=4, block=64, shared_bytes=256)
        sums.append(found[0])
    assert sums == [X.sum(), X.sum()]


def test_what_a_kernel_prints_arrives(module):
    lines = []
    module.hello(32, grid=1, block=32, on_print=lines.append)
    assert sorted(lines) == [f"thread {n} of 32" for n in range(3)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.beyond(np.zeros(4, np.float32), 1 << 40), "illegal|address"),
        (lambda m: m.demand(2, grid=1, block=1), "assert"),
        (lambda m: m.total(np.zeros(1, np.float32), X, 9, shared_bytes=1 << 20), "shared memory"),
        (lambda m: m.saxpy(X.copy(), X, X, 9, 1.0, block=2048), "from 1 to 1024"),
    ],
    ids=["illegal access", "assert", "shared memory", "block"],
)
def test_mistake_is_told_and_the_next_launch_works(module, call, message):
    with pytest.raises(DlaawError, match=message):
        call(module)
    doubled(module)


def test_stop_ends_an_infinite_loop_and_the_next_launch_works(module):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        module.ever(np.zeros(1, np.int32), grid=1, block=1, stop_event=stop)
    assert time.perf_counter() - begin < 6
    doubled(module)


def test_fault_of_a_cell_costs_a_training_beside_it_nothing(module):
    from engine_support import make_data, make_spec, run, trials

    from dlaaw_nb import targets

    layers = [["Linear", 3, 2], ["ReLU"], ["Linear", 2, 1], ["Sigmoid"]]
    spec, data = make_spec(layers, epochs=20_000, cost_every=1000), make_data(3000, 3)
    job = targets.submit(spec, data, "gpu")
    with pytest.raises(DlaawError):
        module.beyond(np.zeros(4, np.float32), 1 << 40)
    (found,), (expected,) = trials(list(job.events())), trials(run(spec, data))
    for name, values in expected["parameters"].items():
        assert np.array_equal(found["parameters"][name], values)
