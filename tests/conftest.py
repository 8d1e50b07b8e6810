"""What all tests need."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure() -> None:
    # A shell starts its background jobs with interrupts ignored; some tests send one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["DLAAW_TARGETS"] = os.devnull  # named targets of the person are not of the tests
    # How fast nodes were is nothing that tests should tell each other, or the one who runs them.
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="dlaaw-state-")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Keep tests that make networks apart from those in a browser.

    A page that is being loaded fails when a network of its machine comes or goes.
    """
    folder, run = item.path.parent.name, os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None or folder not in ("browser", "cluster"):
        return (yield)
    import fcntl

    place = Path(tempfile.gettempdir())
    with (
        (place / f"dlaaw-{run}-turn").open("w") as turn,
        (place / f"dlaaw-{run}").open("w") as lock,
    ):
        fcntl.flock(turn, fcntl.LOCK_EX)  # who waits for all to end lets nobody else begin
        fcntl.flock(lock, fcntl.LOCK_EX if folder == "cluster" else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        return (yield)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)


@pytest.fixture(autouse=True)
def layers_as_before():
    """Layers that a test adds, by whatever way, are not there for the next."""
    from dlaaw_nb.engine import reference, resources
    from dlaaw_nb.nn.layers import own, registry

    places = (reference.LAYERS, resources._ADDED, registry._KINDS, own._CLASSES)
    before = [dict(place) for place in places]
    yield
    for place, known in zip(places, before, strict=True):
        place.clear()
        place.update(known)
    own.TRUSTED.clear()
