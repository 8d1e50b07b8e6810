"""Names and lines of a checked program, by the tools ``nm`` and ``addr2line`` of the compiler."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Variable", "lines_of", "variables_of"]

_TIMEOUT_S = 30.0
_OWN = re.compile(  # of the emulator and of the compiler
    r"dlaaw|@|^_|^std::|^completed|^(?:thread|block)Idx$|^(?:block|grid)Dim$"
)


class Variable(NamedTuple):
    """A variable of the source that threads share.

    Attributes
    ----------
    name : str
        Its own, without the function that it stands in.
    address, bytes : int
        Where it lies in the program.
    """

    name: str
    address: int
    bytes: int


def variables_of(program: Path) -> Optional[List[Variable]]:
    """List the variables that the threads of a program share.

    Parameters
    ----------
    program : Path
        A checked one.

    Returns
    -------
    list of Variable or None
        Those of the source alone; None where there is no ``nm``.
    """
    lines = _told(["nm", "-S", "-C", "--defined-only", str(program)])
    if lines is None:
        return None
    found = []
    for line in lines:
        words = line.split(maxsplit=3)
        if len(words) == 4 and words[2] in "bBdDrRuVv" and not _OWN.search(words[3]):
            name = words[3].split("::")[-1]
            found.append(Variable(name, int(words[0], 16), int(words[1], 16)))
    return found


def lines_of(program: Path, name: str, addresses: Sequence[int]) -> Dict[int, int]:
    """Find the lines of a source that calls in a program come from.

    Parameters
    ----------
    program : Path
        A checked one.
    name : str
        What the source is called.
    addresses : sequence of int
        Where the calls come back to.

    Returns
    -------
    dict of int to int
        Lines by address: the innermost one that is the source's; none for what is not known.
    """
    wanted = sorted({address for address in addresses if address > 0})
    shown = [hex(address - 1) for address in wanted]  # within the call itself
    lines = _told(["addr2line", "-a", "-i", "-e", str(program), *shown]) if wanted else []
    found: Dict[int, int] = {}
    now = 0
    for line in lines or []:
        if line.startswith("0x"):
            now = int(line, 16) + 1
            continue
        match = re.search(rf"(?:^|/){re.escape(name)}:(\d+)", line)
        if match and now not in found:
            found[now] = int(match.group(1))
    return found


def _told(command: List[str]) -> Optional[List[str]]:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.splitlines() if done.returncode == 0 else None
