"""What all tests need."""

from __future__ import annotations

import os
import signal

import pytest


def pytest_configure() -> None:
    # A shell starts its background jobs with interrupts ignored; some tests send one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["DLAAW_TARGETS"] = os.devnull  # named targets of the person are not of the tests


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
