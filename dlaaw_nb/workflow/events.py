"""Events of tasks in other processes: lines of JSON in a file, which the run reads on.

A file outlives a worker that is killed, and needs nothing that two processes must share besides a
folder. What a process writes at once (one line) is appended whole.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.pickling import pickled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["EventReader", "write_event"]


def write_event(folder: Path, event: dict[str, Any]) -> None:
    """Append an event to this process's file.

    Parameters
    ----------
    folder : Path
        Of the run's events; it is made.
    event : dict
        Plain values; of a live event the value is kept as bytes by whoever calls.
    """
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps(event, default=_plain) + "\n"
    with (folder / f"{os.getpid()}.jsonl").open("ab") as file:
        file.write(line.encode())


def _plain(value: Any) -> Any:
    """Write what JSON has no word for: arrays' numbers, and values on their way live."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", 1) == 0:
        return item()
    return {"pickled": base64.b64encode(pickled(value)).decode("ascii")}


class EventReader:
    """Reads on in the event files of a run.

    Parameters
    ----------
    folder : Path
        Of the run's events; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, int] = {}

    def read(self) -> Iterator[dict[str, Any]]:
        """Give the events that came since the last call."""
        try:
            names = sorted(os.listdir(self._folder))  # noqa: PTH208 - cheap, ten times a second
        except OSError:
            return
        for name in names:
            yield from self._read_file(name)

    def _read_file(self, name: str) -> Iterator[dict[str, Any]]:
        place = self._places.get(name, 0)
        path = self._folder / name
        try:
            if path.stat().st_size <= place:
                return
            with path.open("rb") as file:
                file.seek(place)
                data = file.read()
        except OSError:
            return
        whole = data.rpartition(b"\n")[0]
        self._places[name] = place + len(whole) + 1 if whole else place
        for line in whole.splitlines():
            event = json.loads(line)
            value = event.get("value")
            if isinstance(value, dict) and "pickled" in value:
                data = base64.b64decode(value["pickled"])
                event["value"] = pickle.loads(data)  # noqa: S301 - from a worker of this run
            yield event
