"""A ``.dlaaw`` document open in JupyterLab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lab_page import LabPage

if TYPE_CHECKING:
    from pathlib import Path

    from lab import Lab

PANEL = ".dlaaw-document:not(.lm-mod-hidden)"


class Document(LabPage):
    """A page of JupyterLab for documents of one person."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.open_page("documents")

    def load(self) -> None:
        """Load the page anew, with nothing open."""
        self.load_page("documents")

    def open(self, path: Path, factory: str | None = None) -> None:
        """Open a file that lies in the server's folder, by a factory or the default one."""
        name = path.relative_to(self.lab.root).as_posix()
        self.ask(
            "async ([path, factory]) => { await window.jupyterapp.commands.execute("
            "'docmanager:open', factory ? { path, factory } : { path }); return null; }",
            name, factory,
        )  # fmt: skip

    def save(self) -> None:
        """Save the document in front."""
        self.ask(
            "async () => { await window.jupyterapp.shell.currentWidget.context.save();"
            " return null; }"
        )

    def dirty(self) -> bool:
        """Tell whether the document in front differs from its file."""
        return self.ask("() => window.jupyterapp.shell.currentWidget.context.model.dirty")

    def text(self) -> str:
        """Give the text of the document in front, saved or not."""
        return self.ask(
            "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.getSource()"
        )

    def content(self) -> dict:
        """Give the document in front."""
        return json.loads(self.text())

    def locator(self, css: str, has_text: str | None = None) -> object:
        """Give the locator of elements in the documents that are shown."""
        return self.page.locator(f"{PANEL} {css}", has_text=has_text)

    def screenshot(self, name: str) -> Path:
        """Save a picture of the page, to look at."""
        return self.picture(name)
