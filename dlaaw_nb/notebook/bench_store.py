"""What a kernel tells a page of its store: runs, their tasks and logs, products; and targets."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb import targets
from dlaaw_nb.errors import GraphError, RunError, StoreError
from dlaaw_nb.notebook.bench_products import listed, shown_product, used
from dlaaw_nb.notebook.bench_runs import WatchedRun, on_runs, watched_runs
from dlaaw_nb.store import Store
from dlaaw_nb.store.lineage import given_text
from dlaaw_nb.store.listing import newest_products, task_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.notebook.bench_documents import Documents
    from dlaaw_nb.notebook.bench_runs import Send
    from dlaaw_nb.store import RunRecord, TaskRecord
    from dlaaw_nb.store.run_diff import RunDiff

__all__ = ["StoreAnswers"]

RUNS: Final = 200
PRODUCTS: Final = 500
TASKS: Final = 1_000
CHANGES: Final = 500
_LETTERS: Final = 200_000
_TIMES: Final = 50


class StoreAnswers:
    """Answers questions about a store.

    Parameters
    ----------
    answer : callable
        Takes the kind of the answer, the message that asked, and what is told.
    send : callable
        Takes what is told unasked: that runs began or ended, and states of a run.
    documents : Documents
        Makes workflows of the documents of runs.
    store : Store, str, Path or None
        None for the person's own.
    """

    def __init__(
        self,
        answer: Callable[..., None],
        send: Send,
        documents: Documents,
        store: Store | str | None = None,
    ) -> None:
        self._answer, self._send, self._documents = answer, send, documents
        self._given = store
        self._opened: tuple[str, Store] | None = None
        self._stop: Callable[[], None] | None = None

    def all(self) -> dict[str, Callable[[Mapping[str, Any]], object]]:
        """Give what answers each kind of message."""
        return {
            "runs": self._runs,
            "watch_runs": self._watch,
            "run_facts": self._run,
            "log": self._log,
            "compare": self._compare,
            "rerun": self._rerun,
            "products": self._products,
            "product": lambda m: self._answer("product", m, **shown_product(self._store, m)),
            "use_product": lambda m: self._answer("used", m, **used(self._store, m.get("hash"))),
            "targets": self._targets,
        }

    def close(self) -> None:
        """Tell nothing more."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    @property
    def _store(self) -> Store:
        if isinstance(self._given, Store):
            return self._given
        place = self._given or os.environ.get("DLAAW_STORE", "")
        if self._opened is None or self._opened[0] != place:
            self._opened = place, Store(place or None)
        return self._opened[1]

    def _watch(self, _: Mapping[str, Any]) -> None:
        if self._stop is None:
            self._stop = on_runs(lambda run, state: self._send(
                {"type": "run_changed", "run": run, "state": state}
            ))  # fmt: skip

    def _runs(self, message: Mapping[str, Any]) -> None:
        store = self._store
        records = store.runs(RUNS + 1)
        counts = task_counts(store.provenance, [record.id for record in records])
        under_way = _under_way()
        gone = {record.id for record in store.provenance.interrupted()} - set(under_way)
        told = [
            {**_run_facts(one, one.id in gone, one.id in under_way), "tasks": counts.get(one.id, 0)}
            for one in records[:RUNS]
        ]
        told = _with_unwritten(told, store)
        self._answer("runs", message, runs=told, more=len(records) > RUNS)

    def _run(self, message: Mapping[str, Any]) -> None:
        store, record = self._store, self._record(message.get("run"))
        under_way = _under_way()
        gone = {one.id for one in store.provenance.interrupted()} - set(under_way)
        tasks = store.tasks(record.id)
        outputs = store.provenance.products(record.outputs.values())
        facts = _run_facts(record, record.id in gone, record.id in under_way)
        self._answer(
            "run_facts", message, **facts, tasks=[_task_facts(one) for one in tasks[:TASKS]],
            more=max(0, len(tasks) - TASKS), seed=record.seed, target=record.target,
            executor=record.executor,
            inputs=[
                {
                    "name": name, "hash": hash_,
                    "given": given_text(record.arguments[name])
                    if name in record.arguments else "",
                }
                for name, hash_ in record.inputs.items()
            ],
            outputs=[
                {
                    "name": name, "hash": hash_, "type": outputs[hash_].type,
                    "preview": outputs[hash_].preview,
                }
                for name, hash_ in record.outputs.items() if hash_ in outputs
            ],
        )  # fmt: skip

    def _log(self, message: Mapping[str, Any]) -> None:
        record, name = self._record(message.get("run")), str(message.get("task"))
        found = next((one for one in self._store.tasks(record.id) if one.name == name), None)
        if found is None:
            raise GraphError(
                f"{name!r:.200}: the run {record.id} has no record of such a task. One that has "
                "not ended has none yet."
            )
        log, cut = found.log[-_LETTERS:], len(found.log) > _LETTERS
        self._answer("log", message, run=record.id, task=name, log=log, cut=cut,
                     error=found.error[:_LETTERS], why=found.why)  # fmt: skip

    def _compare(self, message: Mapping[str, Any]) -> None:
        names = message.get("runs")
        if not isinstance(names, list) or len(names) != 2:
            raise GraphError(f"compare: expected the ids of two runs, got {names!r:.200}.")
        first, second = (self._record(name) for name in names)
        diff = self._store.diff(first.id, second.id)
        rows = [[one.what, one.name, one.part, one.before, one.after] for one in diff.changes]
        self._answer(
            "compared", message, runs=[_run_facts(one, False, False) for one in (first, second)],
            changes=rows[:CHANGES], more=max(0, len(rows) - CHANGES), times=self._times(diff),
        )  # fmt: skip

    def _times(self, diff: RunDiff) -> list[list[Any]]:
        """List how long both took: the runs, and the tasks that differ most."""
        ours, theirs = (
            {one.name: one.seconds for one in self._store.tasks(run.id)}
            for run in (diff.first, diff.second)
        )
        both: list[list[Any]] = [
            [name, round(seconds, 3), round(other, 3)]
            for name, seconds in ours.items()
            if seconds is not None and (other := theirs.get(name)) is not None
        ]
        both.sort(key=lambda row: abs(row[1] - row[2]), reverse=True)
        whole = [None if one is None else round(one, 3) for one in diff.seconds]
        return [["", *whole], *both[:_TIMES]]

    def _rerun(self, message: Mapping[str, Any]) -> None:
        record = self._record(message.get("run"))
        document = json.loads(record.document or "{}")
        if "tasks" not in document:
            raise GraphError(
                f"run {record.id}: its workflow was not written down "
                f"({document.get('unwritten', 'no document')}). Run it from Python."
            )
        workflow = self._documents.workflow(document)
        run = workflow.start(
            inputs=self._inputs(record), target=record.target or "cpu", seed=record.seed,
            force=True, store=self._store, executor=message.get("executor"),
        )  # fmt: skip
        self._answer("started", message, run=run.id)
        WatchedRun(run, self._send)

    def _inputs(self, record: RunRecord) -> dict[str, Any]:
        """Give what a run was given; what is no plain value comes from the store."""
        given = {}
        for name, argument in record.arguments.items():
            if not isinstance(argument, dict):
                given[name] = argument
                continue
            hash_ = record.inputs.get(name)
            if hash_ is None:
                raise RunError(
                    f"input {name}: the run {record.id} was given {given_text(argument)}, which "
                    "was not kept. Run it from Python."
                )
            given[name] = self._store.product(hash_).value()
        return given

    def _products(self, message: Mapping[str, Any]) -> None:
        search = str(message.get("search") or "")[:1_000]
        found, more = newest_products(self._store.provenance, PRODUCTS, search)
        self._answer("products", message, products=[listed(one) for one in found], more=more,
                     search=search)  # fmt: skip

    def _targets(self, message: Mapping[str, Any]) -> None:
        # Beside the kernel's own work, which boards that do not answer must not hold up.
        threading.Thread(
            target=self._survey, args=(message,), name="dlaaw-survey", daemon=True
        ).start()

    def _survey(self, message: Mapping[str, Any]) -> None:
        told = []
        for name, facts in targets.survey().items():
            error, state = facts.pop("error", None), facts.pop("state")
            told.append(
                {
                    "name": name,
                    "state": state,
                    "default": name == "cpu",
                    "facts": {key: str(fact) for key, fact in facts.items()},
                    "error": error,
                }
            )
        with suppress(Exception):  # the page may have gone meanwhile
            self._answer("targets", message, targets=told)

    def _record(self, id_: Any) -> RunRecord:
        if not isinstance(id_, str) or not id_:
            raise StoreError(f"run: expected the id of a run, got {id_!r:.100}.")
        return self._store.run(id_)


