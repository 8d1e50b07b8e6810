"""Each kind of fault is planted in a copy of the kernels once, and the check for it finds it."""

from __future__ import annotations

import numpy as np
import pytest
from engine_support import needs_compiler
from gpu_compilers import compile_gpu, missing
from kernel_builds import (
    ASAN,
    FIBERS,
    THREADS,
    TSAN_THREADS,
    Emulator,
    built_with,
    mutate,
    run_sanitized,
    sanitizer_library,
)
from kernel_cases import CASES, outcome, session_of, source_of

pytestmark = needs_compiler

TRAIN, PREDICT = "programs/train.cuh", "programs/predict.cuh"
SETTINGS = {"epochs": 2, "batches": 3, "cost_every": 1}
GRADIENT = "Net::gradient(at, tile.x, tile.stride, work.y, work.dz, work.g, whole, fresh);"
BEFORE_GRADIENT = f"block_barrier();\n      {GRADIENT}"
LANES = "block_barrier();\n          add_lanes"
ONE_CHUNK = "block_any(heard != 0);"
TILES = "if (!fresh) block_barrier();"
UPDATE = "batch + 1);\n        block_barrier();"
FENCE = "__threadfence();\n    volatile"

needs_asan = pytest.mark.skipif(not sanitizer_library("libasan.so"), reason="no libasan")
needs_tsan = pytest.mark.skipif(not sanitizer_library("libtsan.so"), reason="no libtsan")


def emulate(sources, order, name="paper", rows=9000, team=1):
    """What a training leaves, and the emulator's error."""
    with built_with(FIBERS, sources):
        session = session_of(CASES[name], rows, team, **SETTINGS)
        emulator = Emulator(session.program.library)
        emulator.configure(32, order)
        return outcome(session, 2), emulator.error()


def sanitize(sanitizer, options, sources, folder, **run):
    given = {"case": "paper", "rows": 130, "settings": {"epochs": 2, "batches": 2}, **run}
    return run_sanitized(sanitizer, options, [given], folder, sources)


@pytest.mark.parametrize(
    ("barrier", "without", "rows"),
    [
        (BEFORE_GRADIENT, GRADIENT, 9000),
        (LANES, "add_lanes", 9000),
        (TILES, "", 9000),
        (ONE_CHUNK, "heard != 0;", 200),
        (UPDATE, "batch + 1);", 200),
    ],
    ids=["gradient", "lanes", "tiles", "one chunk", "update"],
)
def test_missing_barrier_changes_numbers_in_some_order(barrier, without, rows):
    sources = mutate(TRAIN, barrier, without)
    expected = outcome(session_of(CASES["paper"], rows, **SETTINGS), 2)
    assert any(emulate(sources, order, rows=rows)[0] != expected for order in range(4))


def test_missing_team_barrier_changes_numbers_in_some_order():
    sources = mutate(TRAIN, "team_barrier(a.team_state, team);", "")
    expected = outcome(session_of(CASES["paper"], 9000, **SETTINGS), 2)
    assert any(emulate(sources, order, team=3)[0] != expected for order in range(4))


def test_divergent_barrier_is_an_error_by_name():
    sources = mutate(TRAIN, GRADIENT, f"if (thread() < 16) block_barrier();\n      {GRADIENT}")
    assert "divergent barrier" in emulate(sources, 0)[1]


def test_member_that_leaves_its_team_is_an_error_by_name():
    barrier = "team_barrier(a.team_state, team);"
    sources = mutate(TRAIN, barrier, f"if (member) return;\n{barrier}")
    assert "deadlock" in emulate(sources, 0, team=3)[1]


@pytest.mark.parametrize(
    ("file", "formula", "wrong"),
    [
        ("optimizers/sgd.cuh", "fma(broadcast(-step.rate)", "fma(broadcast(-1.01f * step.rate)"),
        ("layers/relu.cuh", "select(y > 0.0f, dy", "select(y > 0.1f, dy"),
        ("losses/binarycrossentropy.cuh", "(1.0f - t) *", "(1.01f - t) *"),
    ],
)
def test_wrong_formula_leaves_the_reference(file, formula, wrong):
    with built_with([], mutate(file, formula, wrong)):
        kernels = session_of(CASES["paper"], 200, **SETTINGS)
        costs = kernels.advance(2)
    reference = session_of(CASES["paper"], 200, reference=True, **SETTINGS)
    same_costs = np.allclose(costs, reference.advance(2), rtol=1e-5)
    theirs = reference.trial.chain.pack(reference.parameters())
    assert not (same_costs and np.allclose(kernels.flat, theirs, rtol=1e-4, atol=1e-6))


@needs_asan
@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (TRAIN, "DLAAW_EACH(k, 1, p, p)", "DLAAW_EACH(k, 1, p + 1, p)", "heap-buffer-overflow"),
        (PREDICT, "DLAAW_EACH(r, 1, rows,", "DLAAW_EACH(r, 1, TILE,", "heap-buffer-overflow"),
        ("programs/data.cuh", "rows.x + from;", "rows.x + from + TILE;", "use-after-poison"),
        (TRAIN, "pass.rows = rows;", "pass.rows = rows * 0x7FFFFFF;", "signed integer overflow"),
    ],
    ids=["read", "write", "read beyond the rows", "undefined behaviour"],
)
def test_touching_what_is_not_ours_is_reported(file, old, new, message, tmp_path):
    status, printed = sanitize("asan", ASAN, mutate(file, old, new), tmp_path)
    assert status != 0
    assert message in printed


@needs_asan
@pytest.mark.slow
def test_shared_memory_that_is_too_small_is_reported(tmp_path):
    sources = mutate(
        TRAIN, "TRIAL_FLOATS + Work::floats(sizes);", "TRIAL_FLOATS + Work::floats(sizes) - 48;"
    )
    options = [*THREADS, *ASAN]
    status, printed = sanitize("asan", options, sources, tmp_path, case="classes", threads=32)
    assert status != 0
    assert "heap-buffer-overflow" in printed


@needs_tsan
@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [(TRAIN, BEFORE_GRADIENT, GRADIENT), ("platform.cuh", FENCE, "volatile")],
    ids=["barrier", "fence"],
)
def test_data_race_is_reported(file, old, new, tmp_path):
    run = {"rows": 4200, "team": 2, "threads": 32}
    status, printed = sanitize("tsan", TSAN_THREADS, mutate(file, old, new), tmp_path, **run)
    assert status != 0
    assert "ThreadSanitizer: data race" in printed


@pytest.mark.slow
@pytest.mark.parametrize("target", ["sm_53", "sm_120"])
def test_warning_of_a_gpu_compiler_is_an_error(target):
    if missing(target):
        pytest.skip(missing(target))
    work = "const Work work(a.sizes, scratch);"
    sources = mutate(TRAIN, work, f"int unused;\n    {work}")
    found = compile_gpu(source_of(CASES["paper"]), target, sources, optimized=False)
    assert "unused" in found.error


@pytest.mark.slow
@pytest.mark.parametrize("target", ["sm_53", "sm_120"])
def test_spill_is_counted(target):
    if missing(target):
        pytest.skip(missing(target))
    bounds = "DLAAW_THREADS, 512 / DLAAW_THREADS"
    # No more than 64 registers are left for a thread.
    sources = mutate("programs/entries.cuh", bounds, "1024")
    assert compile_gpu(source_of(CASES["paper"]), target, sources).spill_bytes > 0
