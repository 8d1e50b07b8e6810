"""JupyterLab and Chromium for the tests in this folder.

One server a session, one browser a module (Playwright's loop would be in the way of others), one
page a notebook. Where a part is missing the tests are skipped; where ``DLAAW_REQUIRE_BROWSER`` is
set, as in CI, that is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

TIMEOUT_S = 300
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Mark the tests of this folder, and give each a limit: a page that hangs must not hang all."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TIMEOUT_S))
            # Chromium and the server are separate processes: their sockets are closed when they
            # are, and the loop that Playwright stops may leave its own for the collector.
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@pytest.fixture(scope="session")
def chromium():
    """Path of Chromium; skips or fails where a part is missing."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    missing = [] if path else ["Chromium (apt-get install chromium)"]
    modules = ("playwright", "jupyterlab", "ipywidgets", "anywidget")
    missing += [f"{m} (pip install {m})" for m in modules if importlib.util.find_spec(m) is None]
    if missing:
        reason = f"needs {', '.join(missing)}"
        if os.environ.get("DLAAW_REQUIRE_BROWSER"):
            pytest.fail(f"DLAAW_REQUIRE_BROWSER is set, but the test {reason}")
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """The session's JupyterLab."""
    from lab_server import Server

    running = Server(tmp_path_factory.mktemp("lab"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def browser(chromium):
    """A Chromium without a window."""
    from lab import FLAGS
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Folder of the screenshots: ``DLAAW_SCREENSHOTS``, or one that is thrown away."""
    wanted = os.environ.get("DLAAW_SCREENSHOTS")
    return Path(wanted) if wanted else tmp_path_factory.mktemp("screenshots")


@pytest.fixture
def lab(server, browser, pictures):
    """JupyterLab for one test; its kernels end with it."""
    from lab import Lab

    person = Lab(server, browser, pictures)
    yield person
    person.close()
