"""The one way in: a specification, its data and the name of a target give a job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from dlaaw_nb.errors import TargetError
from dlaaw_nb.targets import targets_file
from dlaaw_nb.targets.settings import BoardSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.targets.job import Job

__all__ = ["Service", "describe", "names", "prepare", "submit", "survey", "test"]

_SERVICES = {
    "cpu": "dlaaw_nb.targets.cpu:CpuService",
    "gpu": "dlaaw_nb.targets.gpu:GpuService",
}
_GROUP = "dlaaw_nb.targets"  # entry points of other packages: name = "module:Class"


class Service(Protocol):
    """What stands behind the gateway for one target.

    An implementer must be callable without arguments, start nothing on import, and hold to the
    events that ``dlaaw_nb.engine.execute`` describes.
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
        Sorted.
    """
    return tuple(sorted({*_SERVICES, *_entry_points(), *targets_file.named()}))


def survey() -> dict[str, dict[str, Any]]:
    """Describe every target, those that cannot be used too.

    Returns
    -------
    dict of str to dict
        By name what `describe` gives, with ``state`` ``"available"``; or ``state``
        ``"unreachable"`` and ``error``, what is missing.
    """
    asked = names()
    with ThreadPoolExecutor(len(asked)) as pool:  # one that does not answer keeps no other waiting
        return dict(zip(asked, pool.map(_state, asked), strict=True))


def _state(name: str) -> dict[str, Any]:
    try:
        return {"state": "available", **describe(name)}
    except Exception as error:  # noqa: BLE001 (a target of another package may raise anything)
        return {"state": "unreachable", "error": str(error) or type(error).__name__}


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


def test(name: str) -> dict[str, Any]:
    """Test a target: whether it can be reached, what it has, how fast it is.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    dict
        See ``dlaaw_nb.targets.probe``; of a cluster that of each node, by name (or ``error``); of
        others as `describe`.

    Raises
    ------
    TargetError
        When there is none of that name, or it cannot be used.
    """
    settings = targets_file.named().get(name)
    if settings is None or name in _SERVICES:
        return describe(name)
    from dlaaw_nb.targets.probe import probe

    if isinstance(settings, BoardSettings):
        return probe(settings)

    def one(node: BoardSettings) -> dict[str, Any]:
        try:
            return probe(node)
        except TargetError as error:
            return {"error": str(error)}

    with ThreadPoolExecutor(len(settings.nodes)) as pool:
        found = pool.map(one, settings.nodes)
        return {node.name: told for node, told in zip(settings.nodes, found, strict=True)}


def submit(spec: Mapping[str, Any], data: Mapping[str, Any], target: str = "cpu") -> Job:
    """Start a specification on a target.

    Parameters
    ----------
    spec : mapping
        A specification with its plan.
    data : mapping
        Arrays by name, see ``dlaaw_nb.engine.execute``.
    target : str
        One of `names`.

    Returns
    -------
    Job
        Under way; read its events.

    Raises
    ------
    TargetError
        When there is no target of that name.
    """
    return _service(target).submit(spec, data)


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
    place = _SERVICES.get(name) or _entry_points().get(name)
    if place is None:
        return _named(name)
    module, _, kind = place.partition(":")
    service: Service = getattr(import_module(module), kind)()
    return service


def _named(name: str) -> Service:
    settings = targets_file.named().get(name)
    if settings is None:
        raise TargetError(
            f"target: expected one of {', '.join(names())}, got {name!r}. Use target='cpu', or add "
            f"it: dlaaw targets add {name} --ssh user@host."
        )
    from dlaaw_nb.targets import remote

    if isinstance(settings, BoardSettings):
        return remote.SshService(settings)
    return remote.ClusterService(settings)
