"""The task that runs a program."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from dlaaw_nb.errors import DataError, TaskError
from dlaaw_nb.tasks.child_process import Ended, run_child
from dlaaw_nb.tasks.json_values import json_text
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.workflow.context import context
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.port_type import port_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Script"]

_TYPES = ("file", "str", "int", "float", "bool", "table", "mapping", "list")
_PLACE = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")
_OWN = ("python", "folder")
_FILE = "file:"
_SHOWN = 500  # characters of the command in the log
_VARIABLE = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Script(ReadyTask):
    """Run a program on this machine, without a shell.

    Parameters
    ----------
    command : list of str
        The program and its arguments. ``{name}`` stands for an input, ``{python}`` for this
        Python, ``{folder}`` for the folder it runs in, which is empty and gone afterwards;
        ``{{name}}`` is ``{name}`` as it is.
    takes : mapping of str to str
        The inputs, and their types: ``"file"`` (its path is put in), ``"str"``, ``"int"``,
        ``"float"``, ``"bool"``, and ``"table"`` (written to a CSV file), ``"mapping"`` and
        ``"list"`` (written to a JSON file; the path is put in).
    gives : mapping of str to str
        The outputs, and where they come from: ``"stdout"`` for the text it writes there,
        ``"file:result.txt"`` for a file that it writes in its folder.
    environment : mapping of str to str
        Variables that are set besides those of this process; ``{name}`` stands for an input.
    stdin : str
        An input whose text, or whose file, it reads from stdin; empty for none.
    most_output : int
        Largest text of stdout that is kept for an output, in bytes.

    Raises
    ------
    GraphError
        When a parameter is out of its range, or a name in braces is no input.

    Notes
    -----
    What it writes goes to the log as it comes. When the run is cancelled, and when the program has
    ended, all that it started is ended too: by SIGTERM, after 3 s by SIGKILL.
    """

    palette_group = "Scripts and services"
    carries_code: ClassVar[bool] = True

    command: tuple[str, ...] = ()
    takes: dict[str, str] = field(default_factory=dict)
    gives: dict[str, str] = field(default_factory=lambda: {"output": "stdout"})
    environment: dict[str, str] = field(default_factory=dict)
    stdin: str = ""
    most_output: int = 64 * 2**20

    def __post_init__(self) -> None:
        given: Any = self.command
        fits = isinstance(given, (list, tuple)) and given and given[0]
        if not fits or not all(isinstance(word, str) and "\0" not in word for word in given):
            mend = "Write ['program', 'argument']; there is no shell to split a text."
            raise self._refuse("command", "a list of text, the program first", mend)
        self._keep("command", tuple(given))
        self._check_words("environment", "names of variables to text")
        self._check_text("stdin")
        self._check_count("most_output", 1)
        self._check_ports()
        self._check_places()

    def _check_ports(self) -> None:
        self._check_words("takes", f"names to one of {', '.join(_TYPES)}")
        self._check_words("gives", "names to 'stdout' or 'file:NAME'")
        for field_ in ("takes", "gives"):
            if not all(name.isidentifier() for name in getattr(self, field_)):
                raise self._refuse(field_, "names made of letters, digits and _")
        if not set(self.takes.values()) <= set(_TYPES) or set(self.takes) & set(_OWN):
            raise self._refuse("takes", f"names to one of {', '.join(_TYPES)}")
        for source in self.gives.values():
            if source != "stdout" and not _is_file_place(source):
                mend = "A file is named by its path inside the folder the program runs in."
                raise self._refuse("gives", "names to 'stdout' or 'file:NAME'", mend)
        if self.stdin and self.takes.get(self.stdin) not in ("file", "str"):
            raise self._refuse("stdin", "the name of an input of type file or str")

    def _check_places(self) -> None:
        texts = (*self.command, *self.environment.values())
        named = {found[2] for text in texts for found in _PLACE.finditer(text) if found[2]}
        known = {*self.takes, *_OWN}
        if named - known:
            strange = min(named - known)
            raise self._refuse(
                "command",
                f"inputs of takes ({', '.join(self.takes) or 'none'}) in braces",
                f"Add {strange!r} to takes, or write {{{{{strange}}}}} for the braces themselves.",
            )
        idle = set(self.takes) - named - {self.stdin}
        if idle:
            mend = f"Write {{{min(idle)}}} where it belongs."
            raise self._refuse("command", "every input of takes in braces", mend)
        if not all(_VARIABLE.fullmatch(name) for name in self.environment):
            raise self._refuse("environment", "names made of letters, digits and _")

    @property
    def inputs(self) -> tuple[Port, ...]:
        """One port for each entry of `takes`."""
        return tuple(Port(name, port_type(kind), "input") for name, kind in self.takes.items())

    @property
    def outputs(self) -> tuple[Port, ...]:
        """One port for each entry of `gives`."""
        return tuple(
            Port(name, port_type("str" if source == "stdout" else "file"), "output")
            for name, source in self.gives.items()
        )

    def run(self, **given: Any) -> dict[str, Any]:
        """Run the program."""
        made = context()
        folder = made.folder / "work"
        folder.mkdir(exist_ok=True)
        places = {name: self._text(name, given[name], made.folder) for name in self.takes}
        words = {**places, "python": sys.executable, "folder": str(folder)}
        extra = {name: _filled(text, words) for name, text in self.environment.items()}
        command = [_filled(word, words) for word in self.command]
        made.log(f"$ {shlex.join(command)[:_SHOWN]}\n")
        ended = run_child(
            command,
            folder,
            {**os.environ, **extra},
            given=self._stdin_bytes(given),
            keep_bytes=self.most_output if "stdout" in self.gives.values() else 0,
            log=made.log,
            cancelled=lambda: made.cancelled,
        )
        self._require_success(ended)
        return {name: self._output(name, ended, folder) for name in self.gives}

    def _text(self, name: str, value: Any, folder: Path) -> str:
        """Say what stands for an input in the command: its text, or the path of a file with it."""
        kind = self.takes[name]
        if kind == "table":
            path = folder / f"{name}.csv"
            value.to_csv(path, index=False, lineterminator="\n")
            return str(path)
        if kind in ("mapping", "list"):
            path = folder / f"{name}.json"
            path.write_text(json_text(f"{self.where}, input {name}", value), encoding="utf-8")
            return str(path)
        if kind == "file":
            return str(os.path.abspath(value))  # noqa: PTH100 - Path.resolve would follow links
        return ("true" if value else "false") if kind == "bool" else str(value)

    def _stdin_bytes(self, given: Mapping[str, Any]) -> bytes | None:
        if not self.stdin:
            return None
        value = given[self.stdin]
        if self.takes[self.stdin] == "str":
            return str(value).encode()
        from pathlib import Path

        return Path(value).read_bytes()

    def _require_success(self, ended: Ended) -> None:
        program = self.command[0]
        if ended.cancelled:
            raise TaskError(f"{program} was ended, for the task was cancelled.")
        if ended.overflowed:
            raise TaskError(
                f"{program}: expected at most {self.most_output:,} bytes on stdout, got more, and "
                "it was ended. Let it write a file ('file:NAME' in gives), or raise most_output."
            )
        if ended.status:
            how = f"exit status {ended.status}" if ended.status > 0 else f"signal {-ended.status}"
            tail = f" The end of its stderr:\n{ended.last_lines}" if ended.last_lines else ""
            raise TaskError(f"{program} ended with {how}, expected 0.{tail}")

    def _output(self, name: str, ended: Ended, folder: Path) -> Any:
        source = self.gives[name]
        if source == "stdout":
            try:
                return ended.output.decode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{self.where}: output {name}: expected UTF-8 text on stdout, got the byte "
                    f"0x{ended.output[error.start]:02x} at position {error.start}. Let it write a "
                    "file instead."
                ) from error
        path = folder / source.removeprefix(_FILE)
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
        there = ", ".join(sorted(item.name for item in folder.iterdir())[:10]) or "nothing"
        raise TaskError(
            f"output {name}: expected {self.command[0]} to write {path.name!r} in its folder, "
            f"found {there} there. Check its arguments, or the name in gives."
        )


def _filled(text: str, words: Mapping[str, str]) -> str:
    """Put inputs in the places of their names; what stands in them is not looked at again."""
    return _PLACE.sub(lambda found: f"{{{found[1]}}}" if found[1] else words[found[2]], text)


def _is_file_place(source: str) -> bool:
    from pathlib import PurePath

    name = source.removeprefix(_FILE)
    inside = not PurePath(name).is_absolute() and ".." not in PurePath(name).parts
    return source.startswith(_FILE) and name.strip() != "" and inside and "\0" not in name
