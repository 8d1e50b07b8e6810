"""The magic of the canvas."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from dlaaw_nb.errors import DlaawError

__all__ = ["ComposeMagics"]


@magics_class
class ComposeMagics(Magics):
    """Workflows and networks on a canvas: ``%compose``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell

    @magic_arguments()
    @argument("name", help="variable that holds a workflow or a network; a new one is made")
    @line_magic
    def compose(self, line: str) -> Any:
        """Open a workflow or a network on a canvas. Example: ``%compose squares``."""
        from dlaaw_nb.notebook.compose import compose
        from dlaaw_nb.workflow import Workflow

        name = parse_argstring(self.compose, line).name
        if name not in self._shell.user_ns:
            if not name.isidentifier():
                raise UsageError(f"{name!r}: expected the name of a variable, such as flow.")
            self._shell.push({name: Workflow(name)})
        try:
            return compose(self._shell.user_ns[name])
        except DlaawError as error:
            raise UsageError(f"{name}: {error}") from error
