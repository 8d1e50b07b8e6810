"""The canvas in a cell: a workflow of Python that a person draws on, and the other way round."""

from __future__ import annotations

import contextvars
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError, GraphError
from dlaaw_nb.notebook.compose_cell import DrawnCell, follow_cells, namespace, shell
from dlaaw_nb.notebook.compose_code import network_code
from dlaaw_nb.notebook.compose_parts import around, picture, without_view
from dlaaw_nb.workflow.editing import become, canvas_document
from dlaaw_nb.workflow.known_tasks import known_tasks, own_tasks
from dlaaw_nb.workflow.view import copy_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.notebook.live import Twin
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Composer", "compose"]


_REST_S: Final = 0.4


def compose(thing: Workflow | NNWorkflow) -> Composer:
    """Open a workflow, or a network, on a canvas.

    Parameters
    ----------
    thing : Workflow or NNWorkflow
        What is drawn. A workflow is changed by the canvas, and the canvas by it. A network is fixed
        once made: what it becomes is ``canvas.network``.

    Returns
    -------
    Composer
        As the value of a cell it shows the canvas.

    Raises
    ------
    GraphError
        When it is neither, or a task has parameters that cannot be drawn.

    Examples
    --------
    >>> from dlaaw_nb import Linear, NNWorkflow, Sigmoid
    >>> from dlaaw_nb.notebook.compose import compose
    >>> canvas = compose(NNWorkflow([Linear(5, 1), Sigmoid()], epochs=50))
    >>> print(canvas.code())
    from dlaaw_nb import Linear, NNWorkflow, Sigmoid
    <BLANKLINE>
    network = NNWorkflow([Linear(5, 1), Sigmoid()], batches=6, epochs=50)
    <BLANKLINE>
    """
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.workflow.workflow import Workflow

    if isinstance(thing, Workflow):
        return Composer(thing)
    if isinstance(thing, NNWorkflow):
        return Composer(around(thing), network=thing)
    raise GraphError(f"expected a Workflow or an NNWorkflow, got {thing!r:.100}.")


