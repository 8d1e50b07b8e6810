"""A page of JupyterLab, as the browser tests handle it: what notebooks and documents share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lab import Lab

KNOWN_ERRORS = [
    # The widgets' own extension, in a notebook that has no kernel.
    r"Cannot read properties of null \(reading 'kernel'\)[\s\S]*jupyterlab-manager",
    # ipycytoscape asks for an older version of the widgets, and is served by the newer.
    r"Unsatisfied version .* of shared singleton module @jupyter-widgets/base",
    r"custom wheel sensitivity",
]
"""Messages of the console that are not ours and that harm nothing."""

TIMEOUT_S = 60
_RESTORED = """() => {
    window.jupyterapp?.restored.then(() => { window.labIsRestored = true; });
    return window.labIsRestored && !new URLSearchParams(location.search).has('reset');
}"""


class LabPage:
    """A page of JupyterLab.

    Parameters
    ----------
    lab : Lab
        The person whose page it is.

    Attributes
    ----------
    page : playwright Page
        The page, for whatever has no method here.
    errors, warnings : list of str
        What the page's console complained of; known messages of others are left out.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def open_page(self, workspace: str) -> None:
        """Open the page, empty; returns when JupyterLab is there."""
        self.page = self.lab.context.new_page()
        self.page.on("console", self._listen)
        self.page.on(
            "pageerror", lambda error: self._complain(self.errors, error.stack or str(error))
        )
        self.load_page(workspace)

    def load_page(self, workspace: str) -> None:
        """Load the page anew, with nothing open; returns when JupyterLab is there."""
        server = self.lab.server
        self.page.goto(f"{server.url}/lab/workspaces/{workspace}?token={server.token}&reset")
        self.wait_for_start()

    def wait_for_start(self) -> None:
        """Wait until JupyterLab is there.

        It may load the page a second time when it is asked to forget what was open; a promise of
        the first page would be lost then, so each page is asked again and again.
        """
        self.page.wait_for_function(_RESTORED)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def run_command(self, command: str, **arguments: object) -> None:
        """Run a command of JupyterLab, and wait for it."""
        self.ask(
            "async ([command, args]) => { await window.jupyterapp.commands.execute("
            "command, args); return null; }",
            command, arguments,
        )  # fmt: skip

    def theme(self, name: str) -> None:
        """Change to the "dark", the "light" or the "dark high contrast" theme."""
        self.run_command("apputils:change-theme", theme=f"JupyterLab {name.title()}")
        light = "true" if name == "light" else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def picture(self, name: str, seen: object = None) -> Path:
        """Save a picture of the page, or of a part, to look at; gives its path."""
        path = self.lab.pictures / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        (seen or self.page).screenshot(path=path)
        return path

    def ask(self, script: str, *arguments: object, timeout_s: float = TIMEOUT_S) -> object:
        """Call a JavaScript function, which gets one list of arguments, with a time limit.

        Playwright's own ``evaluate`` would wait for a promise for ever.
        """
        return self.page.evaluate(
            f"""(all) => {{
                const held = window.dlaawAsked = window.dlaawAsked ?? new Set();
                const asked = Promise.race([
                    ({script})(all),
                    new Promise((_, fail) => setTimeout(
                        () => fail(new Error('no answer in {timeout_s} s')), {timeout_s * 1000})),
                ]).finally(() => held.delete(asked));
                held.add(asked); // what nobody holds may be collected before it is settled
                return asked;
            }}""",
            list(arguments),
        )

    def _listen(self, message: object) -> None:
        if message.type in {"error", "warning"}:
            heap = self.errors if message.type == "error" else self.warnings
            self._complain(heap, message.text)

    @staticmethod
    def _complain(heap: list[str], text: str) -> None:
        if not any(re.search(known, text) for known in KNOWN_ERRORS):
            heap.append(text)
