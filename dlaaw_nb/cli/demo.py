"""``dlaaw demo``: run the quickstart notebook and keep the executed copy."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.exits import ExitCode

if TYPE_CHECKING:
    import argparse

    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbformat import NotebookNode

NOTEBOOK = "01_quickstart.ipynb"

EXAMPLE = """
dlaaw demo
dlaaw demo -o first_look.ipynb
"""


def register(commands: options.Commands) -> None:
    """Add ``demo`` to the commands."""
    parser = options.add_command(
        commands, "demo", run, "run the quickstart notebook and print its figures", EXAMPLE
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="COPY.ipynb",
        type=Path,
        default=Path("dlaaw_demo.ipynb"),
        help="where to save the executed notebook (default: dlaaw_demo.ipynb)",
    )
    options.add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Execute the notebook, print its figures and where the copy is."""
    import nbformat

    from dlaaw_nb.store.files import write_text

    output.check_writable(arguments.output)
    notebook = nbformat.reads(notebook_source(NOTEBOOK), as_version=4)
    started = time.perf_counter()
    try:
        fault = execute(notebook, sys.stderr if arguments.json else sys.stdout)
    finally:  # interrupted or not, what was shown so far is kept
        write_text(arguments.output, nbformat.writes(notebook))
    seconds = time.perf_counter() - started
    if fault is not None:
        print(f"dlaaw: error: {fault}. See {arguments.output}", file=sys.stderr)
        return ExitCode.ERROR
    text = figures_text(notebook)
    if arguments.json:
        facts = {"figures": parse_figures(text), "seconds": seconds, "saved": str(arguments.output)}
        print(json.dumps(facts))
        return ExitCode.OK
    print(f"\n{text}\n")
    print(f"The notebook ran in {seconds:.1f} s; its executed copy is {arguments.output}")
    print("Look at it with Jupyter, or start your own: dlaaw --help")
    return ExitCode.OK


def execute(notebook: NotebookNode, report: Any) -> str | None:
    """Run a notebook from top to bottom in a new kernel, in a folder that is thrown away.

    Parameters
    ----------
    notebook : NotebookNode
        Gets its outputs filled in.
    report : text stream
        Gets a line at each heading.

    Returns
    -------
    str or None
        What went wrong in one line; None if nothing did.

    Raises
    ------
    KeyboardInterrupt
        If the user stops it; the outputs up to there are in `notebook`.
    """
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    from dlaaw_nb.tasks.kernels import own_kernel

    def announce(cell_index: int, **_: object) -> None:
        heading = _heading(notebook.cells[cell_index - 1])
        if heading:
            print(heading, file=report, flush=True)

    kernel = AsyncKernelManager(kernel_spec_manager=own_kernel())
    with tempfile.TemporaryDirectory(prefix="dlaaw-demo-") as folder, _log(folder) as log:
        client = NotebookClient(
            notebook,
            km=kernel,
            resources={"metadata": {"path": folder}},
            record_timing=False,
            store_widget_state=False,  # a widget without its kernel would hide its static twin
            on_cell_execute=announce,
        )
        try:
            run_sync(_execute)(client, kernel, log)
        except CellExecutionError as error:
            return f"a cell of the notebook failed: {error.ename}: {error.evalue}"
        except RuntimeError as error:  # the kernel died, or did not start
            log.seek(0)
            last = (log.read().strip().splitlines() or [str(error)])[-1]
            return f"the notebook's kernel died: {last}"
    return None


async def _execute(client: NotebookClient, kernel: AsyncKernelManager, log: IO[str]) -> None:
    """Run a client's notebook, and take its kernel down in any case.

    nbclient answers Ctrl-C by taking the kernel down from under the cell that runs, which fails in
    one of several ways; here the run is cancelled, and the kernel taken down after it.
    """
    import asyncio

    from dlaaw_nb.tasks.kernels import kernel_environment

    interrupted: list[bool] = []
    run = asyncio.ensure_future(client.async_execute(env=kernel_environment(), stderr=log))
    await asyncio.sleep(0)  # to its first wait, before which nbclient sets its handlers

    def interrupt() -> None:
        interrupted.append(True)
        run.cancel()

    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises by itself
        loop.add_signal_handler(signal.SIGINT, interrupt)
        loop.add_signal_handler(signal.SIGTERM, interrupt)
    try:
        await run
    except (asyncio.CancelledError, RuntimeError):
        if interrupted:  # nbclient says of a cancelled cell that its kernel died
            raise KeyboardInterrupt from None
        raise
    finally:
        client.km = kernel  # nbclient's handler at exit expects one, started or not
        if client.kc is not None:
            client.kc.stop_channels()
        if kernel.has_kernel:
            await kernel.shutdown_kernel(now=True)


def notebook_source(name: str) -> str:
    """Give the text of a notebook that comes with the package.

    Parameters
    ----------
    name : str
        File name, such as ``01_quickstart.ipynb``.
    """
    from importlib.resources import files

    package = files("dlaaw_nb")
    inside = package / "notebooks" / name
    if inside.is_file():
        return inside.read_text(encoding="utf-8")
    return (Path(str(package)).parent / "notebooks" / name).read_text(encoding="utf-8")


def figures_text(notebook: NotebookNode) -> str:
    """Give what the cell tagged ``figures`` printed."""
    lines = [
        out.text
        for cell in notebook.cells
        if "figures" in cell.metadata.get("tags", [])
        for out in cell.outputs
        if out.output_type == "stream"
    ]
    return "".join(lines).rstrip()


def parse_figures(text: str) -> dict[str, float]:
    """Read lines of a name, two or more spaces, and a number; other lines are passed over."""
    pairs = re.findall(r"^(\S.*?) {2,}([-+.\deinfa]+)$", text, flags=re.MULTILINE)
    return {name: float(value) for name, value in pairs}


def _heading(cell: NotebookNode) -> str:
    """Give the last heading of a text cell without its marks."""
    if cell.cell_type != "markdown":
        return ""
    found = re.findall(r"^#+ +(.+)$", cell.source, flags=re.MULTILINE)
    return str(found[-1]) if found else ""


def _log(folder: str) -> IO[str]:
    """Open a file for what the kernel itself complains of; cells' complaints are outputs."""
    return (Path(folder) / ".kernel.log").open("w+", encoding="utf-8")
