"""Earlier results that stand in for a run of a task, and why a task runs all the same."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.workflow.binding import reads_paths
from dlaaw_nb.workflow.composite import Map, SubWorkflow
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
    from dlaaw_nb.workflow.options import RunOptions

__all__ = ["Reuse", "reuse_of"]

_CACHED = "the same code, parameters and inputs gave this before"
_RESUMED = "finished before the run was interrupted"
_NEVER = "no earlier result"
_FORCED = "forced"
_UNCACHED = "its policy says that it is not cached"


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
        self._store, self._workflow = store, workflow
        self._force = frozenset((force,)) if isinstance(force, str) else force
        self._resumed, self._keys = resumed or {}, keys or {}
        self._before: dict[str, TaskRecord] | None = None
        self._asked: set[str] = {""}
        self._known: set[str] = set()

    def learn(self, fingerprints: Iterable[str]) -> None:
        """Find out which code has run before; of other code there is nothing to look for.

        Parameters
        ----------
        fingerprints : iterable of str
            Of tasks that are new in the run.
        """
        new = {*fingerprints} - self._asked
        self._asked |= new
        with suppress(DlaawError):  # a store that cannot be read holds no results
            self._known |= set(self._store.provenance.durations(sorted(new))) if new else set()

    def ahead(self, node: Node) -> str:
        """Say why a task has to run, where that is known before its inputs are; else nothing."""
        if self._is_forced(node.name):
            return _FORCED
        if node.name in self._resumed:
            return ""
        if not node.task.policy.cached:
            return _UNCACHED
        return "" if node.fingerprint in self._known else _NEVER

    def _is_forced(self, name: str) -> bool:
        """Whether a task is forced: by its own name, or as a part of one that is."""
        if not self._force or self._force is True:
            return bool(self._force)
        forced = self._force
        return any(
            name[:end] in forced
            for end in range(1, len(name) + 1)
            if end == len(name) or name[end] in "/["
        )

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
        keys = [node.key for node in asked if node.fingerprint in self._known]
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
        if self._is_forced(node.name):
            node.why = _FORCED
            return False
        if isinstance(node.task, Map) and _may_read_files(node.task):
            return False  # its parts are looked up one by one: files they read may have changed
        resumed = node.name in self._resumed
        if not node.task.policy.cached and not resumed:
            node.why = _UNCACHED
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
        wanted = feeder.wanted(node)
        needed = needed if wanted is None else needed & wanted
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
            with suppress(DlaawError):  # the report is poorer; the run goes on
                runs = self._store.provenance.runs(limit=2, workflow=self._workflow)
                old = [run for run in runs if run.finished is not None]
                if old:
                    tasks = self._store.provenance.tasks(old[0].id)
                    self._before = {task.name: task for task in tasks}
        return self._before


def _may_read_files(task: Map) -> bool:
    """Whether the lists of a map may name files, whose content the hash of a list does not tell."""
    inner = task.task
    if isinstance(inner, Map) and _may_read_files(inner):
        return True
    return isinstance(inner, SubWorkflow) or any(
        reads_paths(inner.input(port).type) for port in task.over
    )


def reuse_of(store: Store, workflow: str, options: RunOptions) -> Reuse:
    """Get ready to look for what a run with these options may take from earlier ones.

    Parameters
    ----------
    store : Store
        Where earlier results are.
    workflow : str
        The workflow's name.
    options : RunOptions
        What is forced, and which run is resumed.

    Returns
    -------
    Reuse
        For one run.

    Raises
    ------
    StoreError
        When there is no run to resume of that id.
    """
    if not options.resume:
        return Reuse(store, workflow, options.force)
    before = store.provenance.run(options.resume).id
    keys = {task.name: task.key for task in store.provenance.tasks(before)}
    return Reuse(store, workflow, options.force, store.provenance.finished(before), keys)
