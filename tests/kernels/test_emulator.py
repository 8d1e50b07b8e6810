"""The GPU's branch of the kernels on a host: CUDA's blocks as fibers, in several orders."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from engine_support import needs_compiler
from kernel_builds import FIBERS, THREADS, Emulator, built_with
from kernel_cases import CASES, kinds_of, outcome, session_of

from dlaaw_nb.engine import build, resources

pytestmark = needs_compiler

ORDERS = [0, 1, 2, 3]  # forward, backward, two shuffles
SHAPES = [(300, 6, 1), (9000, 3, 1), (9000, 3, 3)]  # rows, batches, blocks in the team

RAW = """#define DLAAW_EMULATED %d
#include "emulator/cuda.cuh"
__global__ void total(const float* x, float* y, int n) {
  __shared__ float s[64];
  float sum = 0.0f;
  for (int k = threadIdx.x; k < n; k += blockDim.x) sum += x[blockIdx.x * n + k];
  s[threadIdx.x] = sum;
  %s
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];
    %s
  }
  if (threadIdx.x == 0) y[blockIdx.x] = s[0];
}
__global__ void never(const float*, float* y, int) {
  volatile float* seen = y;
  while (seen[0] == 0.0f) DLAAW_GIVE_WAY();
}
extern "C" __attribute__((visibility("default")))
void launch_%s(const float* x, float* y, int n, int blocks) {
  dlaaw_emulator::launch({dim3(blocks), dim3(dlaaw_emulator::settings.threads), 0, false,
                          [=] { %s(x, y, n); }});
}
"""
BARRIER = "__syncthreads();"


def raw(mode, order, first=BARRIER, second=BARRIER, kernel="total"):
    """Sums of 3 blocks of rows by a kernel of its own, and the emulator's error."""
    options = FIBERS if mode == 1 else THREADS
    with built_with([option for option in options if "EMULATED" not in option]):
        library = build.library(RAW % (mode, first, second, kernel, kernel))
    emulator = Emulator(library)
    emulator.configure(32, order)
    x, y = np.arange(300, dtype=np.float32), np.zeros(3, np.float32)
    pointers = (ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data))
    getattr(library, f"launch_{kernel}")(*pointers, 100, 3)
    return y, emulator.error()


def differences(found, expected):
    return [key for key in expected if found[key] != expected[key]]


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CASES)
def test_emulated_blocks_in_every_order_give_the_bits_of_the_processor(name, shape):
    rows, batches, team = shape
    settings = {"epochs": 4, "batches": batches, "cost_every": 1}
    expected = outcome(session_of(CASES[name], rows, **settings), 4)
    for order in ORDERS:
        for threads in (32, 64):
            with built_with(FIBERS):
                session = session_of(CASES[name], rows, team, **settings)
                emulator = Emulator(session.program.library)
                emulator.configure(threads, order)
                found = outcome(session, 4)
            assert not emulator.error()
            assert not differences(found, expected), (order, threads)
            assert session.team == team


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize("rows", [2, 31, 63, 64, 65, 129])
def test_emulated_odd_rows_and_a_fold_give_the_bits_of_the_processor(rows):
    settings = {"epochs": 2, "batches": 2, "cost_every": 1}
    plan = {"folds": 2}
    for name in ("paper", "numbers"):
        expected = outcome(session_of(CASES[name], rows, plan=plan, **settings), 2)
        for order in ORDERS:
            with built_with(FIBERS):
                session = session_of(CASES[name], rows, plan=plan, **settings)
                Emulator(session.program.library).configure(32, order)
                assert not differences(outcome(session, 2), expected)


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("team", [1, 4])
def test_emulated_batch_whose_last_chunks_are_empty_gives_the_bits_of_the_processor(team, order):
    # 32769 rows make 64 chunks; rounded up to whole lanes, the last of them has no rows left.
    settings = {"epochs": 1, "batches": 2}
    expected = outcome(session_of(CASES["paper"], 65538, **settings), 1)
    with built_with(FIBERS):
        session = session_of(CASES["paper"], 65538, team, **settings)
        emulator = Emulator(session.program.library)
        emulator.configure(32, order)
        found = outcome(session, 1)
    assert not emulator.error()
    assert not differences(found, expected)


def test_every_kind_of_kernel_is_in_a_case():
    found = set().union(*(kinds_of(case) for case in CASES.values()))
    folders = ("layers", "losses", "optimizers", "schedules")
    files = {f"{folder}/{kind.lower()}.cuh" for folder, kind in found}
    assert files == {name for name in resources.kernel_names() if name.startswith(folders)}


@pytest.mark.parametrize("mode", [1, 2])
@pytest.mark.parametrize("order", ORDERS)
def test_raw_kernel_with_its_barriers_is_right(mode, order):
    y, error = raw(mode, order)
    assert not error
    assert y.tolist() == [sum(range(k, k + 100)) for k in (0, 100, 200)]


@pytest.mark.parametrize(("first", "second"), [("", BARRIER), (BARRIER, "")])
def test_raw_kernel_without_a_barrier_is_found_out_in_some_order(first, second):
    expected = raw(1, 0)[0].tolist()
    assert any(raw(1, order, first, second)[0].tolist() != expected for order in ORDERS)


@pytest.mark.parametrize("mode", [1, 2])
def test_raw_kernel_with_a_divergent_barrier_is_an_error_by_name(mode):
    _, error = raw(mode, 0, first="if (threadIdx.x < 7) return; __syncthreads();")
    assert "divergent barrier: in block 0 25 threads wait in a barrier, 7 have ended" in error


@pytest.mark.parametrize("mode", [1, 2])
def test_raw_kernel_with_unlike_barriers_is_an_error_by_name(mode):
    _, error = raw(mode, 0, first="if (threadIdx.x < 7) __syncthreads(); else __syncthreads_or(1);")
    assert "barriers of different kinds" in error


def test_raw_kernel_that_waits_for_ever_is_an_error_by_name():
    assert "deadlock" in raw(1, 0, kernel="never")[1]


def test_shared_memory_is_not_a_number_where_a_block_begins():
    for order in ORDERS:
        y, _ = raw(1, order, first=BARRIER + " s[0] += s[63];")
        assert np.isnan(y).all()


COUNTED = """#define DLAAW_EMULATED %d
#include "emulator/cuda.cuh"
__global__ void counted(float* y) {
  for (int k = 0; k < 8; ++k) {
    const int n = __syncthreads_count(threadIdx.x < blockIdx.x + k);
    const int all = __syncthreads_and(threadIdx.x < 31 + blockIdx.x);
    if (threadIdx.x == 0) y[blockIdx.x * 8 + k] = n + 100 * all;
    DLAAW_GIVE_WAY();
  }
}
extern "C" __attribute__((visibility("default"))) void launch_counted(float* y) {
  dlaaw_emulator::launch({dim3(3), dim3(32), 0, true, [=] { counted(y); }});
}
"""


@pytest.mark.parametrize("mode", [1, 2])
@pytest.mark.parametrize("order", ORDERS)
def test_blocks_that_run_at_once_count_each_for_itself_in_a_barrier(mode, order):
    options = FIBERS if mode == 1 else THREADS
    with built_with([option for option in options if "EMULATED" not in option]):
        library = build.library(COUNTED % mode)
    emulator = Emulator(library)
    emulator.configure(32, order)
    y = np.zeros((3, 8), np.float32)
    library.launch_counted(ctypes.c_void_p(y.ctypes.data))
    assert not emulator.error()
    expected = np.arange(3)[:, None] + np.arange(8) + np.array([[0], [100], [100]])
    assert y.tolist() == expected.tolist()
