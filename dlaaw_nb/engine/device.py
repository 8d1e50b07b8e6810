"""What this machine is, as results record it."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict

from . import build

__all__ = ["cores", "describe"]


def cores() -> int:
    """Count the processor cores that this process may use.

    Returns
    -------
    int
        $DLAAW_THREADS if set, else what the system grants; at least 1.
    """
    wanted = os.environ.get("DLAAW_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        for line in (
            Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        ):
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def describe() -> Dict[str, Any]:
    """Describe this machine's processor as a device.

    Returns
    -------
    dict
        kind (``"cpu"``), name, cores, compiler (its path, or None).
    """
    command = build.compiler()
    return {
        "kind": "cpu",
        "name": _processor(),
        "cores": cores(),
        "compiler": command[0] if command else None,
    }


def compiler_version() -> str:
    """Ask the compiler what it is.

    Returns
    -------
    str
        The first line of ``--version``; empty if there is none or it does not answer.
    """
    import subprocess

    command = build.compiler()
    if command is None:
        return ""
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.splitlines() or [""])[0]
