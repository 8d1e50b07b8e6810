"""The kernels under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from engine_support import needs_compiler
from kernel_builds import ASAN, THREADS, TSAN, TSAN_THREADS, run_sanitized, sanitizer_library
from kernel_cases import CASES

from dlaaw_nb.engine.device import cores

pytestmark = [needs_compiler, pytest.mark.slow]

FEW = ["paper large", "binary", "classes"]  # what is compiled most slowly is tried on these
TWO = {"epochs": 2, "batches": 2}  # one part trains, one tests


def needs(sanitizer):
    return pytest.mark.skipif(
        not sanitizer_library(f"lib{sanitizer}.so"), reason=f"the compiler has no lib{sanitizer}"
    )


def lengths(name):
    """Training rows; layers that need several rows in a batch, and validation rows, have more."""
    return [1, 63, 64, 65] if name.startswith("paper") else [5, 63, 64, 65]


def check(sanitizer, options, runs, folder):
    """Share the runs out to the cores, by case, so that each program is compiled once."""
    jobs = [runs[k :: cores()] for k in range(min(cores(), len(runs)))]
    folders = [folder / str(k) for k in range(len(jobs))]
    for made in folders:
        made.mkdir()

    def job(k):
        flat = [run for group in jobs[k] for run in group]
        return run_sanitized(sanitizer, options, flat, folders[k])

    with ThreadPoolExecutor(len(jobs)) as pool:
        for status, printed in pool.map(job, range(len(jobs))):
            assert status == 0, printed
            assert "done:" in printed


@needs("asan")
def test_every_case_on_odd_rows_touches_nothing_beyond_its_arrays(tmp_path):
    runs = [
        [{"case": name, "rows": 2 * n, "settings": TWO} for n in lengths(name)]
        + [{"case": name, "rows": 4200, "settings": TWO}]
        + [{"case": name, "rows": 133, "settings": TWO, "plan": {"folds": 2}}]
        for name in CASES
    ]
    check("asan", ASAN, runs, tmp_path)


@needs("asan")
def test_every_width_touches_nothing_beyond_its_arrays(tmp_path):
    variable = [
        {"width": width, "constant": False, "rows": rows, "settings": TWO}
        for width in [*range(1, 10), 13, 16, 31, 64, 129]
        for rows in (2, 126, 130)
    ]
    constant = [
        [{"width": width, "constant": True, "rows": rows, "settings": TWO} for rows in (2, 126)]
        for width in (1, 5, 33)
    ]
    check("asan", ASAN, [variable, *constant], tmp_path)


@needs("asan")
def test_threads_of_emulated_blocks_touch_nothing_beyond_their_arrays(tmp_path):
    runs = [
        [{"case": name, "rows": 2 * n, "settings": TWO, "threads": 32} for n in lengths(name)]
        for name in FEW
    ]
    check("asan", [*THREADS, *ASAN], runs, tmp_path)


@needs("tsan")
def test_teams_of_threads_on_the_processor_have_no_race(tmp_path):
    runs = [
        [{"case": name, "rows": 4200, "settings": TWO, "team": team} for team in (2, 3)]
        for name in CASES
    ]
    check("tsan", TSAN, runs, tmp_path)


@needs("tsan")
def test_threads_of_emulated_blocks_have_no_race(tmp_path):
    runs = [
        [
            {"case": name, "rows": 4200, "settings": TWO, "team": 2, "threads": 32},
            {"case": name, "rows": 131, "settings": TWO, "threads": 64, "plan": {"folds": 2}},
        ]
        for name in CASES
    ]
    check("tsan", TSAN_THREADS, runs, tmp_path)
