"""JupyterLab as a person has it: a server of its own, Chromium, and notebooks to run in it.

``tests/browser/conftest.py`` makes the fixtures; a test gets a :class:`Lab` and opens notebooks::

    def test_sum_is_shown(lab):
        notebook = lab.notebook(["1 + 1"])
        notebook.run(0)
        assert notebook.text(0) == "2"
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import nbformat
from lab_notebook import Notebook

if TYPE_CHECKING:
    from pathlib import Path

    from lab_server import Server

VIEWPORT = {"width": 1200, "height": 1400}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3",
    },
    "language_info": {"name": "python"},
}  # fmt: skip


class Lab:
    """One person at one browser: a context of its own, with the server of the session.

    Parameters
    ----------
    server : Server
        Runs the kernels.
    browser : playwright Browser
        Chromium.
    pictures : Path
        Folder that screenshots go to.
    """

    def __init__(self, server: Server, browser: object, pictures: Path) -> None:
        self.server = server
        self.root = server.root
        self.pictures = pictures
        self.context = browser.new_context(viewport=VIEWPORT)
        self.context.set_default_timeout(60_000)
        self._opened = 0

    def notebook(self, cells: list[str], name: str | None = None, kernel: bool = True) -> Notebook:
        """Write a notebook of code cells and open it.

        Parameters
        ----------
        cells : list of str
            Sources of the code cells.
        name : str or None
            File name without its suffix; None makes one up.
        kernel : bool
            Whether a kernel is started with it.
        """
        self._opened += 1
        path = self.root / f"{name or f'notebook-{secrets.token_hex(4)}'}.ipynb"
        code = [nbformat.v4.new_code_cell(source) for source in cells]
        written = nbformat.v4.new_notebook(cells=code, metadata=_METADATA)
        nbformat.write(written, path)
        return self.open(path, kernel=kernel)

    def open(self, path: Path, kernel: bool = True) -> Notebook:
        """Open a notebook that lies in `root`, in a page of its own."""
        opened = Notebook(self, path)
        opened.load(kernel=kernel)
        return opened

    def page(self, path: Path) -> object:
        """Open a plain HTML file, such as nbconvert makes, without any server."""
        page = self.context.new_page()
        page.goto(path.resolve().as_uri())
        return page

    def close(self) -> None:
        """Close the pages and end the kernels."""
        self.context.close()
        self.server.shut_kernels_down()
        self.server.forget_theme()
