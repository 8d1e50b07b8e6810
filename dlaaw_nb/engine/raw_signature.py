"""Reads the kernels of a person's own CUDA source: their names, and what they take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Match, Tuple

import numpy as np

from .faults import KernelError

__all__ = ["Kernel", "Parameter", "blank", "declarations_of", "kernels_of", "line_at"]

# C's names of numbers, with their words in the order of the alphabet.
_TYPES: Dict[str, str] = {
    "bool": "?",
    "char": "i1",
    "char signed": "i1",
    "char unsigned": "u1",
    "short": "i2",
    "short unsigned": "u2",
    "int": "i4",
    "int unsigned": "u4",
    "long long": "i8",
    "long long unsigned": "u8",
    "size_t": "u8",
    "int8_t": "i1",
    "uint8_t": "u1",
    "int16_t": "i2",
    "uint16_t": "u2",
    "int32_t": "i4",
    "uint32_t": "u4",
    "int64_t": "i8",
    "uint64_t": "u8",
    "float": "f4",
    "double": "f8",
}
_QUALIFIERS = re.compile(r"\b(?:const|volatile|__restrict__|__restrict|restrict)\b")
_NESTED = r"\((?:[^()]|\([^()]*\))*\)"  # parentheses, and one pair within
_SPECIFIER = (
    r"(?:(?:__global__|static|inline|__inline__|__forceinline__|__noinline__|extern)\b"
    rf"|(?:__launch_bounds__|__cluster_dims__|__maxnreg__|__attribute__)\s*{_NESTED}"
    r"|\[\[[^\]]*\]\])\s*"
)
_DECLARATION = re.compile(
    rf"(?P<before>(?<!\w)(?:{_SPECIFIER}){{0,9}})\bvoid\b\s*(?P<after>(?:{_SPECIFIER}){{0,9}})"
    r"(?P<name>[A-Za-z_]\w*)\s*\((?P<parameters>[^)]*)\)(?P<end>\s*;)?"
)
_TEMPLATE = re.compile(r"\btemplate\s*<(?:[^<>]|<[^<>]*>)*>\s*$")
_IGNORED = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """What a kernel takes at one place.

    Attributes
    ----------
    name, type : str
        As they are written, the type without its qualifiers.
    dtype : dtype
        NumPy's.
    pointer, const : bool
        Whether it is an array, and one that is only read.
    """

    name: str
    type: str
    dtype: np.dtype
    pointer: bool
    const: bool

    @property
    def writes(self) -> bool:
        """Whether the kernel may write to it."""
        return self.pointer and not self.const

    def __str__(self) -> str:
        return (
            f"{'const ' if self.const else ''}{self.type}{'*' if self.pointer else ''} {self.name}"
        )


@dataclass(frozen=True)
class Kernel:
    """A ``__global__`` function.

    Attributes
    ----------
    name : str
        Its name.
    line : int
        Where it stands in the source, from 1.
    parameters : tuple of Parameter
        What it takes.
    """

    name: str
    line: int
    parameters: Tuple[Parameter, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))})"


def blank(source: str) -> str:
    """Put spaces in place of comments and texts; lines stay lines."""
    return _IGNORED.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)


def line_at(text: str, place: int) -> int:
    """Give the line of a place in a text, from 1."""
    return text.count("\n", 0, place) + 1


def declarations_of(text: str) -> List[Match[str]]:
    """Find the declarations of kernels, whatever the order of their words.

    Parameters
    ----------
    text : str
        CUDA C++ without comments (`blank`).

    Returns
    -------
    list of Match
        With the groups before, after, name, parameters and end.

    Raises
    ------
    KernelError
        When ``__global__`` stands where it declares no kernel that can be called.
    """
    found = [
        match
        for match in _DECLARATION.finditer(text)
        if "__global__" in match.group("before") + match.group("after")
    ]
    for word in re.finditer(r"^(?!\s*#).*?\b(__global__)\b", text, re.MULTILINE):
        place = word.start(1)
        if any(match.start() <= place < match.end() for match in found):
            continue
        line = line_at(text, place)
        if re.search(r"\btemplate\s*<[^;{}]*$", text[:place]):
            raise _template(line, "")
        shown = " ".join(re.split(r"[{;]", text[place:])[0].split())[:80]
        raise KernelError(
            f"line {line}: expected a kernel such as `__global__ void name(float* out, int n)`, "
            f"got `{shown}`."
        )
    return found


def _template(line: int, name: str) -> KernelError:
    return KernelError(
        f"line {line}: {f'kernel {name}' if name else 'this kernel'} is a template, whose types "
        "nobody says here. Write it for one type."
    )


def kernels_of(source: str) -> List[Kernel]:
    """List the kernels of a source.

    Parameters
    ----------
    source : str
        CUDA C++.

    Returns
    -------
    list of Kernel
        In the order in which they stand.

    Raises
    ------
    KernelError
        When there is none, two have one name, or one is a template, gives something back, or takes
        what no array or number of NumPy is.
    """
    text = blank(source)
    found: List[Kernel] = []
    for match in declarations_of(text):
        name, line = match.group("name"), line_at(text, match.start())
        if _TEMPLATE.search(text[: match.start()]):
            raise _template(line, name)
        if match.group("end"):
            continue  # declared here, defined further on
        if any(kernel.name == name for kernel in found):
            raise KernelError(f"line {line}: a second kernel {name}. Name it otherwise.")
        given = match.group("parameters").strip()
        parts = [] if given in ("", "void") else given.split(",")
        parameters = tuple(_parameter(part, name, line) for part in parts)
        found.append(Kernel(name, line, parameters))
    if not found:
        raise KernelError(
            "no kernel: expected a function like `__global__ void name(float* out, int n) { ... }`."
        )
    return found


def _parameter(part: str, kernel: str, line: int) -> Parameter:
    match = re.fullmatch(
        r"\s*(.*?)\s*(\**)\s*(\w+)\s*(\[\s*\])?\s*", _QUALIFIERS.sub(" ", part), re.DOTALL
    )
    if match:
        words, stars, name, brackets = match.groups()
        stars = stars + "*" * words.count("*")
        kind = " ".join(sorted(words.replace("*", " ").split()))
        kind = {"unsigned": "int unsigned", "signed": "int", "int short": "short"}.get(kind, kind)
        kind = {"int long long": "long long", "int long long unsigned": "long long unsigned"}.get(
            kind, kind
        )
        pointers = len(stars) + (1 if brackets else 0)
        if kind in _TYPES and pointers <= 1:
            first = part.split("*", maxsplit=1)[0]
            const = bool(pointers) and "const" in first.split()
            told = " ".join(words.replace("*", " ").split())
            return Parameter(name, told, np.dtype(_TYPES[kind]), bool(pointers), const)
    raise KernelError(
        f"line {line}: kernel {kernel} takes {' '.join(part.split())!r}: expected a number (bool, "
        "char, short, int, long long, size_t, their unsigned and fixed-width kin, float, double) "
        "or a pointer to one. (long has another size on other machines.)"
    )
