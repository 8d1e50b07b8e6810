"""The one way in: a specification, its data and the name of a target give a job.

A name is ``cpu``, ``gpu`` (``gpu:1``), one of a targets file, or one that another package brings.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from dlaaw_nb.errors import FormatError, TargetError
from dlaaw_nb.targets import targets_file
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.targets.job import Job

__all__ = [
    "BUILT_IN",
    "Service",
    "always_there",
    "describe",
    "is_here",
    "names",
    "prepare",
    "submit",
]

_SERVICES = {
    "cpu": "dlaaw_nb.targets.cpu:CpuService",
    "gpu": "dlaaw_nb.targets.gpu:GpuService",
}
BUILT_IN = (*_SERVICES,)
_NAMED = {
    BoardSettings: "dlaaw_nb.targets.remote:SshService",
    ClusterSettings: "dlaaw_nb.targets.remote:ClusterService",
}
_GROUP = "dlaaw_nb.targets"  # entry points of other packages: name = "module:Class"


class Service(Protocol):
    """What stands behind the gateway for one target.

    An implementer must be callable without arguments (with its settings, where targets of a file
    have them), start nothing on import, and hold to the events that ``dlaaw_nb.engine.execute``
    describes.
    """

    def submit(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> Job:
        """Start a job.

        Parameters
        ----------
        spec : mapping
            A specification with its plan.
        data : mapping
            Arrays by name, see ``dlaaw_nb.engine.execute``.

        Returns
        -------
        Job
            Under way.
        """
        ...

    def prepare(self, spec: Mapping[str, Any]) -> None:
        """Get ready for a specification whose data is still being read; must return at once.

        Parameters
        ----------
        spec : mapping
            What will most likely be submitted next. It may do nothing, and must not fail.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Describe the target.

        Returns
        -------
        dict
            At least kind and name.
        """
        ...


def names() -> tuple[str, ...]:
    """Name the targets that can be used.

    Returns
    -------
    tuple of str
        Those that are always there, then all others, each sorted.

    Raises
    ------
    FormatError
        When a targets file cannot be read.
    """
    return (*BUILT_IN, *sorted({*targets_file.read(), *_entry_points()} - {*BUILT_IN}))


def always_there() -> tuple[str, ...]:
    """Name the targets that need no file."""
    return (*BUILT_IN, *sorted({*_entry_points()} - {*BUILT_IN}))


def is_here(name: str) -> bool:
    """Say whether a target is a part of this machine: ``cpu``, ``gpu``, ``gpu:1``."""
    return name.partition(":")[0] in BUILT_IN


def describe(name: str) -> dict[str, Any]:
    """Describe a target.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    dict
        kind, name and what else there is to know.

    Raises
    ------
    TargetError
        When there is none of that name.
    """
    return _service(name).describe()


def settings_of(name: str) -> BoardSettings | ClusterSettings | None:
    """Give what the targets files say of a target; None for one that is in none.

    Raises
    ------
    FormatError
        When its table is wrong.
    """
    settings = targets_file.read().get(name)
    if isinstance(settings, FormatError):
        raise settings
    return settings


def submit(
    spec: Mapping[str, Any],
    data: Mapping[str, Any],
    target: str = "cpu",
    detached: bool = False,
) -> Job:
    """Start a specification on a target.

    Parameters
    ----------
    spec : mapping
        A specification with its plan.
    data : mapping
        Arrays by name, see ``dlaaw_nb.engine.execute``.
    target : str
        One of `names`.
    detached : bool
        On a machine over SSH: let it go on without this process; ``Job.attach`` finds it again.

    Returns
    -------
    Job
        Under way; read its events.

    Raises
    ------
    TargetError
        When there is no target of that name, or it has no detached jobs.
    """
    service = _service(target)
    if not detached:
        return service.submit(spec, data)
    start: Callable[..., Job] | None = getattr(service, "submit_detached", None)
    if start is None:
        raise TargetError(
            f"target {target}: detached jobs run on a machine over SSH alone, not here. Name one "
            "of kind ssh."
        )
    return start(spec, data)


def prepare(spec: Mapping[str, Any], target: str = "cpu") -> None:
    """Let a target get ready for a specification while its data is read.

    Parameters
    ----------
    spec : mapping
        What will most likely be submitted next.
    target : str
        One of `names`.

    Raises
    ------
    TargetError
        When there is no target of that name.
    """
    _service(target).prepare(spec)


def _entry_points() -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=_GROUP)}


def _service(name: str) -> Service:
    kind, _, index = name.partition(":")
    if kind == "gpu" and index.isdigit():  # one of several
        from dlaaw_nb.targets.gpu import GpuService

        return GpuService(int(index))
    if name in _SERVICES:
        return _loaded(_SERVICES[name])()
    settings = settings_of(name)
    if settings is not None:
        return _named(settings)
    place = _entry_points().get(name)
    if place is None:
        raise TargetError(
            f"target: expected one of {', '.join(names())}, got {name!r}. Use target='cpu', or "
            f"add a board: dlaaw targets add NAME --ssh user@host."
        )
    return _loaded(place)()


def _loaded(place: str) -> Callable[..., Service]:
    module, _, kind = place.partition(":")
    found: Callable[..., Service] = getattr(import_module(module), kind)
    return found


@cache
def _named(settings: BoardSettings | ClusterSettings) -> Service:
    """Make the service once, for it may hold a connection."""
    return _loaded(_NAMED[type(settings)])(settings)
