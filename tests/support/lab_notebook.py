"""A notebook open in JupyterLab, as the browser tests handle it."""

from __future__ import annotations

import ast
import json
import secrets
import time
from typing import TYPE_CHECKING

import nbformat
from lab_page import LabPage

if TYPE_CHECKING:
    from pathlib import Path

    from lab import Lab

_READY = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.context?.isReady && panel.content.widgets !== undefined;
}"""
_IDLE = """() => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    return context.session?.kernel?.status === 'idle' && context.isReady;
}"""
_START = """([index]) => {
    const app = window.jupyterapp;
    const content = app.shell.currentWidget.content;
    content.deselectAll();
    content.activeCellIndex = index;
    window.runs = window.runs || {};
    const run = window.runs[index] = { done: false };
    const end = () => { run.done = true; };
    app.commands.execute('notebook:run-cell').then(end, end);
    return null;
}"""
_EXPRESSION = """async ([code]) => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const reply = await kernel.requestExecute({
        code: '', silent: true, store_history: false, user_expressions: { value: code },
    }).done;
    return reply.content.user_expressions?.value ?? reply.content;
}"""


class Notebook(LabPage):
    """A notebook open in JupyterLab.

    Attributes
    ----------
    path : Path
        Its file.
    """

    def __init__(self, lab: Lab, path: Path) -> None:
        super().__init__(lab)
        self.path = path

    # ---- opening and closing ----

    def load(self, kernel: bool = True) -> None:
        """Open the page; returns when the notebook is there and its kernel, if any, is idle."""
        self.open_page(f"w{secrets.token_hex(4)}")
        self.ask(_OPEN, self.path.relative_to(self.lab.root).as_posix(), kernel)
        self.page.wait_for_function(_READY)
        if kernel:
            self.wait_idle()

    def close(self) -> None:
        """Save and close the page and end the kernel."""
        self.save()
        self.page.close()
        self.lab.server.shut_kernels_down()

    def reopen(self, kernel: bool = True, trusted: bool = True) -> None:
        """Save, close and open again, as on another day: the kernel is new, or there is none.

        Parameters
        ----------
        kernel : bool
            Whether a (new) kernel is started.
        trusted : bool
            False opens it as if it came from somebody else: its outputs are sanitized.
        """
        self.close()
        if not trusted:  # the signature is of the content
            content = nbformat.read(self.path, as_version=4)
            content.metadata["from"] = "elsewhere"
            content.cells.append(nbformat.v4.new_markdown_cell("From elsewhere."))
            nbformat.write(content, self.path)
        self.load(kernel=kernel)

    def save(self) -> dict:
        """Save it; gives what the file now holds."""
        self.ask(
            "async () => { await window.jupyterapp.shell.currentWidget.context.save();"
            " return null; }"
        )
        return json.loads(self.path.read_text())

    # ---- running ----

    def start(self, index: int) -> None:
        """Run a cell without waiting for its end."""
        self.show_cell(index)
        self.ask(_START, index)

    def wait(self, index: int, timeout_s: float = 60) -> None:
        """Wait until a cell that was started has ended."""
        self.page.wait_for_function(
            "index => window.runs[index].done", arg=index, timeout=timeout_s * 1000
        )

    def run(self, index: int, timeout_s: float = 60) -> None:
        """Run a cell and wait for its end."""
        self.start(index)
        self.wait(index, timeout_s)

    def run_all(self, timeout_s: float = 120) -> None:
        """Run the code cells from top to bottom."""
        for index, kind in enumerate(self.kinds()):
            if kind == "code":
                self.run(index, timeout_s)

    def interrupt(self) -> None:
        """Interrupt the kernel, as its Stop button does."""
        self.ask(
            "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.session"
            ".kernel.interrupt(); return null; }"
        )

    def restart_kernel(self) -> None:
        """Restart the kernel under what is open."""
        self.ask(
            "async () => { await window.jupyterapp.shell.currentWidget.sessionContext"
            ".restartKernel(); return null; }"
        )
        self.wait_idle()

    def wait_idle(self, timeout_s: float = 60) -> None:
        """Wait until the kernel is idle."""
        self.page.wait_for_function(_IDLE, timeout=timeout_s * 1000)

    def value(self, expression: str, timeout_s: float = 20) -> object:
        """Give what a Python expression is in the kernel; it must be what JSON can say."""
        code = f"__import__('json').dumps({expression})"
        answer = self.ask(_EXPRESSION, code, timeout_s=timeout_s)
        if answer["status"] != "ok":
            raise AssertionError(f"{expression}: {answer.get('ename')}: {answer.get('evalue')}")
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))

    def wait_value(self, expression: str, wanted: object, timeout_s: float = 20) -> None:
        """Wait until an expression in the kernel has a value."""
        end = time.monotonic() + timeout_s
        while (got := self.value(expression)) != wanted:
            if time.monotonic() > end:
                raise AssertionError(f"{expression}: expected {wanted!r}, got {got!r}")
            self.page.wait_for_timeout(20)

    # ---- looking ----

    def outputs(self, index: int) -> list[dict]:
        """Give the outputs of a cell as the notebook's file would hold them."""
        return self.ask(
            "([index]) => window.jupyterapp.shell.currentWidget.content.widgets[index]"
            ".model.toJSON().outputs || []",
            index,
        )

    def text(self, index: int) -> str:
        """Give the plain text of a cell's outputs: streams, text forms, errors."""
        return "\n".join(_plain(output) for output in self.outputs(index))

    def kinds(self) -> list[str]:
        """Give the kinds of all cells: code, markdown or raw."""
        return self.ask(_KINDS)

    def sources(self) -> list[str]:
        """Give the sources of all cells."""
        return self.ask(
            "() => window.jupyterapp.shell.currentWidget.content.widgets"
            ".map(cell => cell.model.sharedModel.getSource())"
        )

    def show_cell(self, index: int) -> None:
        """Scroll to a cell, so that it is in the page (JupyterLab drops those far away)."""
        self.ask(
            "async ([index]) => { const content = window.jupyterapp.shell.currentWidget.content;"
            " await content.scrollToItem(index, 'start'); return null; }",
            index,
        )

    def cell(self, index: int) -> object:
        """Give the locator of a cell."""
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def wait_text(self, index: int, text: str) -> None:
        """Wait until a cell shows a text: outputs are drawn a moment after they are there."""
        self.cell(index).get_by_text(text).first.wait_for()

    def locator(self, index: int, css: str) -> object:
        """Give the locator of elements in the outputs of a cell."""
        return self.cell(index).locator(f".jp-OutputArea-output {css}, .jp-OutputArea-output{css}")

    def screenshot(self, name: str, index: int | None = None) -> Path:
        """Save a picture of the page, or of one cell, to look at; gives its path."""
        return self.picture(name, None if index is None else self.cell(index))


_KINDS = "() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.type)"

# Without a kernel, as where a person has chosen "No kernel": the factory must not prefer one.
_OPEN = """async ([path, kernel]) => {
    const app = window.jupyterapp;
    app.docRegistry.getWidgetFactory('Notebook')._preferKernel = kernel;
    app.shell.collapseLeft();
    await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    return null;
}"""


def _plain(output: dict) -> str:
    """Give the text of one output."""
    if output["output_type"] == "error":
        return f"{output['ename']}: {output['evalue']}"
    text = output["text"] if "text" in output else output["data"].get("text/plain", "")
    return ("".join(text)).rstrip("\n")
