"""Says in words, with the lines of the source, what the checks of a launch found.

Findings are lines ``dlaaw-finding: kind pc writes thread block, pc writes thread block of the other
access, region offset bytes text`` without the commas (``kernels_cu/emulator/shadow.cuh``). Regions
are numbered: arguments, variables that threads share, dynamic shared memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Tuple

from .raw_source import dynamic_names
from .raw_symbols import lines_of

if TYPE_CHECKING:
    from pathlib import Path

    from .raw_launch import Launch
    from .raw_symbols import Variable

__all__ = ["MOST_SHOWN", "Checked", "findings_of", "unwatched_of"]

MOST_SHOWN = 8


class Checked(NamedTuple):
    """A launch that was checked.

    Attributes
    ----------
    launch : Launch
        What ran.
    program : Path
        As it was compiled.
    variables : list of Variable
        That its threads share.
    seconds, shadow_bytes : int
        For how long every access was watched at most, and what memory that might take.
    """

    launch: Launch
    program: Path
    variables: List[Variable]
    seconds: int
    shadow_bytes: int


class _Finding(NamedTuple):
    kind: str
    pc: int
    writes: int
    thread: int
    block: int
    pc2: int
    writes2: int
    thread2: int
    block2: int
    region: int
    offset: int
    bytes: int
    text: str


def findings_of(checked: Checked, errors: str) -> List[str]:
    """Read what the checks found.

    Parameters
    ----------
    checked : Checked
        What ran.
    errors : str
        What it wrote to standard error.

    Returns
    -------
    list of str
        Each finding once, with its lines and what stands there.
    """
    found = []
    for line in re.findall(r"^dlaaw-finding: (.*)$", errors, re.MULTILINE):
        kind, *rest = line.split(None, 12)
        text = rest[11] if len(rest) > 11 else ""
        found.append(_Finding._make([kind, *map(int, rest[:11]), text]))
    addresses = [pc for f in found for pc in (f.pc, f.pc2)]
    name = checked.launch.name
    teller = _Teller(checked, lines_of(checked.program, name, addresses))
    told = {}
    for finding in found:
        lines = teller.lines(finding)
        if finding.kind == "barriers" and len(lines) == 2 and lines[0] == lines[1]:
            continue  # one barrier of the source that the compiler has made two of
        key = (finding.kind, tuple(sorted(lines)), finding.region)
        if key not in told:
            told[key] = teller.say(finding)
    return list(told.values())


def unwatched_of(checked: Checked, errors: str) -> List[str]:
    """Say what the checks did not look at.

    Parameters
    ----------
    checked : Checked
        What ran.
    errors : str
        What it wrote to standard error.

    Returns
    -------
    list of str
        One sentence each.
    """
    told = []
    for kind, number in re.findall(r"^dlaaw-unwatched: (\w+) (\d+)$", errors, re.MULTILINE):
        if kind == "region":
            name = _region_name(checked, int(number))
            told.append(
                f"check: races on {name} are not looked for: to watch all of it takes more than "
                f"{checked.shadow_bytes >> 20} MiB. Use a smaller array."
            )
        elif kind == "seconds":
            told.append(
                f"check: nothing is looked at from block {number} on: the first {checked.seconds} "
                "s were. Use a smaller grid."
            )
        elif kind == "order":
            told.append(
                f"check: races between blocks are not looked for from block {number} on: too many "
                "blocks have handed over something. Use a smaller grid."
            )
        else:
            told.append(f"check: it ended in block {number}, for there were too many findings.")
    return list(dict.fromkeys(told))


def _region_name(checked: Checked, region: int) -> str:
    arguments = checked.launch.arguments
    if region < len(arguments):
        return arguments[region][0].name
    if region < len(arguments) + len(checked.variables):
        return checked.variables[region - len(arguments)].name
    names = dynamic_names(checked.launch.source)
    return names[0] if len(names) == 1 else "dynamic shared memory"


class _Teller:
    """Puts the findings of one launch into words."""

    def __init__(self, checked: Checked, lines: Dict[int, int]) -> None:
        self._checked, self._launch, self._lines = checked, checked.launch, lines

    def lines(self, finding: _Finding) -> List[int]:
        """List the lines of a finding that are known: its own, and that of the other access."""
        if finding.kind == "index":
            return [finding.pc]
        return [self._lines[pc] for pc in (finding.pc, finding.pc2) if pc in self._lines]

    def say(self, finding: _Finding) -> str:
        lines = self.lines(finding)
        source = self._launch.source.splitlines()
        quoted = "".join(
            f"\n    line {line}: {source[line - 1].strip()}"
            for line in dict.fromkeys(lines)
            if 0 < line <= len(source)
        )
        where = f"line {lines[0]}: " if finding.pc in self._lines or finding.kind == "index" else ""
        return f"{where}{getattr(self, f'_{finding.kind}')(finding)}{quoted}"

    def _race(self, finding: _Finding) -> str:
        does = "writes" if finding.writes else "reads"
        did = "wrote" if finding.writes2 else "read"
        line = self._lines.get(finding.pc2, 0)
        same = line and line == self._lines.get(finding.pc, 0)
        at = " at the same line" if same else f" at line {line}" if line else ""
        if finding.block == finding.block2:
            why = "with no barrier between them. Put a __syncthreads() there"
        else:
            why = (
                "and nothing orders the two blocks. Use an atomic, or an item for each block (or "
                "hand it over: __threadfence(), then an atomic)"
            )
        return (
            f"a race on {self._place(finding)}: {self._who(finding.thread, finding.block)} {does} "
            f"what {self._who(finding.thread2, finding.block2)} {did}{at}, {why}."
        )

    def _bounds(self, finding: _Finding) -> str:
        does = "writes" if finding.writes else "reads"
        who = self._who(finding.thread, finding.block)
        if finding.region < 0:
            return f"{who} {does} memory that is not the kernel's (address {finding.offset:#x})."
        name, item, size = self._region(finding)
        index = finding.offset // item
        return (
            f"an access outside of an array: {who} {does} {name}[{index}], but {name} has "
            f"{size // item} items."
        )

    def _index(self, finding: _Finding) -> str:
        return (
            f"an access outside of an array: {self._who(finding.thread, finding.block)} uses the "
            f"index {finding.offset} of an array of type {finding.text}."
        )

    def _const(self, finding: _Finding) -> str:
        return (
            f"{self._who(finding.thread, finding.block)} writes {self._place(finding)}, which the "
            "kernel has declared const: nobody gets what it writes. Declare it without const."
        )

    def _unset(self, finding: _Finding) -> str:
        return (
            f"a read of shared memory that is not set: {self._who(finding.thread, finding.block)} "
            f"reads {self._place(finding)}, which no thread of the block has written. Write it "
            "first."
        )

    def _ended(self, finding: _Finding) -> str:
        threads = self._launch.block[0] * self._launch.block[1] * self._launch.block[2]
        return (
            f"divergent barrier: in {self._block(finding.block)} {finding.bytes} of {threads} "
            f"threads wait in this barrier, {self._thread(finding.thread2)} has ended without it. "
            "Let all threads of a block come to each barrier."
        )

    def _barriers(self, finding: _Finding) -> str:
        line = self._lines.get(finding.pc2, 0)
        other = f"the one of line {line}" if line else "another one"
        return (
            f"divergent barrier: {self._who(finding.thread, finding.block)} waits in this barrier, "
            f"{self._thread(finding.thread2)} in {other}. Let all threads of a block come to the "
            "same barrier."
        )

    def _region(self, finding: _Finding) -> Tuple[str, int, int]:
        """Give the name of a finding's region, and the bytes of an item and of all of it."""
        arguments, variables = self._launch.arguments, self._checked.variables
        name, number = _region_name(self._checked, finding.region), finding.region
        if number < len(arguments):
            array = arguments[number][2]
            return name, array.itemsize, array.nbytes
        number -= len(arguments)
        dynamic = number >= len(variables)
        size = self._launch.shared_bytes if dynamic else variables[number].bytes
        return name, finding.bytes or 1, size

    def _place(self, finding: _Finding) -> str:
        name, item, size = self._region(finding)
        return name if size == item else f"{name}[{finding.offset // item}]"

    def _thread(self, thread: int) -> str:
        return f"thread {_coordinates(thread, self._launch.block)}"

    def _block(self, block: int) -> str:
        return f"block {_coordinates(block, self._launch.grid)}"

    def _who(self, thread: int, block: int) -> str:
        return f"{self._thread(thread)} of {self._block(block)}"


def _coordinates(k: int, sizes: Tuple[int, int, int]) -> str:
    x, y, z = k % sizes[0], k // sizes[0] % sizes[1], k // sizes[0] // sizes[1]
    if sizes[1] == sizes[2] == 1:
        return str(x)
    return f"({x}, {y}, {z})" if sizes[2] > 1 else f"({x}, {y})"
