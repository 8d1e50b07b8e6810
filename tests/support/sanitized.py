"""Runs trainings in a process that a sanitizer watches: ``python sanitized.py JOB.json``.

A job has ``options`` (of the compiler), ``sources`` (the kernels), ``guard`` (whether what the
kernels may not touch is poisoned) and ``runs``: case or width, rows, settings, team, threads.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
from kernel_builds import Emulator, built_with
from kernel_cases import CASES, Case, session_of

from dlaaw_nb.engine import kernel_program, layout

LANES = 16
_kept: List[Any] = []


def exact(count: int, dtype: Any = np.float32) -> np.ndarray:
    """An aligned array with nothing behind it, and nothing useful in it."""
    pointer = ctypes.c_void_p()
    size = count * np.dtype(dtype).itemsize
    made = ctypes.CDLL(None).posix_memalign
    if made(ctypes.byref(pointer), ctypes.c_size_t(64), ctypes.c_size_t(size)):
        raise MemoryError
    memory = (ctypes.c_char * size).from_address(pointer.value or 0)
    array = np.frombuffer(memory, dtype)
    array.fill(np.nan)
    _kept.append(memory)
    return array


class Guarded(layout.Layout):
    """Features whose rows beyond the last lane may not be read."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        poison = getattr(ctypes.CDLL(None), "__asan_poison_memory_region")  # no mangling
        # A tile of the last rows may be read up to whole lanes, from wherever it begins.
        beyond = self.rows + LANES
        for row in (*self.x, self.t):
            begin = -(-(row.ctypes.data + 4 * beyond) // 8) * 8
            end = row.ctypes.data + 4 * row.size
            poison(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin))


def network(run: Dict[str, Any]) -> Case:
    """The case of a run: one of the list, or two layers of some width."""
    if "case" in run:
        return CASES[run["case"]]
    width = run["width"]
    layers = [["Linear", width, width + 1], ["Tanh"], ["Linear", width + 1, 1], ["Sigmoid"]]
    return Case(layers, constant=run["constant"])


def train(run: Dict[str, Any]) -> None:
    """One training, and a prediction of all its rows."""
    session = session_of(
        network(run), run["rows"], run.get("team", 1), run.get("plan"), **run["settings"]
    )
    session._sums.fill(0.0)  # its padding is read, and must be 0; scratch memory need not be
    if "threads" in run:
        Emulator(session.program.library).configure(run["threads"], 0)
    epochs = run["settings"]["epochs"]
    session.advance(epochs)
    session.predict(session.layout, 0, session.layout.rows)
    if "threads" in run and Emulator(session.program.library).error():
        raise SystemExit(3)
    if not np.isfinite(session.flat).all() or session.epoch != epochs:
        raise SystemExit(f"not a number, or not all epochs: {run}")


def main() -> None:
    """Do a job."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if job["guard"]:
        kernel_program.aligned = exact
        layout.Layout = Guarded
    with built_with(job["options"], job["sources"]):
        for run in job["runs"]:
            train(run)
    print("done:", len(job["runs"]))


if __name__ == "__main__":
    main()
