"""The very files that the host compiles are CUDA: every GPU that is served takes them warning-free.

Registers, shared memory and spills are printed as a table at the end of the run.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from engine_support import needs_compiler
from gpu_compilers import TARGETS, compile_gpu, missing
from kernel_builds import FIBERS, built_with
from kernel_cases import CASES, session_of, source_of

from dlaaw_nb.engine import resources
from dlaaw_nb.engine.device import cores

# The first test has all compilers run, on a busy machine for some minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Bytes stored and loaded, of all functions: 128 registers are left to a thread, so that two blocks
# fit a multiprocessor. What the spills cost has not been measured.
MOST_SPILLED = 300
SMALLEST_SHARED = 48 << 10  # bytes that every GPU gives a block, the Nano too
# With what the host says of a training of theirs alone (`gpu_program.Shape`). Where a chunk is more
# than a tile, as with hundreds of trainings, up to 1 kB is spilled on sm_53 to sm_72.
PAPER = {
    "paper": "#define DLAAW_MOST_CHUNKS 1\n#define DLAAW_MOST_TILES 1\n",
    "paper large": "#define DLAAW_MOST_TILES 1\n",
}
RECORDED = ["sm_53", "sm_120"]  # for the other cases: the oldest and the newest


def is_optimized(name, target):
    return name in PAPER or target in RECORDED


@pytest.fixture(scope="module")
def compiled():
    """Every case for every target that has a compiler here, on all cores."""
    kernels = resources.kernel_sources()
    wanted = [(name, target) for name in CASES for target in TARGETS if not missing(target)]

    def job(pair):
        source = PAPER.get(pair[0], "") + source_of(CASES[pair[0]])
        return compile_gpu(source, pair[1], kernels, is_optimized(*pair))

    with ThreadPoolExecutor(cores()) as pool:
        return dict(zip(wanted, pool.map(job, wanted), strict=True))


@pytest.fixture(scope="module")
def shared_bytes():
    """Shared memory of a block that trains, by case; tiles are as long as on a GPU."""
    with built_with(FIBERS):
        return {name: 4 * session_of(CASES[name], 60).program.train_floats for name in CASES}


@pytest.mark.parametrize("target", TARGETS)
def test_every_case_compiles_for_the_target_without_warnings(target, compiled):
    skip_or_fail(target)
    for name in CASES:
        found = compiled[name, target]
        assert not found.error, f"{name}: {found.error}"
        if is_optimized(name, target):
            assert set(found.registers) == {"dlaaw_train", "dlaaw_predict"}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", PAPER)
def test_network_of_the_paper_keeps_its_numbers_in_registers(name, target, compiled):
    skip_or_fail(target)
    assert compiled[name, target].spill_bytes <= MOST_SPILLED
    assert max(compiled[name, target].registers.values()) < 255


@needs_compiler
@pytest.mark.parametrize("name", PAPER)
def test_network_of_the_paper_fits_the_shared_memory_of_every_gpu(name, shared_bytes):
    assert 0 < shared_bytes[name] <= SMALLEST_SHARED


@needs_compiler
def test_resources_are_recorded(compiled, shared_bytes, record_table):
    rows = [("network", "target", "train", "predict", "shared kB", "stack B", "spills B")]
    for (name, target), found in compiled.items():
        if is_optimized(name, target):
            used = (found.registers.get(f"dlaaw_{k}", "-") for k in ("train", "predict"))
            shared = f"{shared_bytes[name] / 1024:.1f}"
            rows.append((name, target, *used, shared, found.stack_bytes, found.spill_bytes))
    record_table("GPU code: registers of a thread, shared memory of a block", rows)
    assert len(rows) == 1 + sum(is_optimized(*pair) for pair in compiled)


def skip_or_fail(target):
    reason = missing(target)
    if reason and os.environ.get("DLAAW_REQUIRE_NVCC"):
        pytest.fail(f"{target}: {reason}")
    if reason:
        pytest.skip(reason)
