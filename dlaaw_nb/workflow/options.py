"""How a run runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError

if TYPE_CHECKING:
    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["RunOptions"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run runs; see `Workflow.run`."""

    executor: Any = None
    workers: int | None = None
    planner: Any = "in_order"
    target: str = "cpu"
    seed: int = 0
    store: Any = None
    force: bool | Collection[str] = False
    outputs: Sequence[str] | None = None
    resume: str = ""
    trusted: bool = False

    def open_store(self) -> Store:
        """Open the store: the one given, or that of a path or URL, or the default one."""
        from dlaaw_nb.store import Store

        return self.store if isinstance(self.store, Store) else Store(self.store)

    def check(self, workflow: Workflow) -> None:
        """Make sure that a workflow can run like this.

        Raises
        ------
        GraphError
            When outputs are asked for, or tasks forced, that it does not have; or the seed is none.
        TrustError
            When it came from a file, would run code of it, and is not trusted.
        """
        strange = [name for name in self.outputs or () if name not in workflow.outputs]
        if strange:
            known = ", ".join(workflow.outputs) or "none"
            raise GraphError(f"outputs: no output {strange[0]!r}. It has: {known}.")
        if type(self.seed) is not int:
            raise GraphError(f"seed: expected a whole number, got {self.seed!r}.")
        forced = (self.force,) if isinstance(self.force, str) else self.force
        for name in forced if isinstance(forced, Collection) else ():
            if name not in workflow.tasks and _outer(name) not in workflow.tasks:
                known = ", ".join(list(workflow.tasks)[:20])
                raise GraphError(f"force: no task {name!r}. It has: {known}.")
        if not self.trusted:
            from dlaaw_nb.workflow.trust import require_trust

            require_trust(workflow)


def _outer(name: str) -> str:
    """Name the task of the workflow itself that a part stands in: ``Sub1`` of ``Sub1/Map1[3]``."""
    return name.partition("/")[0].partition("[")[0]
