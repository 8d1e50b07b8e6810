"""Jobs on a machine over SSH that go on when nobody is connected."""

from __future__ import annotations

import posixpath
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.engine.foreign import foreign_of
from dlaaw_nb.errors import RemoteError, TargetError
from dlaaw_nb.targets import gateway
from dlaaw_nb.targets.board import Board, bytes_of, message_of, send_data
from dlaaw_nb.targets.depot import Depot
from dlaaw_nb.targets.job import Job
from dlaaw_nb.targets.settings import BoardSettings
from dlaaw_nb.targets.worker import WorkerLostError, raise_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["attach", "submit_detached"]

_START_S = 120.0
_AGAIN_S = 2.0
_TRIES = 30


def submit_detached(
    settings: BoardSettings, spec: Mapping[str, Any], data: Mapping[str, Any]
) -> Job:
    """Start a job that goes on without this process.

    Parameters
    ----------
    settings : BoardSettings
        Where.
    spec, data : mapping
        See ``dlaaw_nb.engine.execute``.

    Returns
    -------
    Job
        Under way there; its `id` finds it again.

    Raises
    ------
    RemoteError
        When it could not be started.
    """
    depot, digest = Depot(settings), digest_of(data)
    try:
        name = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(4)
        folder = posixpath.join(depot.root, "jobs", name)
        depot.connection.make_folder(folder)
        place = send_data(depot, data, digest)
        message = {"job": 1, "spec": dict(spec), "digest": digest, "data": place}
        content = bytes_of({**message, "foreign": foreign_of(spec)})
        depot.connection.put(content, posixpath.join(folder, "spec"))
        depot.connection.put(content, posixpath.join(folder, "job-1"))
        process = depot.start(["detach", "--folder", folder, "--device", settings.device])
        status = process.wait(_START_S)
        if status != 0:
            raise depot.not_started(process, None)
    except OSError as error:
        if isinstance(error, RemoteError):
            raise
        raise RemoteError(f"{settings.name}: {error}", settings.name) from error
    finally:
        depot.close()
    return _job(settings, f"{settings.name}/{name}", 0, spec)


def attach(id: str, skip: int = 0) -> Job:  # noqa: A002 (the field's word)
    """Find a detached job again; see ``Job.attach``."""
    name, _, job = id.rpartition("/")
    settings = gateway.settings_of(name)
    if not isinstance(settings, BoardSettings) or not job.replace("-", "").isalnum():
        raise TargetError(f"job {id!r}: expected the id of a detached job, such as jetson1/2026...")
    depot = Depot(settings)
    try:
        content = depot.connection.get(posixpath.join(depot.root, "jobs", job, "spec"))
    except OSError as error:
        raise RemoteError(f"{name}: there is no job {job} any more.", name) from error
    finally:
        depot.close()
    return _job(settings, id, skip, message_of(content)["spec"])


def _job(settings: BoardSettings, id: str, skip: int, spec: Mapping[str, Any]) -> Job:  # noqa: A002
    stop = threading.Event()
    following = _Following(settings, id.rpartition("/")[2], skip, stop)
    return Job(following.run, stop.set, id, spec)


class _Following:
    """Events of a job that runs elsewhere; a connection that is lost is made again."""

    def __init__(self, settings: BoardSettings, job: str, skip: int, stop: threading.Event) -> None:
        self._settings, self._job, self._skip, self._stop = settings, job, skip, stop

    def run(self, emit: Callable[[dict[str, Any]], None]) -> None:
        """Hand them on until the job has ended."""
        failed = 0
        while True:
            before = self._skip
            try:
                end = self._follow(emit)
            except (RemoteError, WorkerLostError) as error:
                failed = 1 if self._skip > before else failed + 1
                if failed > _TRIES:
                    raise TargetError(
                        f"job {self._settings.name}/{self._job}: {error}. It may go on there: "
                        f"Job.attach(id, skip={self._skip})"
                    ) from error
                time.sleep(_AGAIN_S)
            else:
                raise_end(end)
                return

    def _follow(self, emit: Callable[[dict[str, Any]], None]) -> dict[str, Any] | None:
        depot = Depot(self._settings)
        folder = posixpath.join(depot.root, "jobs", self._job)
        board = Board(depot, follow=(folder, self._skip))
        try:
            return board.follow(lambda event: self._take(event, emit), self._stop)
        finally:
            board.close()

    def _take(self, event: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> None:
        self._skip += 1
        if event["event"] == "start":
            event = {**event, "device": {**event["device"], "node": self._settings.name}}
        emit({"node": self._settings.name, **event})