class Composer:
    """A workflow on a canvas; both are one model.

    An edit on the canvas changes the very workflow: tasks that stay are the same objects. One that
    does not fit is told there, and changes nothing here. What a cell changes is drawn when the cell
    is over, or by `refresh`.

    Parameters
    ----------
    workflow : Workflow
        What is drawn and changed.
    network : NNWorkflow or None
        The network that it was made around; `code` then writes a network by itself.

    Attributes
    ----------
    workflow : Workflow
        What it is of.
    cell : DrawnCell
        The cell below that holds it as code.
    """

    def __init__(self, workflow: Workflow, *, network: NNWorkflow | None = None) -> None:
        self.workflow = workflow
        self._alone = network is not None
        self.cell = DrawnCell(
            workflow if network is None else network, "network" if self._alone else "wf"
        )
        self._refused, self._parted = "", False
        self._widget: Any = None
        self._twins: list[Twin] = []
        self._timer: threading.Timer | None = None
        self._document = canvas_document(workflow)
        follow_cells(self)

    @property
    def network(self) -> NNWorkflow:
        """The network on the canvas.

        Raises
        ------
        GraphError
            When there is none, or more than one.
        """
        from dlaaw_nb.nn.network import NNWorkflow

        found = [task for task in self.workflow.tasks.values() if isinstance(task, NNWorkflow)]
        if len(found) != 1:
            raise GraphError(
                f"{self.workflow.name}: expected one network on the canvas, there are "
                f"{len(found)}. Take it by its name: canvas.workflow.tasks[name]."
            )
        return found[0].unplaced()

    @property
    def is_shown(self) -> bool:
        """Whether there is a widget that is not closed."""
        return self._widget is not None and self._widget.comm is not None

    @property
    def widget(self) -> Any:
        """The widget, made when it is first asked for, and again if it was closed."""
        if not self.is_shown:
            from dlaaw_nb.notebook.compose_bench import WidgetBench
            from dlaaw_nb.notebook.compose_widget import canvas_widget

            self._document = canvas_document(self.workflow)
            self._refused, self._parted = "", False
            self._widget = canvas_widget(self._document)
            bench = WidgetBench(self, self._widget, namespace())
            self._widget.catalogue = bench.documents.catalogue()
            self._widget.observe(self._edited, "document")
        return self._widget

    def code(self) -> str:
        """Write the Python that makes what is drawn.

        Returns
        -------
        str
            A script that leaves the workflow, or the network where the canvas holds just that, in
            the variable that it was opened from; where there was none, in ``wf`` or ``network``.

        Raises
        ------
        GraphError
            When something in it cannot be written.
        """
        variable, whole = self.cell.names
        if self._alone and len(self.workflow.tasks) == 1:
            with suppress(GraphError):
                return network_code(self.network, variable)
        return self.workflow.to_code(whole if self._alone else variable)

    def write(self) -> None:
        """Write the code into a new cell below the one that is run, in any front end.

        Raises
        ------
        GraphError
            When something in it cannot be written, or this is no notebook.
        """
        running = shell()
        if running is None:
            raise GraphError("write: expected a notebook. Print what code() gives instead.")
        running.set_next_input(self.cell.source(self.code()))

    def refresh(self) -> None:
        """Draw what Python has changed.

        Raises
        ------
        GraphError
            When a task has parameters that cannot be drawn.
        """
        document = canvas_document(self.workflow)
        if document != self._document:
            self._follow(document)
            if self.is_shown and self._refused:
                self._part()
            elif self.is_shown:
                self._widget.document = document

    def edit(self, document: Mapping[str, Any]) -> None:
        """Change the workflow into what a document says, as an edit on the canvas does.

        Parameters
        ----------
        document : mapping
            A document of a workflow.

        Raises
        ------
        FormatError, GraphError
            When parts do not fit; the workflow then stays as it was.
        """
        if document == self._document:
            return
        become(self.workflow, document, known_tasks(own_tasks(namespace())))
        self._follow(canvas_document(self.workflow))

    def close(self) -> None:
        """Take the canvas away; its picture stays. Shown again, it gets a new one."""
        from dlaaw_nb.notebook.cells import close_family

        if self._widget is not None:
            close_family(self._widget)
            self._widget = None

    def __repr__(self) -> str:
        return f"<canvas of {self.workflow!r}>"

    def _ipython_display_(self) -> None:
        from dlaaw_nb.notebook.live import show

        self.refresh()
        self._twins = [*self._twins[-3:], show(self.widget, *self._picture())]

    def _picture(self) -> tuple[dict[str, Any], dict[str, Any]]:
        alone = self._alone and len(self.workflow.tasks) == 1
        return picture(self.workflow, self.network if alone else None)

    def _follow(self, document: dict[str, Any]) -> None:
        """Note what is drawn now; the static twins follow once the person rests."""
        before, self._document = self._document, document
        if not self._twins or without_view(before) == without_view(document):
            return  # where things stand on the canvas, the twin does not show
        if self._timer is not None:
            self._timer.cancel()
        draw = contextvars.copy_context().run
        self._timer = threading.Timer(_REST_S, draw, (self._redraw,))
        self._timer.daemon = True
        self._timer.start()

    def _redraw(self) -> None:
        with suppress(Exception):  # a picture that fails must not undo the edit
            picture = self._picture()
            for twin in self._twins:
                twin.update(*picture)

    def take(self, document: Mapping[str, Any]) -> None:
        """Take an edit of the page; one that does not fit stays there, and the page says so.

        Raises
        ------
        FormatError, GraphError
            When it does not fit, or Python has changed since one that did not.
        """
        if self._parted and document != self._document:
            raise GraphError("Canvas and Python differ. Choose first which of them counts.")
        try:
            self.edit(document)
        except DlaawError as error:
            self._refused = str(error)
            self._widget.trouble = {"text": self._refused}
            raise
        self._refused, self._parted = "", False
        self._widget.trouble = {}

    def keep(self, document: Any) -> None:
        """Let the page count, where Python has changed as well."""
        self._parted = False
        self.take(document)

    def after_cell(self, result: Any) -> None:
        """Follow what a cell has changed, or made anew from what was written below."""
        from dlaaw_nb.nn.network import NNWorkflow
        from dlaaw_nb.workflow.workflow import Workflow

        made = self.cell.found(result)
        if isinstance(made, Workflow):
            self.workflow = made
        elif isinstance(made, NNWorkflow) and self._alone:
            before, self.workflow = self.workflow, around(made)
            copy_view(before, self.workflow)
        if self.is_shown:
            self.refresh()
        if made is not None:
            self._redraw()  # at once: the notebook may be saved now

    def _part(self) -> None:
        self._parted = True
        self._widget.trouble = {"text": self._refused, "document": self._document}

    def _edited(self, change: Mapping[str, Any]) -> None:
        with suppress(DlaawError):  # the page is told
            self.take(change["new"])
