"""The program for large networks is CUDA that every GPU's compiler takes without a warning.

Registers and spills are printed as a table at the end of the run.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from gpu_compilers import TARGETS, compile_gpu, missing
from kernel_cases import trial_of
from wide_cases import MIXED, MNIST, NORMED

from dlaaw_nb.engine import codegen, resources
from dlaaw_nb.engine.device import cores
from dlaaw_nb.engine.recipe import recipe_kinds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CASES = {"MNIST": MNIST, "mixed": MIXED, "normed": NORMED}
OPTIMIZED = [("MNIST", "sm_53"), ("MNIST", "sm_75"), ("MNIST", "sm_90")]


@pytest.fixture(scope="module")
def compiled():
    """MNIST's network for every target, the others for the oldest and the newest."""
    kernels = resources.kernel_sources()
    wanted = [("MNIST", target) for target in TARGETS]
    wanted += [(name, target) for name in CASES for target in ("sm_53", "sm_120")]

    def job(pair):
        trial = trial_of(CASES[pair[0]], 60)
        source = codegen.wide_source(trial.chain, *recipe_kinds(trial.spec))
        return compile_gpu(source, pair[1], kernels, pair in OPTIMIZED)

    wanted = [pair for pair in dict.fromkeys(wanted) if not missing(pair[1])]
    with ThreadPoolExecutor(cores()) as pool:
        return dict(zip(wanted, pool.map(job, wanted), strict=True))


@pytest.mark.parametrize("target", TARGETS)
def test_wide_program_compiles_for_the_target_without_warnings(target, compiled):
    reason = missing(target)
    if reason and os.environ.get("DLAAW_REQUIRE_NVCC"):
        pytest.fail(f"{target}: {reason}")
    if reason:
        pytest.skip(reason)
    for (name, made_for), found in compiled.items():
        if made_for == target:
            assert not found.error, f"{name}: {found.error}"
            if target not in ("sm_53", "sm_62") and (name, target) in OPTIMIZED:
                assert found.spill_bytes == 0


def test_resources_of_the_wide_program_are_recorded(compiled, record_table):
    rows = [("network", "target", "train", "predict", "stack B", "spills B")]
    for (name, target), found in compiled.items():
        if (name, target) in OPTIMIZED:
            used = (found.registers.get(f"dlaaw_{k}", "-") for k in ("train", "predict"))
            rows.append((name, target, *used, found.stack_bytes, found.spill_bytes))
    record_table("GPU code for large networks: registers of a thread", rows)
