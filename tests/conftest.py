"""What all tests need."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    # A shell starts its background jobs with interrupts ignored; some tests send one.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
