"""Compiling and the cache: two processes at once, no or a broken compiler, an unusable folder."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from engine_support import chain, needs_compiler

import dlaaw_nb
from dlaaw_nb.engine import build, cache, codegen
from dlaaw_nb.engine.faults import BuildError

ROOT = str(Path(dlaaw_nb.__file__).parent.parent)
NET = (["Linear", 2, 1], ["Sigmoid"])


def source():
    return codegen.training_source(chain(*NET), "BinaryCrossEntropy", "SGD")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "_loaded", {})
    return tmp_path


@needs_compiler
def test_library_is_compiled_once_and_kept(empty):
    build.library(source())
    (file,) = (empty / "kernels").iterdir()
    made = file.stat().st_mtime_ns
    build._loaded.clear()
    assert build.is_built(source())
    build.library(source())
    assert file.stat().st_mtime_ns == made
    assert cache.size_bytes() == file.stat().st_size
    assert cache.clear() > 0
    assert cache.size_bytes() == 0


@needs_compiler
def test_library_two_processes_at_once_get_the_same_file(empty):
    program = textwrap.dedent(
        f"""
        import sys; sys.path[:0] = [{ROOT!r}, {str(Path(__file__).parent)!r}]
        from dlaaw_nb.engine import build
        build.library({source()!r})
        """
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program], env=dict(os.environ)) for _ in range(3)
    ]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert len(list((empty / "kernels").iterdir())) == 1


@needs_compiler
def test_library_key_depends_on_flags_and_sources(empty, monkeypatch):
    command = build.compiler()
    first = build._file(source(), command)
    monkeypatch.setattr(build, "flags", lambda: ["-O0"])
    assert build._file(source(), command) != first
    monkeypatch.undo()
    monkeypatch.setattr(build.resources, "kernels_digest", lambda: "other")
    assert build._file(source(), command).name != first.name


def test_flags_leave_fast_math_out():
    assert not [flag for flag in build.flags() if "fast" in flag or "finite" in flag]


def test_compiler_that_fails_is_a_build_error_with_its_words(empty, monkeypatch):
    script = empty / "cxx"
    script.write_text("#!/bin/sh\necho 'x.cpp:1: error: no such thing' >&2\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    with pytest.raises(BuildError, match=r"exit status 3 .* no such thing") as caught:
        build.library(source())
    assert caught.value.command[0] == str(script)
    assert "no such thing" in caught.value.stderr


def test_compiler_that_fails_lets_numpy_train_and_warns(empty, monkeypatch):
    from engine_support import make_data, make_spec, run, trials

    from dlaaw_nb.engine import programs

    monkeypatch.setattr(programs, "_told", set())
    monkeypatch.setattr(programs, "_ready", {})  # another test may have trained the same network
    monkeypatch.setenv("CXX", "false")
    events = run(make_spec(NET), make_data(30, 2))
    assert trials(events)[0]["program"] == "numpy"
    assert "NumPy" in next(e["message"] for e in events if e["event"] == "log")


@needs_compiler
def test_cache_that_is_no_folder_is_a_build_error_with_the_mend(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("DLAAW_CACHE", str(file))
    monkeypatch.setattr(build, "_loaded", {})
    with pytest.raises(BuildError, match="DLAAW_CACHE"):
        build.library(source())


def test_compiler_named_by_cxx_goes_first(monkeypatch):
    monkeypatch.setenv("CXX", f"{sys.executable} -E")
    assert build.compiler() == (sys.executable, "-E")
    monkeypatch.setenv("DLAAW_CPU", "numpy")
    assert build.compiler() is None
