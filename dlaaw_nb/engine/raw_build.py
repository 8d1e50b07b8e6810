"""Compiles a person's own CUDA source: for a GPU, or as a program in which CUDA is emulated."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Sequence, Tuple

from . import build, cuda_build, resources
from .cache import cache_dir
from .faults import BuildError, KernelError
from .raw_source import emulated, exported, require_emulated

if TYPE_CHECKING:
    from .raw_signature import Kernel

__all__ = ["gpu_image", "program"]

_PLAIN: Sequence[str] = ("-O2",)
# The marks of ThreadSanitizer and of the bounds of arrays, without their libraries: what they call
# stands in emulator/hooks.cuh. No PIE, so that an address in a report is one of the file.
_CHECKED = (
    "-O1",
    "-gdwarf-4",
    "-fsanitize=thread,bounds",
    "-fno-pie",
    "-fno-optimize-sibling-calls",
    "-fno-threadsafe-statics",
    "-fno-stack-protector",
)
_VOLATILE = {
    "g++": ("--param", "tsan-distinguish-volatile=1", "-fno-tree-loop-distribute-patterns"),
    "clang": ("-mllvm", "-tsan-distinguish-volatile=1"),
}
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
_COMMON = (
    "-std=c++14",
    "-ffp-contract=off",
    "-Wno-unknown-pragmas",
    "-Wno-attributes",
    "-w",
    "-DDLAAW_EMULATED=1",
    "-DDLAAW_QUICK_FIBERS",
    "-U_FORTIFY_SOURCE",  # whose longjmp stays on one stack
)


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
    text = f'{_INTEGERS}{names}\n#line 1 "{name}"\n{exported(source)}\n'
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


def program(source: str, name: str, kernels: Sequence[Kernel], check: bool = False) -> Path:
    """Compile a source into a program that runs one launch on the emulator.

    Parameters
    ----------
    source : str
        CUDA C++.
    name : str
        What compile errors call it.
    kernels : sequence of Kernel
        Its kernels.
    check : bool
        Whether it watches every access (`raw_findings`).

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
    call = [*command, *_COMMON, *_PLAIN]
    if check:
        call = [*command, *_COMMON, "-DDLAAW_CHECKED", *_CHECKED, *_volatile(command), "-c"]
    file = _kept(text, call, ".cell")
    if not file.exists():
        try:
            _compile(text, call, file, check)
        except BuildError as error:
            raise _refused(error, source, name) from error
    return file


@lru_cache(maxsize=None)
def _volatile(command: Tuple[str, ...]) -> Sequence[str]:
    """List the options by which accesses of volatile variables are marked as such."""
    try:
        told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ()
    return _VOLATILE["clang" if "clang" in told.stdout else "g++"]


def _kept(text: str, call: Sequence[str], suffix: str) -> Path:
    digest = hashlib.sha256("\0".join([text, resources.kernels_digest(), *call]).encode())
    return cache_dir() / (digest.hexdigest()[:32] + suffix)


def _compile(text: str, call: Sequence[str], file: Path, check: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=str(file.parent)) as folder:
        resources.write(folder, resources.kernel_sources())
        unit, made = Path(folder) / "program.cpp", Path(folder) / "program"
        unit.write_text(text, encoding="utf-8")
        build.run([*call, f"-I{folder}", str(unit), "-o", str(made)])
        if check:
            checks, part = _checks(folder, call), Path(folder) / "part"
            made.replace(part)
            command = list(build.compiler() or ())
            build.run([*command, "-no-pie", str(part), str(checks), "-o", str(made)])
        made.replace(file)


def _checks(folder: str, call: Sequence[str]) -> Path:
    """Compile what the marks call: once, and without marks."""
    kept = [word for word in call if not word.startswith("-fsanitize")]
    call, text = [*kept, "-O2", "-g0"], '#include "emulator/hooks.cuh"\n'
    file = _kept(text, call, ".checks")
    if not file.exists():
        unit, made = Path(folder) / "checks.cpp", Path(folder) / "checks.o"
        unit.write_text(text, encoding="utf-8")
        build.run([*call, f"-I{folder}", str(unit), "-o", str(made)])
        made.replace(file)
    return file


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
