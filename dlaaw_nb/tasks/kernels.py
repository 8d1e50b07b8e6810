"""Kernels that run notebooks: this very Python, ended with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dlaaw_nb.errors import TaskError
from dlaaw_nb.tasks.families import descendants, end_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbformat import NotebookNode

__all__ = ["execute_notebook", "kernel_environment", "own_kernel"]

_POLL_S = 0.2


def execute_notebook(
    notebook: NotebookNode,
    folder: Path,
    *,
    kernel: str,
    environment: Mapping[str, str],
    log: IO[str],
    cancelled: Callable[[], bool],
    on_cell: Callable[..., None],
) -> None:
    """Run a notebook from top to bottom.

    Parameters
    ----------
    notebook : NotebookNode
        Gets its outputs filled in.
    folder : Path
        Where its kernel runs.
    kernel : str
        Name of an installed kernel; empty for this very Python.
    environment : mapping of str to str
        All variables of the kernel.
    log : text stream
        Takes what the kernel itself complains of; it is a file with a descriptor.
    cancelled : callable
        Asked several times a second whether to end it.
    on_cell : callable
        Called with ``cell`` and ``cell_index`` after each code cell.

    Raises
    ------
    CellExecutionError
        When a cell fails.
    TaskError
        When it was cancelled.
    RuntimeError
        When the kernel died or did not start.
    """
    fault: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(_execute(notebook, folder, kernel, environment, log, cancelled, on_cell))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            fault.append(error)

    # A thread of its own, for a loop may be running in this one already (in a notebook).
    thread = threading.Thread(target=work, name="dlaaw-notebook")
    thread.start()
    thread.join()
    if fault:
        raise fault[0]


async def _execute(
    notebook: NotebookNode,
    folder: Path,
    kernel: str,
    environment: Mapping[str, str],
    log: IO[str],
    cancelled: Callable[[], bool],
    on_cell: Callable[..., None],
) -> None:
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    specs = {} if kernel else {"kernel_spec_manager": own_kernel()}
    manager = AsyncKernelManager(kernel_name=kernel or "python3", **specs)
    client = NotebookClient(
        notebook,
        km=manager,
        kernel_name=kernel or "python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,  # a widget without its kernel would hide its static twin
        timeout=None,
        on_cell_executed=on_cell,
    )
    run = asyncio.ensure_future(client.async_execute(env=dict(environment), stderr=log))
    try:
        while not run.done():
            await asyncio.wait([run], timeout=_POLL_S)
            if not run.done() and cancelled():
                raise TaskError("the notebook was ended, for the task was cancelled.")
        run.result()
    finally:
        await _ended(run, client, manager)


async def _ended(run: asyncio.Future[Any], client: Any, manager: Any) -> None:
    """Take a kernel down, with all that it started."""
    family = descendants(getattr(getattr(manager, "provisioner", None), "pid", None))
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await run
    client.km = manager  # nbclient's handler at exit expects one, started or not
    if client.kc is not None:
        client.kc.stop_channels()
    if manager.has_kernel:
        await manager.shutdown_kernel(now=True)
    end_all(family, force=True)


def own_kernel() -> Any:
    """Make a kernel manager that offers this very Python, whatever is installed by name.

    Returns
    -------
    jupyter_client.kernelspec.KernelSpecManager
        For a kernel manager's ``kernel_spec_manager``.
    """
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class OwnKernel(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002
            return KernelSpec(resource_dir=str(RESOURCES), **get_kernel_dict())

    return OwnKernel()


def kernel_environment() -> dict[str, str]:
    """Give a kernel's environment; a checkout that is not installed is made importable.

    Returns
    -------
    dict of str to str
        All variables of this process, with the checkout in ``PYTHONPATH``.
    """
    import dlaaw_nb

    environment = dict(os.environ)
    home = Path(dlaaw_nb.__file__).parent.parent
    if (home / "pyproject.toml").exists() or home.is_file():  # a checkout, a zipapp
        others = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{home}{os.pathsep}{others}" if others else str(home)
    return environment
