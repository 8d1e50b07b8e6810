"""A ``.dlaaw`` document open in JupyterLab."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lab_notebook import KNOWN_ERRORS

if TYPE_CHECKING:
    from pathlib import Path

    from lab import Lab

TIMEOUT_S = 60
PANEL = ".dlaaw-document:not(.lm-mod-hidden)"


class Document:
    """A page of JupyterLab for documents of one person.

    Attributes
    ----------
    page : playwright Page
        JupyterLab.
    errors : list of str
        What the page wrote to its console as errors.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.page = lab.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self._complain(error.stack or str(error)))
        self.load()

    def load(self) -> None:
        """Load the page anew, with nothing open."""
        server = self.lab.server
        self.page.goto(f"{server.url}/lab/workspaces/documents?token={server.token}&reset")
        self.wait_for_start()

    def wait_for_start(self) -> None:
        """Wait until JupyterLab is there."""
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.ask("async () => { await window.jupyterapp.restored; return null; }")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

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

    def run_command(self, command: str, **arguments: object) -> None:
        """Run a command of JupyterLab, and wait for it."""
        self.ask(
            "async ([command, args]) => { await window.jupyterapp.commands.execute("
            "command, args); return null; }",
            command, arguments,
        )  # fmt: skip

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
        path = self.lab.pictures / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)
        return path

    def ask(self, script: str, *arguments: object, timeout_s: float = TIMEOUT_S) -> object:
        """Call a JavaScript function, which gets one list of arguments, with a time limit."""
        return self.page.evaluate(
            f"""(all) => Promise.race([
                ({script})(all),
                new Promise((_, fail) => setTimeout(
                    () => fail(new Error('no answer in {timeout_s} s')), {timeout_s * 1000})),
            ])""",
            list(arguments),
        )

    def _listen(self, message: object) -> None:
        if message.type == "error":
            self._complain(message.text)

    def _complain(self, text: str) -> None:
        if not any(re.search(known, text) for known in KNOWN_ERRORS):
            self.errors.append(text)
