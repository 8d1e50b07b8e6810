"""The cell below a canvas that holds what was drawn, and the canvas that follows that cell."""

from __future__ import annotations

import re
import sys
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.notebook.compose import Composer

__all__ = ["FIRST_LINE", "DrawnCell", "follow_cells", "namespace", "shell"]

FIRST_LINE: Final = "# Drawn on the canvas above. Run it, and Python and canvas are as it says."
"""By this line the cell is known; `labextension/src/bench/below.ts` has it too."""


class DrawnCell:
    """Which variable a canvas writes, and which code of it is accounted for.

    Parameters
    ----------
    thing : Workflow or NNWorkflow
        What the canvas was opened on; the variable that holds it gives its name.
    fallback : str
        Name of the variable where none holds it.
    """

    def __init__(self, thing: object, fallback: str) -> None:
        self.name = next(
            (
                name
                for name, value in namespace().items()
                if value is thing and not name.startswith("_") and name.isidentifier()
            ),
            fallback,
        )
        self._sources: set[str] = set()
        self._held: dict[str, object] = {}
        self._lost: set[str] = set()
        self.hold({self.name: thing})

    @property
    def names(self) -> tuple[str, str]:
        """The variable, and the one of a workflow that a network has become a part of."""
        return self.name, f"{self.name}_workflow"

    def source(self, code: str) -> str:
        """Write the cell for code of the canvas; it is accounted for from now on."""
        text = f"{FIRST_LINE}\n{code}".rstrip("\n")
        self._sources.add(text)
        return text

    def knows(self, source: str | None) -> bool:
        """Tell whether nothing is lost when a cell with this source is written anew."""
        return source is None or not source.strip() or source.strip() in self._sources

    def hold(self, things: Mapping[str, object]) -> None:
        """Note what the variables are, now that the canvas shows just that."""
        self._held.update(things)

    def found(self, result: Any) -> object | None:
        """Give what a cell has made that is meant for this canvas; None where it is not.

        A variable that was something else before the cell is no longer this canvas's.
        """
        info = getattr(result, "info", None)
        source = str(getattr(info, "raw_cell", None) or "").strip()
        there, made = namespace(), None
        if getattr(result, "success", False) and source.startswith(FIRST_LINE):
            for name in self.names:
                new, ours = there.get(name), self._held.get(name)
                written = re.search(rf"^{re.escape(name)} = ", source, re.MULTILINE)
                if written and new is not None and new is not ours and name not in self._lost:
                    self._sources.add(source)
                    made = new
                    self.hold({name: new})
        self._lost = {
            name for name in self.names
            if name in there and there[name] is not self._held.get(name)
        }  # fmt: skip
        return made


def follow_cells(composer: Composer) -> None:
    """Draw after each cell what it has changed, as long as the composer is there."""
    running = shell()
    if running is None:
        return
    there = weakref.ref(composer)

    def after(result: Any = None) -> None:
        found = there()
        if found is None:
            running.events.unregister("post_run_cell", after)
        else:
            with suppress(DlaawError):
                found.after_cell(result)

    running.events.register("post_run_cell", after)


def namespace() -> dict[str, Any]:
    """Give the person's variables; none outside of IPython."""
    running = shell()
    space: dict[str, Any] = {} if running is None else running.user_ns
    return space


def shell() -> Any:
    """Give IPython's shell, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
