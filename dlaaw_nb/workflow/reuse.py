"""Earlier results that stand in for a run of a task, and why a task runs all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.workflow.port_type import port_type
from dlaaw_nb.workflow.values import Ref

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dlaaw_nb.store import Store
    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.records import TaskRecord
    from dlaaw_nb.workflow.feeding import Feeder
    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.keys import Codes

__all__ = ["Reuse"]

_CACHED = "the same code, parameters and inputs gave this before"
_RESUMED = "finished before the run was interrupted"
_NEVER = "no earlier result"


class Reuse:
    """Looks for earlier results.

    Parameters
    ----------
    store : Store
        Where they are.
    workflow : str
        Name of the workflow, whose last run tells what has changed since.
    force : bool or collection of str
        Tasks that run whatever is there; True for all.
    resumed : mapping of str to list of (port, position, DataProduct)
        Of a run that was interrupted, what was finished, by task.
    keys : mapping of str to str
        Of that run, the key of each finished task.
    """

    def __init__(
        self,
        store: Store,
        workflow: str,
        force: bool | Collection[str] = False,
        resumed: dict[str, Any] | None = None,
        keys: dict[str, str] | None = None,
    ) -> None:
        self.never = _NEVER
        self._store, self._workflow, self._force = store, workflow, force
        self._resumed, self._keys = resumed or {}, keys or {}
        self._before: dict[str, TaskRecord] | None = None
        self._known: set[str] = set()

    def learn(self, fingerprints: Collection[str]) -> None:
        """Find out which code has run before; of other code there is nothing to look for.

        Parameters
        ----------
        fingerprints : collection of str
            Of the tasks of the run.
        """
        try:
            self._known = set(self._store.provenance.durations([*fingerprints]))
        except DlaawError:  # a store that cannot be read holds no results
            self._known = set()

    def is_new(self, node: Node) -> bool:
        """Whether the code of a task has never run, so that no earlier result can be there."""
        return node.fingerprint not in self._known and node.name not in self._resumed

    def find(
        self, nodes: Sequence[Node], codes: Codes, feeder: Feeder
    ) -> dict[str, dict[str, Ref]]:
        """Find earlier results of tasks that are ready.

        Parameters
        ----------
        nodes : sequence of Node
            With their keys; `why` of each is set.
        codes : Codes
            Tells why some have no key.
        feeder : Feeder
            Knows which outputs are wanted.

        Returns
        -------
        dict of str to dict of str to Ref
            By task, for those that have one, the outputs.
        """
        asked = [node for node in nodes if self._may_reuse(node, codes)]
        keys = [node.key for node in asked if not self.is_new(node)]
        try:
            known = self._store.provenance.lookup(keys) if keys else {}
        except DlaawError:  # a store that cannot be read holds no results
            known = {}
        found = {}
        for node in asked:
            products = known.get(node.key) if node.task.policy.cached else None
            why = _CACHED
            if self._keys.get(node.name) == node.key and node.name in self._resumed:
                products, why = self._resumed[node.name], _RESUMED
            outputs = None if products is None else self._refs(node, products, feeder)
            if outputs is not None:
                found[node.name] = outputs
                node.why = why
            elif not node.why:
                node.why = self._reason(node, feeder)
        return found

    def _may_reuse(self, node: Node, codes: Codes) -> bool:
        if node.internal:
            return False
        if self._force is True or (self._force and node.name in self._force):
            node.why = "forced"
            return False
        resumed = node.name in self._resumed
        if not node.task.policy.cached and not resumed:
            node.why = "its policy says that it is not cached"
            return False
        if not node.key:
            reason = codes.reasons.get(node.code)
            node.why = reason or "something that it gets is not kept"
            return False
        return True

    def _refs(
        self, node: Node, products: Iterable[tuple[str, int, DataProduct]], feeder: Feeder
    ) -> dict[str, Ref] | None:
        """Make references, if all that is wanted is there; an object that is gone makes None."""
        refs = {}
        for port, _, product in products:
            ref = self._ref(product)
            if ref is not None:
                refs[port] = ref
        needed = {port.name for port in node.task.outputs}
        if len(needed) > 1:
            needed &= feeder.wanted(node.name)
        return refs if needed <= set(refs) else None

    def _ref(self, product: DataProduct) -> Ref | None:
        try:
            kind = port_type(product.type)
        except DlaawError:
            return None
        inline = product.inline
        if inline is None and not self._store.objects.has(product.hash, product.size_bytes):
            return None
        return Ref(
            kind, product.hash, product.size_bytes, product.preview, inline,
            filename=product.filename, location=product.location,
        )  # fmt: skip

    def _reason(self, node: Node, feeder: Feeder) -> str:
        """Say what has changed since the last run of the workflow."""
        before = self._last_run().get(node.name)
        if before is None:
            return _NEVER
        if before.key == node.key:
            return "its earlier result is gone, or failed"
        if before.code_hash != node.fingerprint:
            return "its code or parameters have changed"
        known = {(port, position): hash_ for port, position, hash_ in before.inputs}
        changed = [
            port
            for port, feed in feeder.feeds(node).items()
            for position, ref in enumerate(feed.refs)
            if known.get((port, position)) != ref.hash
        ]
        if changed:
            return f"what it gets has changed: {', '.join(dict.fromkeys(changed))}"
        return "the seed or the target has changed"

    def _last_run(self) -> dict[str, TaskRecord]:
        if self._before is None:
            self._before = {}
            try:
                runs = self._store.provenance.runs(limit=2, workflow=self._workflow)
                old = [run for run in runs if run.finished is not None]
                if old:
                    tasks = self._store.provenance.tasks(old[0].id)
                    self._before = {task.name: task for task in tasks}
            except DlaawError:  # the report is poorer; the run goes on
                pass
        return self._before
