"""Notebooks and kernels beside a document, in the same page of JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from lab_document import Document

_IDLE = """() => {
    const context = window.jupyterapp.shell.currentWidget.context.sessionContext;
    return context.isReady && context.session?.kernel?.status === 'idle';
}"""
_SPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def notebook_beside(document: Document, name: str, cells: list[str]) -> None:
    """Write a notebook, open it with a kernel, and run all of it."""
    path = document.lab.root / name
    code = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": _SPEC}), path)
    document.open(path)
    document.page.wait_for_function(_IDLE)
    document.run_command("notebook:run-all-cells")
    document.page.wait_for_function(_IDLE)


def choose_kernel(document: Document, label: str) -> None:
    """Choose a kernel for the document in front as a person does, by its name in the dialog."""
    front = ".jp-Document:not(.lm-mod-hidden) [data-jp-item-name=kernelName]"
    document.page.locator(front).locator("jp-button, button").first.click()
    dialog = document.page.locator(".jp-Dialog")
    option = dialog.locator("option", has_text=label).first
    dialog.locator("select").select_option(value=option.get_attribute("value"))
    dialog.locator(".jp-mod-accept").click()
    dialog.wait_for(state="detached")


def restart_kernel(document: Document) -> None:
    """Restart the kernel from JupyterLab's Kernel menu, and wait until it answers."""
    document.page.locator(".lm-MenuBar-item", has_text="Kernel").click()
    document.page.locator(".lm-Menu-item", has_text="Restart Kernel…").first.click()
    document.page.locator(".jp-Dialog .jp-mod-accept").click()
    document.page.locator(".jp-Dialog").wait_for(state="detached")
    document.page.wait_for_function(_IDLE)
