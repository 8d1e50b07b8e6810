"""Fixtures of the engine's tests."""

from __future__ import annotations

import pytest

from dlaaw_nb.engine import programs


@pytest.fixture
def numpy_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a compiler."""
    monkeypatch.setenv("DLAAW_CPU", "numpy")
    monkeypatch.setattr(programs, "_told", set())
