"""Targets: where a specification runs. ``submit(spec, data, target) -> Job``."""

from __future__ import annotations

from dlaaw_nb.targets.checking import check as test
from dlaaw_nb.targets.gateway import Service, describe, names, prepare, submit
from dlaaw_nb.targets.job import Job
from dlaaw_nb.targets.surveying import survey

__all__ = ["Job", "Service", "describe", "names", "prepare", "submit", "survey", "test"]
