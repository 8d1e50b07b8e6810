"""Which process runs a run, and whether it still does."""

from __future__ import annotations

import platform
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlaaw_nb.store.records import RunRecord

__all__ = ["boot_id", "is_gone"]

_SLACK_S = 5.0


@cache
def boot_id() -> str:
    """Name this start of this machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def is_gone(record: RunRecord) -> bool:
    """Whether the process of a run has ended.

    Parameters
    ----------
    record : RunRecord
        Of any machine.

    Returns
    -------
    bool
        False too for a run of another machine, of which nothing is known.
    """
    psutil: Any = import_module("psutil")  # comes with ipykernel, without types
    if record.host != platform.node():
        return False
    if record.boot_id and boot_id() and record.boot_id != boot_id():
        return True
    try:
        process = psutil.Process(record.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return bool(process.create_time() > record.started + _SLACK_S)  # another one by that number
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
