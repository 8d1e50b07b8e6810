"""Fixtures of the kernels' proofs."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from gpu_compilers import table
from kernel_builds import FIBERS, built_with
from kernel_cases import CASES, source_of

from dlaaw_nb.engine import build
from dlaaw_nb.engine.device import cores
from dlaaw_nb.engine.faults import BuildError

TABLES = pytest.StashKey()


@pytest.fixture(scope="session")
def emulated() -> None:
    """All cases, compiled for the fibers on all cores; a test that uses one reports its errors."""

    def compile_quietly(source: str) -> None:
        with contextlib.suppress(BuildError):
            build.library(source)

    with built_with(FIBERS), ThreadPoolExecutor(cores()) as pool:
        list(pool.map(compile_quietly, [source_of(case) for case in CASES.values()]))


@pytest.fixture
def record_table(pytestconfig):
    """A function that has a table printed at the end of the run, of a title and rows of cells."""
    tables = pytestconfig.stash.setdefault(TABLES, [])
    return lambda title, rows: tables.append((title, rows))


def pytest_terminal_summary(terminalreporter, config) -> None:
    for title, rows in config.stash.get(TABLES, []):
        terminalreporter.section(title)
        for line in table(rows):
            terminalreporter.write_line(line)
