"""The magics of workflows: each a thin line over the Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.notebook.workflow_names import (
    inputs_named,
    store_named,
    traced,
    value_named,
    workflow_named,
)

if TYPE_CHECKING:
    import argparse

__all__ = ["WorkflowMagics"]


@magics_class
class WorkflowMagics(Magics):
    """Workflows in cells: ``%%workflow``, ``%run_workflow``, ``%runs`` and ``%lineage``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell

    @property
    def _space(self) -> dict[str, Any]:
        """The person's variables."""
        space: dict[str, Any] = self._shell.user_ns
        return space

    @magic_arguments()
    @argument("name", help="variable that the workflow is put into")
    @cell_magic
    def workflow(self, line: str, cell: str) -> Any:
        """Make a workflow of the cell: Python in which ``wf`` is the new workflow.

        Example::

            %%workflow squares
            @task
            def square(x: int) -> int:
                return x * x

            first = wf.add(square, x=wf.input("x", 3))
            wf.output("result", wf.add(square, x=first))
        """
        from dlaaw_nb.notebook.workflow_cell import workflow_of_cell

        name = _variable(parse_argstring(self.workflow, line).name)
        made = workflow_of_cell(self._shell, cell, name)
        self._shell.push({name: made})
        return made

    @magic_arguments()
    @argument("name", help="variable that holds the workflow")
    @argument("--input", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
              help="values of its inputs: a variable, a number or text")  # fmt: skip
    @argument("--executor", help="processes, threads, serial, mpi, or a variable that holds one")
    @argument("--workers", type=int, help="how many tasks at once")
    @argument("--target", help="where networks train and predict; %%targets lists them")
    @argument("--planner", help="which task goes first: in_order, longest_path")
    @argument("--force", nargs="*", metavar="TASK", help="run these again, or all")
    @argument("--store", help="where results are kept: a folder, a URL or a variable")
    @argument("--seed", type=int, help="what random numbers of tasks begin with")
    @argument("--background", action="store_true", help="leave the kernel free")
    @argument("--as", dest="variable", help="variable for the run: NAME_run by default")
    @line_magic
    def run_workflow(self, line: str) -> Any:
        """Run a workflow and watch it. Example: ``%run_workflow squares --input x=4``."""
        arguments = parse_argstring(self.run_workflow, line)
        flow = workflow_named(arguments.name, self._space)
        variable = _variable(arguments.variable or f"{arguments.name}_run")
        inputs = inputs_named(arguments.input, self._space)
        try:
            settings = self._settings(arguments)
            if arguments.background:
                run = flow.start(inputs=inputs, **settings)
                self._shell.push({variable: run})
                return run
            self._run(flow, variable, inputs, settings)
        except DlaawError as error:
            raise UsageError(str(error)) from error
        return None

    @magic_arguments()
    @argument("name", nargs="?", help="a workflow's variable or name; all workflows if left out")
    @argument("--limit", type=int, default=20, help="how many at most")
    @argument("--store", help="where to look: a folder, a URL or a variable")
    @line_magic
    def runs(self, line: str) -> Any:
        """List runs, the newest first. Example: ``%runs squares --limit 5``."""
        from dlaaw_nb.notebook.workflow_table import RunsTable
        from dlaaw_nb.workflow import Workflow

        arguments = parse_argstring(self.runs, line)
        found = self._space.get(arguments.name)
        name = found.name if isinstance(found, Workflow) else arguments.name
        try:
            return RunsTable(store_named(arguments.store, self._space), name, arguments.limit)
        except DlaawError as error:
            raise UsageError(str(error)) from error

    @magic_arguments()
    @argument("thing", help="a data product's variable, RUN.output, a file, or a hash")
    @argument("--store", help="where to look: a folder, a URL or a variable")
    @line_magic
    def lineage(self, line: str) -> Any:
        """Trace something to what made it. Example: ``%lineage squares_run.result``."""
        arguments = parse_argstring(self.lineage, line)
        space = self._space
        try:
            store = None if arguments.store is None else store_named(arguments.store, space)
            return traced(arguments.thing.strip("'\""), space, store)
        except DlaawError as error:
            raise UsageError(str(error)) from error

    def _run(
        self, flow: Any, variable: str, inputs: dict[str, Any], settings: dict[str, Any]
    ) -> None:
        from dlaaw_nb.notebook.workflow_monitor import RunMonitor, has_begun

        monitor = RunMonitor(f"Kept as {variable}")
        run = flow.run(callback=monitor, check=False, inputs=inputs, **settings)
        if has_begun(run):  # of a run that failed too: what had finished is there
            self._shell.push({variable: run})
        run.check()

    def _settings(self, arguments: argparse.Namespace) -> dict[str, Any]:
        """Give what was said, and leave the rest to the defaults of `Workflow.run`."""
        names = ("workers", "target", "planner", "seed")
        said = {name: getattr(arguments, name) for name in names}
        if arguments.executor is not None:
            said["executor"] = value_named(arguments.executor, self._space)
        if arguments.store is not None:
            said["store"] = store_named(arguments.store, self._space)
        if arguments.force is not None:
            said["force"] = arguments.force or True
        return {name: value for name, value in said.items() if value is not None}


def _variable(name: str) -> str:
    if not name.isidentifier():
        raise UsageError(f"{name!r}: expected the name of a variable, such as flow.")
    return name
