"""What ready tasks have in common: how their parameters are checked, and what they are called."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ReadyTask"]

_LONGEST_NAME = 200
_FOLDER_MARKS = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')


class ReadyTask(Task):
    """Base of the ready tasks.

    An implementer derives a frozen dataclass and checks its fields in ``__post_init__`` with the
    methods below. Each keeps the value in one form (lists become tuples), so that parameters that
    came through JSON make an equal task.
    """

    @property
    def where(self) -> str:
        """How messages name the task."""
        return self.name or self.kind

    def fingerprint(self) -> str:
        """Hash what decides the result besides the inputs: this room's code, and the parameters.

        Returns
        -------
        str
            SHA-256 in hexadecimal. The order in mappings counts, for columns may come in it.
        """
        kind = type(self)
        if kind.__module__.partition(".")[0] != __name__.partition(".")[0]:
            return super().fingerprint()  # a person's own task, whose code counts too
        parts = [_room_hash(), kind.__module__, kind.__qualname__, self.parameters]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _refuse(self, field: str, wanted: str, mend: str = "") -> GraphError:
        got = getattr(self, field)
        text = f"{self.kind}: {field}: expected {wanted}, got {got!r:.200}."
        return GraphError(f"{text} {mend}".rstrip())

    def _keep(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)

    def _check_text(self, *fields: str, empty: bool = True) -> None:
        for field in fields:
            value = getattr(self, field)
            if not isinstance(value, str) or not (value or empty):
                raise self._refuse(field, "text" if empty else "text that is not empty")

    def _check_flag(self, *fields: str) -> None:
        for field in fields:
            if type(getattr(self, field)) is not bool:
                raise self._refuse(field, "True or False")

    def _check_choice(self, field: str, choices: Iterable[Any]) -> None:
        value, known = getattr(self, field), tuple(choices)
        if not any(type(value) is type(choice) and value == choice for choice in known):
            raise self._refuse(field, f"one of {', '.join(map(repr, known))}")

    def _check_count(self, field: str, least: int, most: int | None = None) -> None:
        value = getattr(self, field)
        fits = type(value) is int and value >= least and (most is None or value <= most)
        if not fits:
            above = f"from {least}" if most is None else f"from {least} to {most}"
            raise self._refuse(field, f"a whole number {above}")

    def _check_number(self, field: str, low: float, high: float, *, ends: bool = False) -> None:
        value = getattr(self, field)
        number = type(value) in (int, float) and math.isfinite(value)
        if not number or not (low <= value <= high if ends else low < value < high):
            between = f"from {low:g} to {high:g}" if ends else f"above {low:g}"
            between += "" if ends or math.isinf(high) else f" and below {high:g}"
            raise self._refuse(field, f"a number {between}")

    def _check_names(self, field: str, least: int = 0, what: str = "names of columns") -> None:
        """Keep different names as a tuple; a lone one counts as a list of one."""
        value = getattr(self, field)
        found = (value,) if isinstance(value, str) else value
        fits = isinstance(found, (list, tuple)) and all(isinstance(n, str) and n for n in found)
        if not fits or len(set(found)) != len(found) or len(found) < least:
            some = f"at least {least} " if least else ""
            raise self._refuse(field, f"a list of {some}different {what}")
        self._keep(field, tuple(found))

    def _check_words(self, field: str, what: str) -> None:
        """Keep a mapping of text to text as a dict of our own."""
        value = getattr(self, field)
        fits = isinstance(value, Mapping) and all(
            isinstance(key, str) and key and isinstance(word, str) for key, word in value.items()
        )
        if not fits:
            raise self._refuse(field, f"a mapping of {what}")
        self._keep(field, dict(value))

    def _check_file_name(self, field: str = "file_name", suffixes: tuple[str, ...] = ()) -> None:
        value = getattr(self, field)
        fits = isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME
        fits = fits and value not in (".", "..") and value == value.strip()
        if not fits or _FOLDER_MARKS.search(value):
            mend = "The file is kept by the run; copy it where you want it afterwards."
            raise self._refuse(field, "a bare file name, without folders", mend)
        if suffixes and not value.lower().endswith(suffixes):
            raise self._refuse(field, f"a name that ends in {' or '.join(suffixes)}")


@cache
def _room_hash() -> str:
    """Hash the version, and the files of this room, which differ from it in a checkout."""
    from dlaaw_nb import __version__

    digest = hashlib.sha256(__version__.encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
