"""Other ways to compile the kernels than the users' own: emulated, sanitized, with a fault."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple
from unittest import mock

from dlaaw_nb.engine import build, resources

_COMMON = ["-Wno-unknown-pragmas", "-UDLAAW_TILE", "-DDLAAW_TILE=64"]
FIBERS = ["-O1", *_COMMON, "-DDLAAW_EMULATED=1"]
THREADS = ["-O1", "-g", *_COMMON, "-DDLAAW_EMULATED=2"]
TSAN = ["-O1", "-g1", "-fsanitize=thread"]
TSAN_THREADS = [*TSAN, *THREADS, "--param", "tsan-distinguish-volatile=1"]
# C++20 says what a shift of a negative number is, as all our compilers do in C++14 too.
ASAN = ["-O0", "-g1", "-fsanitize=address,undefined", "-std=c++20", "-fno-sanitize-recover=all"]

_loaded: Dict[Any, Dict[str, ctypes.CDLL]] = {}


def mutate(name: str, old: str, new: str, nth: int = 0) -> Dict[str, str]:
    """The kernel sources with one text replaced, the nth time that it occurs."""
    sources = dict(resources.kernel_sources())
    parts = sources[name].split(old)
    assert len(parts) > nth + 1, f"{name}: {old!r} occurs {len(parts) - 1} times, wanted {nth}"
    sources[name] = old.join(parts[: nth + 1]) + new + old.join(parts[nth + 1 :])
    return sources


@contextmanager
def built_with(options: List[str], sources: Mapping[str, str] = {}) -> Iterator[None]:
    """Let the engine compile with more options, and from other sources, for a while."""
    texts = dict(sources) or dict(resources.kernel_sources())
    digest = hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()
    flags = [*build.flags(), *options]
    libraries = _loaded.setdefault((tuple(flags), digest), {})
    with mock.patch.multiple(build, flags=lambda: flags, _loaded=libraries), mock.patch.multiple(
        resources, kernel_sources=lambda: texts, kernels_digest=lambda: digest
    ):
        yield


class Emulator:
    """How the blocks of an emulated program run.

    Parameters
    ----------
    library : CDLL
        Compiled with FIBERS or THREADS.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.dlaaw_emulator_error.restype = ctypes.c_char_p

    def configure(self, threads: int, order: int) -> None:
        """Set the threads of a block, and their order: 0 forward, 1 backward, 2.. shuffled."""
        self._library.dlaaw_emulator_configure(threads, order)

    def error(self) -> str:
        """What went wrong since the last call, or nothing."""
        return (self._library.dlaaw_emulator_error() or b"").decode()


def sanitizer_library(name: str) -> str:
    """The path of libasan.so or libtsan.so; empty if the compiler has none."""
    command = build.compiler()
    if command is None:
        return ""
    done = subprocess.run(
        [*command, f"-print-file-name={name}"], capture_output=True, text=True, check=False
    )
    found = done.stdout.strip()
    return os.path.realpath(found) if Path(found).is_absolute() else ""


def run_sanitized(
    sanitizer: str,
    options: List[str],
    runs: List[Dict[str, Any]],
    folder: Path,
    sources: Mapping[str, str] = {},
) -> Tuple[int, str]:
    """Train in a process that a sanitizer watches from its start; see sanitized.py.

    Parameters
    ----------
    sanitizer : str
        ``"asan"`` or ``"tsan"``.

    Returns
    -------
    int, str
        Exit status, and what it printed.
    """
    import dlaaw_nb

    here = Path(__file__).parent
    job = {"options": options, "sources": sources, "guard": sanitizer == "asan", "runs": runs}
    file = folder / "job.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    paths = [str(Path(dlaaw_nb.__file__).parent.parent), str(here)]
    environment = {
        **os.environ,
        "LD_PRELOAD": sanitizer_library(f"lib{sanitizer}.so"),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONMALLOC": "malloc",
        "OPENBLAS_NUM_THREADS": "1",
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1:exitcode=66",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=66",
        "TSAN_OPTIONS": "exitcode=66:ignore_noninstrumented_modules=1",
    }
    done = subprocess.run(
        [sys.executable, str(here / "sanitized.py"), str(file)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=280,
        check=False,
    )
    return done.returncode, done.stdout
