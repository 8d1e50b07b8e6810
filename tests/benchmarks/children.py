"""Python code run in new processes that report what they measured as one line of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

PEAK = """
import pathlib, resource, sys

def _high_water(pid):
    # Not ru_maxrss: on Linux it survives exec, and the child would show its parent's peak.
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0

def peak_bytes():
    if not pathlib.Path("/proc/self/status").exists():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
    total = _high_water("self")
    for task in pathlib.Path("/proc/self/task").iterdir():
        total += sum(map(_high_water, (task / "children").read_text().split()))
    return total
"""

NETWORK = """
def network(widths, **settings):
    import dlaaw_nb
    layers = []
    for n_in, n_out in zip(widths, widths[1:]):
        layers += [dlaaw_nb.Linear(n_in, n_out), dlaaw_nb.ReLU()]
    return dlaaw_nb.NNWorkflow([*layers[:-1], dlaaw_nb.Sigmoid()], **settings)
"""


def run(code: str, *arguments: str, cache: Path | None = None) -> Any:
    """What the last printed line of ``code`` says, run in a new interpreter.

    Parameters
    ----------
    code : str
        Prints one line of JSON at its end.
    *arguments : str
        Found in ``sys.argv[1:]``.
    cache : Path or None
        Folder for compiled kernels (``DLAAW_CACHE``); None is the user's own.
    """
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), environment.get("PYTHONPATH")])
    )
    if cache is not None:
        environment["DLAAW_CACHE"] = str(cache)
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(
            f"a benchmark's child ended with {done.returncode}:\n{done.stderr[-2000:]}"
        )
    return json.loads(done.stdout.splitlines()[-1])
