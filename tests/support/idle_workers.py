"""Worker processes of this machine, as tests want them: on the processor, and ended afterwards."""

from __future__ import annotations

from dataclasses import replace

from dlaaw_nb.targets import apart
from dlaaw_nb.targets.gpu import GpuService


def gpu_on_processor():
    """Give the target gpu's service with workers that use the processor: all else is the same."""
    made = GpuService()
    made._apart = replace(made._apart, arguments=(), require=lambda: None)
    return made


def waiting():
    """Give the one worker that waits for a job."""
    (worker,) = apart._idle.waiting.values()
    return worker


def kill_idle():
    """End those that wait."""
    for worker in apart._idle.waiting.values():
        worker.kill()
    apart._idle.clear()
