"""Shares of the processor: control groups whose processes get no more than so many cores."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Optional, Tuple

import psutil
from box import unavailable

_PERIOD_US = 20_000  # short, so that a throttled process runs evenly rather than in bursts
_PREFIX = "dlaaw-test"


class Quota:
    """A control group of version 1 or 2, whichever has the processor's controller here.

    Where there is none, all works but ``limit``, which skips the test.
    """

    def __init__(self, name: str) -> None:
        self._root, self._version = _mounted()
        self._folder: Optional[Path] = None
        if self._root is not None:
            _sweep(self._root)
            with contextlib.suppress(OSError):
                if self._version == 2:
                    (self._root / "cgroup.subtree_control").write_text("+cpu")
                folder = self._root / f"{_PREFIX}-{os.getpid()}-{name}"
                folder.mkdir(exist_ok=True)
                self._folder = folder

    def add(self, pid: int) -> None:
        """Put a process into the group, and with it all that it will start."""
        if self._folder is not None:
            (self._folder / "cgroup.procs").write_text(str(pid))

    def limit(self, cores: Optional[float]) -> None:
        """Give the group so many cores (0.3: three tenths of one; not under 0.05); None: all.

        A limited group gets its share also where the machine has much else to do.
        """
        if self._folder is None:
            unavailable("control groups with the processor's controller, to limit a node's speed")
            return
        quota = None if cores is None else max(1000, round(cores * _PERIOD_US))
        # Else the kernel gives a whole group as much as one other process of a busy machine.
        heavier = 1 if cores is None else 10
        if self._version == 2:
            (self._folder / "cpu.weight").write_text(str(100 * heavier))
            (self._folder / "cpu.max").write_text(f"{quota or 'max'} {_PERIOD_US}")
        else:
            (self._folder / "cpu.shares").write_text(str(1024 * heavier))
            (self._folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (self._folder / "cpu.cfs_quota_us").write_text(str(quota or -1))

    def close(self) -> None:
        """Remove the group; its processes have ended."""
        end = time.monotonic() + 5
        while self._folder is not None and self._folder.exists() and time.monotonic() < end:
            with contextlib.suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.005)  # the kernel lets go of ended processes a little later


def _mounted() -> Tuple[Optional[Path], int]:
    """Find where control groups with the processor's controller are mounted, and their version."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options = line.split()[:4]
        if kind == "cgroup" and "cpu" in options.split(","):
            return Path(place), 1
        controllers = Path(place) / "cgroup.controllers"
        if kind == "cgroup2" and "cpu" in controllers.read_text().split():
            return Path(place), 2
    return None, 0


def _sweep(root: Path) -> None:
    """Remove groups of tests that were killed before they could."""
    for folder in root.glob(f"{_PREFIX}-*"):
        if not psutil.pid_exists(int(folder.name.split("-")[2])):
            with contextlib.suppress(OSError):
                folder.rmdir()
