"""What a person's own CUDA source becomes for the emulator, and for a GPU."""

from __future__ import annotations

import re
from typing import List, Optional, Tuple

from .faults import KernelError
from .raw_signature import Kernel, blank, declarations_of, line_at

__all__ = ["dynamic_names", "dynamic_shared", "emulated", "exported", "require_emulated"]

_DYNAMIC = re.compile(
    r"extern\s+__shared__\s+(?:__align__\s*\(\d+\)\s*)?([\w ]+?)\s+(\w+)\s*\[\s*\]\s*;"
)

# What the emulator has no meaning for, and its name.
_UNEMULATED: Tuple[Tuple[str, str], ...] = (
    (r"\b__(?:shfl|ballot|any|all|match|reduce|activemask)\w*", "instructions of a warp"),
    (r"\b__syncwarp\b|\bwarpSize\b", "instructions of a warp"),
    (r"\bcooperative_groups\b", "cooperative groups"),
    (r"\btex[123]D\w*|\bsurf[123]D\w*|\bcudaTextureObject_t\b", "textures and surfaces"),
    (r"<<<", "launches from the device"),
    (r"\basm\b", "lines of assembly"),
    (r"\b__half2?\b|\bhalf2\b|\bhalf\s+\w|\b__nv_bfloat16\w*", "numbers of half precision"),
    (r"\bwmma\b", "tensor cores"),
    (r"\bcuda[A-Z]\w+\s*\(", "the CUDA runtime"),
    (r"#\s*include\b", "included files"),
)


def dynamic_shared(source: str, kernel: Kernel) -> Optional[int]:
    """Find an array of dynamic shared memory in a kernel.

    Parameters
    ----------
    source : str
        CUDA C++.
    kernel : Kernel
        Of that source.

    Returns
    -------
    int or None
        Its line; None if there is none, or it stands outside of the kernel.
    """
    text = blank(source)
    for match in _DYNAMIC.finditer(text):
        before = [found for found in declarations_of(text) if found.start() < match.start()]
        inside = text.count("{", 0, match.start()) > text.count("}", 0, match.start())
        if inside and before and before[-1].group("name") == kernel.name:
            return line_at(text, match.start())
    return None


def emulated(source: str) -> str:
    """Write a source as the emulator wants it: dynamic shared memory cannot be declared on a host.

    Parameters
    ----------
    source : str
        CUDA C++.

    Returns
    -------
    str
        The same, line by line.
    """
    return _DYNAMIC.sub(lambda m: f"DLAAW_DYNAMIC_SHARED({m.group(1)}, {m.group(2)});", source)


def require_emulated(source: str) -> None:
    """Refuse what the emulator cannot do, by name.

    Parameters
    ----------
    source : str
        CUDA C++.

    Raises
    ------
    KernelError
        With the line.
    """
    text = blank(source)
    for pattern, what in _UNEMULATED:
        match = re.search(pattern, text)
        if match:
            raise KernelError(
                f"line {line_at(text, match.start())}: {match.group().strip()}: {what} are not "
                "emulated on a processor. Use --target gpu, or do without."
            )


def dynamic_names(source: str) -> List[str]:
    """List the names that a source has for dynamic shared memory, each once.

    Parameters
    ----------
    source : str
        CUDA C++.

    Returns
    -------
    list of str
        In the order in which they stand.
    """
    return list(dict.fromkeys(match.group(2) for match in _DYNAMIC.finditer(blank(source))))


def exported(source: str) -> str:
    """Write a source as a GPU's compiler wants it: its kernels have a name there.

    Parameters
    ----------
    source : str
        CUDA C++.

    Returns
    -------
    str
        The same with spaces in place of ``static`` and ``inline`` before a kernel's name.
    """
    made = list(source)
    for match in declarations_of(blank(source)):
        for word in re.finditer(r"\b(?:static|inline|__inline__)\b", match.group()):
            if word.start() < match.start("name") - match.start():
                begin, end = match.start() + word.start(), match.start() + word.end()
                made[begin:end] = " " * (end - begin)
    return "".join(made)
