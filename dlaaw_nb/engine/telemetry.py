"""How busy, warm and full a board is, by the tools that it has."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Dict, List, Optional

__all__ = ["Telemetry", "of_nvidia_smi", "of_tegrastats"]

_NUMBER = r"(\d+(?:\.\d+)?)"
_SMI = "utilization.gpu,temperature.gpu,power.draw,memory.used,memory.total"


class Telemetry:
    """Readings of the machine.

    ``tegrastats`` is asked where there is one (a Jetson), else ``nvidia-smi``, else the system.
    """

    def __init__(self) -> None:
        self._busy = _busy_ticks()
        self._latest: Dict[str, Any] = {}
        command = _command()
        if command:
            thread = threading.Thread(target=self._follow, args=(command,), daemon=True)
            thread.start()

    def _follow(self, command: List[str]) -> None:
        reads = of_tegrastats if "tegrastats" in command[0] else of_nvidia_smi
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                universal_newlines=True,
                errors="replace",
            )
        except OSError:
            return
        with process:
            for line in process.stdout or ():
                self._latest = reads(line[:10_000])

    def read(self) -> Dict[str, Any]:
        """Give the latest readings.

        Returns
        -------
        dict
            utilization_pct (of the GPU), temperature_c, power_w, memory_used_mb, memory_total_mb,
            cpu_pct (of all cores); None where it is not known.
        """
        before, self._busy = self._busy, _busy_ticks()
        found: Dict[str, Any] = {
            "utilization_pct": None,
            "temperature_c": _thermal(),
            "power_w": None,
            "cpu_pct": _share(before, self._busy),
            **_memory(),
        }
        found.update({k: v for k, v in self._latest.items() if v is not None})
        return found


def _command() -> List[str]:
    tegrastats = shutil.which("tegrastats") or shutil.which("tegrastats", path="/usr/bin")
    if tegrastats:
        return [tegrastats, "--interval", "1000"]
    smi = shutil.which("nvidia-smi")
    return [smi, f"--query-gpu={_SMI}", "--format=csv,noheader,nounits", "-l", "1"] if smi else []


def of_tegrastats(line: str) -> Dict[str, Any]:
    """Read a line of ``tegrastats``.

    Parameters
    ----------
    line : str
        Such as ``RAM 2448/3956MB ... GR3D_FREQ 99% ... GPU@42.5C ... VDD_IN 4940mW/4940mW``.

    Returns
    -------
    dict
        As `Telemetry.read`; None for what is not in it.

    References
    ----------
    NVIDIA, Jetson Linux Developer Guide, tegrastats utility.
    """
    memory = re.search(r"RAM (\d+)/(\d+)MB", line)
    hot = [float(t) for t in re.findall(rf"\b(?:GPU|gpu)@{_NUMBER}C", line)]
    anywhere = [float(t) for t in re.findall(rf"@{_NUMBER}C", line)]
    cores = re.search(r"CPU \[([^\]]*)\]", line)
    shares = [int(s) for s in re.findall(r"(\d+)%@", cores.group(1))] if cores else []
    power = re.search(r"(?:VDD_IN|POM_5V_IN|VIN_SYS_5V0|VIN) (\d+)(?:mW)?/", line)
    busy = re.search(r"GR3D(?:_FREQ)? (\d+)%", line)
    return {
        "utilization_pct": float(busy.group(1)) if busy else None,
        "temperature_c": max(hot or anywhere) if anywhere else None,
        "power_w": int(power.group(1)) / 1000 if power else None,
        "memory_used_mb": float(memory.group(1)) if memory else None,
        "memory_total_mb": float(memory.group(2)) if memory else None,
        "cpu_pct": sum(shares) / len(shares) if shares else None,
    }


def of_nvidia_smi(line: str) -> Dict[str, Any]:
    """Read a line of ``nvidia-smi --query-gpu`` with our fields.

    Parameters
    ----------
    line : str
        Numbers without units; what a GPU does not know is in brackets.

    Returns
    -------
    dict
        As `Telemetry.read`, without cpu_pct.
    """
    names = ("utilization_pct", "temperature_c", "power_w", "memory_used_mb", "memory_total_mb")
    return dict(zip(names, map(_number, line.split(","))))


def _number(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


def _busy_ticks() -> Optional[List[int]]:
    try:
        with Path("/proc/stat").open(encoding="ascii") as file:
            ticks = [int(word) for word in file.readline().split()[1:]]
    except (OSError, ValueError):
        return None
    return [sum(ticks[:8]), ticks[3] + ticks[4]]  # all, idle


def _share(before: Optional[List[int]], now: Optional[List[int]]) -> Optional[float]:
    if not before or not now or now[0] <= before[0]:
        return None
    return 100.0 * (1.0 - (now[1] - before[1]) / (now[0] - before[0]))


def _memory() -> Dict[str, Optional[float]]:
    found: Dict[str, float] = {}
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            for line in file:
                name, _, rest = line.partition(":")
                found[name] = int(rest.split()[0]) / 1024
    except (OSError, ValueError, IndexError):
        return {"memory_used_mb": None, "memory_total_mb": None}
    total, free = found.get("MemTotal"), found.get("MemAvailable")
    used = None if total is None or free is None else total - free
    return {"memory_used_mb": used, "memory_total_mb": total}


def _thermal() -> Optional[float]:
    found = []
    for zone in Path("/sys/class/thermal").glob("thermal_zone*/temp"):
        with contextlib.suppress(OSError, ValueError):
            found.append(int(zone.read_text(encoding="ascii")) / 1000)
    return max(found, default=None)
