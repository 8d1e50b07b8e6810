"""What a run gave, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import RunError
from dlaaw_nb.workflow.states import DONE

if TYPE_CHECKING:
    from dlaaw_nb.workflow.flat import Flat
    from dlaaw_nb.workflow.run import Run
    from dlaaw_nb.workflow.values import Ref

__all__ = ["Outputs"]


class Outputs(Mapping[str, Any]):
    """What a run gave, by name of the workflow's output; loaded when it is asked for.

    Parameters
    ----------
    run : Run
        Whose outputs.
    flat : Flat
        Its tasks.
    """

    def __init__(self, run: Run, flat: Flat) -> None:
        self._run, self._flat = run, flat

    def __getitem__(self, name: str) -> Any:
        return self._run.value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._run.workflow.outputs)

    def __len__(self) -> int:
        return len(self._run.workflow.outputs)

    def __repr__(self) -> str:
        return f"<outputs: {', '.join(self) or 'none'}>"

    def ref(self, name: str) -> Ref:
        """Give an output as a reference.

        Raises
        ------
        KeyError
            When the workflow has no such output.
        RunError
            When it is not there: not yet, or its task failed.
        """
        if name not in self._run.workflow.outputs:
            known = ", ".join(self) or "none"
            raise KeyError(f"{name!r}: the workflow has no such output. It has: {known}.")
        found = self.found().get(name)
        if found is None:
            node = self._flat.nodes[self._flat.outputs[name].task]
            why = node.error or f"it is {node.state}"
            raise RunError(
                f"output {name}: not there, for {node.name} has not finished: {why}", self._run
            )
        return found

    def found(self) -> dict[str, Ref]:
        """Give those that are there, as references."""
        found = {}
        for name, source in self._flat.outputs.items():
            node = self._flat.nodes[source.task]
            if node.state in DONE and source.port in node.outputs:
                found[name] = node.outputs[source.port]
        return found
