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

    def require_trust(self, workflow: Workflow) -> None:
        """Refuse a workflow from a file that would run code and is not trusted.

        Raises
        ------
        TrustError
            When it is not trusted.
        GraphError
            When outputs are asked for that it does not have, or tasks are forced that are not there.
        """
        strange = [name for name in self.outputs or () if name not in workflow.outputs]
        if strange:
            known = ", ".join(workflow.outputs) or "none"
            raise GraphError(f"outputs: no output {strange[0]!r}. It has: {known}.")
        forced = self.force if isinstance(self.force, Collection) else ()
        unknown = [name for name in forced if name.partition("/")[0].partition("[")[0]
                   not in workflow.tasks]  # fmt: skip
        if unknown:
            raise GraphError(f"force: no task {unknown[0]!r}. It has: {', '.join(workflow.tasks)}.")
        if not self.trusted:
            from dlaaw_nb.workflow.trust import require_trust

            require_trust(workflow)