def _under_way() -> dict[str, WatchedRun]:
    """Give the runs of this process that go on."""
    return {one.run.id: one for one in watched_runs() if one.run.finished is None}


def _run_facts(record: RunRecord, gone: bool, here: bool) -> dict[str, Any]:
    over = record.finished
    return {
        "run": record.id, "workflow": record.workflow,
        "state": "interrupted" if gone else record.state, "started": record.started,
        "seconds": None if over is None else round(over - record.started, 3), "here": here,
    }  # fmt: skip


def _with_unwritten(told: list[dict[str, Any]], store: Store) -> list[dict[str, Any]]:
    """Add the runs of this process that are not written down yet, or cannot be."""
    known = {one["run"] for one in told}
    others = [
        {
            "run": one.run.id, "workflow": one.run.workflow.name, "state": one.run.state,
            "started": one.run.started,
            "seconds": None if one.run.finished is None else round(one.run.seconds, 3),
            "here": one.run.finished is None, "tasks": len(one.run.tasks),
        }
        for one in watched_runs() if one.run.id not in known and one.run.store.url == store.url
    ]  # fmt: skip
    return sorted([*told, *others], key=itemgetter("started"), reverse=True)[:RUNS]


def _task_facts(record: TaskRecord) -> dict[str, Any]:
    return {
        "task": record.name, "kind": record.kind, "state": record.state,
        "seconds": None if record.seconds is None else round(record.seconds, 3),
        "error": record.error.partition("\n")[0][:500] or None, "log": bool(record.log),
        "why": record.why,
    }  # fmt: skip
