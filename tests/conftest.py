"""What all tests need."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest


def pytest_configure() -> None:
    # A shell starts its background jobs with interrupts ignored; some tests send one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["DLAAW_TARGETS"] = os.devnull  # named targets of the person are not of the tests
    # How fast nodes were is nothing that tests should tell each other, or the one who runs them.
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="dlaaw-state-")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Side by side (-n 2 --dist loadgroup) a file stays together, and so do all browsers; with them
    # what makes networks, for a page that is being loaded fails when one comes or goes.
    for item in items:
        alone = item.path.parent.name in ("browser", "cluster")
        group = "browser" if alone else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


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
