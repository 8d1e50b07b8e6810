"""Answers the messages of a canvas in a cell: what runs is the very workflow that it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.notebook.bench import Bench
from dlaaw_nb.workflow.boundary import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.notebook.compose import Composer
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["WidgetBench"]


class WidgetBench(Bench):
    """Answers a widget.

    Parameters
    ----------
    composer : Composer
        Whose workflow it is about.
    widget : CanvasWidget or CanvasScript
        What asks, and takes the answers.
    namespace : mapping of str to object
        The person's variables.
    """

    def __init__(self, composer: Composer, widget: Any, namespace: Mapping[str, Any]) -> None:
        super().__init__(self._tell, namespace)
        self._composer, self._widget = composer, widget
        self._answers["cell"] = self._cell
        self._answers["keep"] = lambda message: composer.keep(message.get("document"))
        widget.on_msg(lambda _widget, content, _buffers: self.handle(content))

    def workflow(self, message: Mapping[str, Any]) -> Workflow:
        """Give the composer's workflow, changed to what the message says."""
        document = message.get("document")
        if document is not None:
            self._composer.take(document)
        return self._composer.workflow

    def problems(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Check a document; what only Python can hold, and holds, is no problem."""
        flow = self._composer.workflow
        held = [(task, port) for task in flow.tasks for port in flow.values(task)]
        held += [("", name) for name, one in flow.inputs.items() if one.default is not NOTHING]
        return self.documents.checked(message.get("document"), held)

    def code(self, message: Mapping[str, Any]) -> str:
        """Write the composer's workflow, or its network, as Python."""
        self.workflow(message)
        return self._composer.code()

    def _cell(self, message: Mapping[str, Any]) -> None:
        """Write the cell below: its source, and whether what it holds now may be replaced."""
        code = self.code(message)
        free = self._composer.cell.knows(message.get("source"))
        source = self._composer.cell.source(code)
        self._answer("cell", message, source=source, free=free or message.get("source") == source)

    def _tell(self, message: dict[str, Any]) -> None:
        self._widget.send(message)
        if message["type"] == "started":
            self._widget.run = message["run"]
