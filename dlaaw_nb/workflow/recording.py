"""Writes down what a run did: the run, its tasks, and the data products that they read and made."""

from __future__ import annotations

import json
import os
import platform
import socket
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DlaawError
from dlaaw_nb.store.records import RunRecord, TaskRecord
from dlaaw_nb.workflow.types import FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.flat import Node
    from dlaaw_nb.workflow.jobs import Feed
    from dlaaw_nb.workflow.values import Ref
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["Recording", "plain_argument", "run_record"]

_LIBRARIES = ("dlaaw-nb", "numpy", "pandas", "pyarrow", "matplotlib")
_FLUSH_S = 10.0


class Recording:
    """The record of one run, written as it goes.

    Parameters
    ----------
    store : Store
        Whose provenance is written.
    record : RunRecord
        What is known of the run at its beginning.
    """

    def __init__(self, store: Store, record: RunRecord) -> None:
        self._recorder = store.provenance.recorder()
        self.record = record
        self._known: dict[str, str] = {}  # types by hash

    def begin(self, inputs: Mapping[str, Ref]) -> None:
        """Write down that the run has begun, and with what."""
        self.record.inputs = {name: ref.hash for name, ref in inputs.items() if ref.hash}
        self.products(inputs.values())
        self._recorder.run(self.record)

    def products(self, refs: Iterable[Ref]) -> None:
        """Write down data products that are new to this run.

        A file may hold the very bytes of the value that is read from it. It is written down as the
        value then, which is what is used again.
        """
        for ref in refs:
            known = self._known.get(ref.hash) if ref.hash else ref.type.name
            if known is None or (known == FILE.name != ref.type.name):
                self._known[ref.hash] = ref.type.name
                self._recorder.product(ref.product())

    def task(self, node: Node, feeds: Mapping[str, Feed], seed: int) -> None:
        """Write down how a task ended."""
        for feed in feeds.values():
            self.products(feed.refs)
        self.products(node.outputs.values())
        facts = node.facts
        self._recorder.task(
            TaskRecord(
                run=self.record.id,
                name=node.name,
                kind=node.task.kind,
                state=node.state,
                key=node.key,
                code_hash=node.fingerprint,
                kernel_hash=str(facts.get("kernel_hash", "")),
                parameters=_plain(node.task.parameters),
                seed=seed,
                target=self.record.target,
                device=dict(facts.get("device", {})),
                attempts=node.attempts,
                started=node.started,
                finished=None if node.started is None else node.started + (node.seconds or 0.0),
                seconds=node.seconds,
                worker=node.worker,
                error=_error_text(node),
                log=node.log,
                why=node.why,
                costs=node.costs,
                inputs=[
                    (port, position, ref.hash)
                    for port, feed in feeds.items()
                    for position, ref in enumerate(feed.refs)
                    if ref.hash
                ],
                outputs=[(port, 0, ref.hash) for port, ref in node.outputs.items() if ref.hash],
            )
        )

    def end(self, state: str, finished: float, outputs: Mapping[str, Ref]) -> str:
        """Write down how the run ended.

        Returns
        -------
        str
            What kept the record from being written; empty when all is written.
        """
        self.record.state, self.record.finished = state, finished
        self.record.outputs = {name: ref.hash for name, ref in outputs.items() if ref.hash}
        self._recorder.run(self.record)
        if self._recorder.flush(_FLUSH_S):
            self._recorder.close()
            return ""
        return str(self._recorder.trouble)


def run_record(
    id_: str, workflow: Workflow, started: float, seed: int, target: str, how: Mapping[str, str]
) -> RunRecord:
    """Make the record of a run that begins.

    Parameters
    ----------
    id_ : str
        The run's id.
    workflow : Workflow
        What runs.
    started : float
        Seconds since the epoch.
    seed, target
        The run's.
    how : mapping of str to str
        Names of the executor and the planner.

    Returns
    -------
    RunRecord
        Without its inputs.
    """
    return RunRecord(
        id=id_,
        workflow=workflow.name,
        document=_document(workflow),
        state="running",
        started=started,
        finished=None,
        executor=how["executor"],
        planner=how["planner"],
        target=target,
        seed=seed,
        host=socket.gethostname(),
        pid=os.getpid(),
        boot_id=_boot_id(),
        python=platform.python_version(),
        packages=_packages(),
        inputs={},
        outputs={},
        arguments={},
    )


def plain_argument(value: Any) -> Any:
    """Write down how an input was given: paths, URLs and plain values as they are."""
    if isinstance(value, str | int | float | bool | type(None)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return {"class": type(value).__name__}


def _document(workflow: Workflow) -> str:
    try:
        return json.dumps(workflow.document, separators=(",", ":"))
    except DlaawError as error:  # a task that cannot be written down; the rest of the record counts
        return json.dumps({"unwritten": str(error)})


def _error_text(node: Node) -> str:
    return f"{node.error}\n\n{node.trace}".strip() if node.trace else node.error


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    if not parameters:
        return {}
    loaded: dict[str, Any] = json.loads(json.dumps(dict(parameters), default=repr))
    return loaded


@cache
def _packages() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


@cache
def _boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123
            return file.read().strip()
    except OSError:
        return ""
