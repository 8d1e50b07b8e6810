"""Sections of the report, the machine they were measured on, and both as Markdown."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from tests.benchmarks.peers import versions


@dataclass(frozen=True)
class Options:
    """What the command line chose.

    Attributes
    ----------
    rounds : int
        Interleaved rounds.
    full : bool
        Time PyTorch on all of group III, not on a sample.
    networks : tuple of int
        Numbers of the paper's networks to run.
    without : tuple of str
        Keys of peers to leave out.
    """

    rounds: int = 3
    full: bool = False
    networks: tuple[int, ...] = (1, 2, 3, 4, 5)
    without: tuple[str, ...] = ()


@dataclass
class Section:
    """One table with its title, notes below it, and whether all its goals were met."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The section as Markdown."""
        lines = [f"## {self.title}", "", _row(self.header), _row(("---",) * len(self.header))]
        lines += [_row(row) for row in self.rows]
        if self.notes:
            lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines) + "\n"


def left_out(options: Options) -> list[str]:
    """A note that names the peers which the command line left out, or no note."""
    if not options.without:
        return []
    keys = ", ".join(f"`{key}`" for key in options.without)
    return [f"Left out, so not the faster of anything here: {keys}."]


def progress(words: str) -> None:
    """Tell whoever waits what is done, apart from the tables."""
    print(words, file=sys.stderr, flush=True)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds with three significant digits."""
    value = 1000 * seconds
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def times(value: float) -> str:
    """A ratio, ``512 x``."""
    return f"{value:.0f} x" if value >= 10 else f"{value:.2g} x"


def met(value: float, goal: float, *, at_least: bool = True) -> str:
    """``yes`` or ``no``: whether a figure reaches its goal."""
    return "yes" if (value >= goal if at_least else value <= goal) else "**no**"


def machine() -> str:
    """The machine and the versions, as Markdown."""
    lines = [
        f"- measured {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- {_cpu_model()}, {cores()} cores, {platform.system()} {platform.machine()}",
        f"- load average at the start: {_load()}",
        f"- Python {platform.python_version()}; compiler: {_compiler()}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions().items()),
    ]
    return "\n".join(lines) + "\n"


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown CPU"
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = facts.get("flags", "").split()
    wide = next((flag for flag in ("avx512f", "avx2", "avx") if flag in flags), "no AVX")
    return f"{facts.get('model name', platform.machine())} ({wide})"


def _load() -> str:
    return (
        ", ".join(f"{part:.2f}" for part in os.getloadavg()) if hasattr(os, "getloadavg") else "?"
    )


def _compiler() -> str:
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and shutil.which(name):
            command = [name, "--version"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return (done.stdout.splitlines() or [name])[0]
    return "none"
