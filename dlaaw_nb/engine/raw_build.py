"""Compiles a person's own CUDA source: for a GPU, or as a program in which CUDA is emulated."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path
from typing import List, Sequence

from . import build, cuda_build, resources
from .cache import cache_dir
from .faults import BuildError, KernelError
from .raw_signature import Kernel, emulated, require_emulated

__all__ = ["gpu_image", "lines_of", "options_for", "program"]

_PLAIN: Sequence[str] = ("-O2", "-DDLAAW_EMULATED=1")
_CHECKED = ("-O1", "-g", "-fno-omit-frame-pointer", "-DDLAAW_EMULATED=2", "-pthread")
_BOUNDS: Sequence[str] = (*_CHECKED, "-fsanitize=address,bounds", "-fno-sanitize-recover=bounds")
_RACES: Sequence[str] = (*_CHECKED, "-fsanitize=thread")
_INTEGERS = """#if defined(__CUDACC_RTC__)
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#else
#include <cstdint>
#include <cstdio>
#include <cassert>
#endif
"""
_COMMON = ("-std=c++14", "-ffp-contract=off", "-Wno-unknown-pragmas", "-Wno-attributes", "-w")


def gpu_image(source: str, name: str, kernels: Sequence[Kernel], arch: str) -> bytes:
    """Compile a source for a GPU.

    Parameters
    ----------
    source : str
        CUDA C++.
    name : str
        What compile errors call it.
    kernels : sequence of Kernel
        Its kernels, whose names are kept.
    arch : str
        Such as ``"sm_90"``.

    Returns
    -------
    bytes
        A cubin.

    Raises
    ------
    KernelError
        With the lines that the compiler refused.
    """
    names = "\n".join(
        f'extern "C" __global__ void {kernel.name}({_types(kernel)});' for kernel in kernels
    )
    text = f'{_INTEGERS}{names}\n#line 1 "{name}"\n{source}\n'
    try:
        return cuda_build.cubin(text, arch)
    except BuildError as error:
        raise _refused(error, source, name) from error


def _types(kernel: Kernel) -> str:
    parts = []
    for parameter in kernel.parameters:
        const = "const " if parameter.const else ""
        parts.append(f"{const}{parameter.type}{'*' if parameter.pointer else ''}")
    return ", ".join(parts)


def program(source: str, name: str, kernels: Sequence[Kernel], options: Sequence[str]) -> Path:
    """Compile a source into a program that runs one launch on the emulator.

    Parameters
    ----------
    source : str
        CUDA C++.
    name : str
        What compile errors call it.
    kernels : sequence of Kernel
        Its kernels.
    options : sequence of str
        One of `options_for`.

    Returns
    -------
    Path
        The program, in the cache.

    Raises
    ------
    KernelError
        When the emulator does not know something in it, or the compiler refuses it.
    BuildError
        When there is no compiler.
    """
    require_emulated(source)
    command = build.compiler()
    if command is None:
        raise BuildError(
            "no C++ compiler found ($CXX, c++, g++, clang++): own kernels need one on a processor."
        )
    cells = "\n".join(f"  DLAAW_CELL({k}, {kernel.name})" for k, kernel in enumerate(kernels))
    text = (
        f'#include "emulator/cell.cuh"\n#line 1 "{name}"\n{emulated(source)}\n#line 1 "dlaaw"\n'
        f"static void dlaaw_cells(const dlaaw_emulator::CellLaunch& launch) {{\n{cells}\n}}\n"
    )
    call = [*command, *_COMMON, *options]
    digest = hashlib.sha256("\0".join([text, resources.kernels_digest(), *call]).encode())
    file = cache_dir() / (digest.hexdigest()[:32] + ".cell")
    if not file.exists():
        try:
            _compile(text, call, file)
        except BuildError as error:
            raise _refused(error, source, name) from error
    return file


def _compile(text: str, call: Sequence[str], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=str(file.parent)) as folder:
        resources.write(folder, resources.kernel_sources())
        unit, made = Path(folder) / "program.cpp", Path(folder) / "program"
        unit.write_text(text, encoding="utf-8")
        build.run([*call, f"-I{folder}", str(unit), "-o", str(made)])
        made.replace(file)


def _refused(error: BuildError, source: str, name: str) -> KernelError:
    """Tell what a compiler refused by the lines of the source."""
    lines, told = source.splitlines(), []
    pattern = rf"{re.escape(name)}[:(](\d+)\)?(?::\d+)?:?\s*(?:fatal )?error:?\s*(.*)"
    for match in list(re.finditer(pattern, error.stderr))[:5]:
        number = int(match.group(1))
        shown = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        told.append(f"line {number}: {match.group(2).strip()}\n    {shown}")
    if not told:
        errors = [line for line in error.stderr.splitlines() if "error" in line][:5]
        return KernelError("\n".join([str(error), *errors]))
    return KernelError("\n".join(["the compiler refuses it:", *told]))


def options_for(check: bool) -> List[Sequence[str]]:
    """List the compiler's options of the programs that a launch needs.

    Parameters
    ----------
    check : bool
        Whether every access is watched: once for arrays that are left, once for races.

    Returns
    -------
    list of sequence of str
        One for each program.
    """
    return [_BOUNDS, _RACES] if check else [_PLAIN]


def lines_of(report: str, name: str) -> List[int]:
    """List the lines of a source that a sanitizer names.

    Parameters
    ----------
    report : str
        What it printed.
    name : str
        What the source is called.

    Returns
    -------
    list of int
        Each once, in that order.
    """
    found = re.findall(rf"{re.escape(name)}:(\d+)", report)
    return list(dict.fromkeys(map(int, found)))
