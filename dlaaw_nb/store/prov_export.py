"""Runs in the words of W3C PROV.

References
----------
W3C, 2013, "PROV-DM: The PROV Data Model", https://www.w3.org/TR/prov-dm/
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.libraries import library
from dlaaw_nb.store.remotes import shown_url
from dlaaw_nb.store.text import one_line

if TYPE_CHECKING:
    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.store.provenance import Provenance
    from dlaaw_nb.store.records import RunRecord, TaskRecord

__all__ = ["prov_document"]

_ENDED_WELL = ("finished", "cached")


def prov_document(provenance: Provenance, run_id: str) -> Any:
    """Write a run down in the words of W3C PROV; see `Provenance.to_prov`.

    Each product is an entity, each task and the run an activity, each process that ran tasks and
    the package itself an agent. Names are URNs, so that those of two runs never mix and the same
    product is the same entity everywhere.
    """
    prov = library("prov.model", "PROV", StoreError, '"dlaaw-nb[prov]"')
    run = provenance.run(run_id)
    tasks = provenance.tasks(run.id)
    hashes = {*run.inputs.values(), *run.outputs.values()}
    hashes.update(item[2] for task in tasks for item in (*task.inputs, *task.outputs))
    return _Writer(prov, run, tasks, provenance.products(sorted(hashes))).document


class _Writer:
    """A document under work."""

    def __init__(
        self, prov: Any, run: RunRecord, tasks: list[TaskRecord], products: dict[str, DataProduct]
    ) -> None:
        self._prov, self._run, self._products = prov, run, products
        self._known: set[str] = set()
        self.document = document = prov.ProvDocument()
        document.add_namespace("dlaaw", "urn:dlaaw:terms:")
        document.add_namespace("run", "urn:dlaaw:run:")
        document.add_namespace("agent", "urn:dlaaw:agent:")
        document.add_namespace("product", "urn:sha256:")
        self._software = document.agent("agent:dlaaw-nb", self._agent_facts())
        self._plan = document.entity(
            f"run:{quote(run.id)}/workflow",
            {
                "prov:type": prov.PROV["Plan"],
                "prov:label": run.workflow,
                "prov:value": run.document,
            },
        )
        self._activity = self._whole_run()
        makers = {
            item[2]: task.name for task in tasks if task.state in _ENDED_WELL
            for item in task.outputs
        }  # fmt: skip
        for task in tasks:
            self._task(task, makers)

    def _agent_facts(self) -> dict[str, Any]:
        versions = {f"dlaaw:{name}": text for name, text in self._run.packages.items()}
        kind = self._prov.PROV["SoftwareAgent"]
        return {"prov:type": kind, "prov:label": "dlaaw_nb", **versions}

    def _whole_run(self) -> Any:
        run = self._run
        facts = {
            "prov:type": "run", "prov:label": run.workflow, "dlaaw:state": run.state,
            "dlaaw:executor": run.executor, "dlaaw:planner": run.planner,
            "dlaaw:target": run.target, "dlaaw:seed": run.seed, "dlaaw:python": run.python,
            "dlaaw:host": run.host,
        }  # fmt: skip
        name = f"run:{quote(run.id)}"
        activity = self.document.activity(name, _moment(run.started), _moment(run.finished), facts)
        self.document.wasAssociatedWith(activity, self._software, plan=self._plan)
        for port, hash_ in run.inputs.items():
            given = run.arguments.get(port)
            more = {"prov:location": shown_url(given)} if isinstance(given, str) else {}
            self.document.used(
                activity,
                self._entity(hash_),
                _moment(run.started),
                None,
                {"prov:role": port, **more},
            )
        for port, hash_ in run.outputs.items():
            self.document.wasDerivedFrom(self._entity(hash_), self._plan)
            self.document.wasAttributedTo(
                self._entity(hash_), self._software, None, {"prov:role": port}
            )
        return activity

    def _task(self, task: TaskRecord, makers: dict[str, str]) -> None:
        document = self.document
        activity = document.activity(
            self._task_name(task.name), _moment(task.started), _moment(task.finished), _facts(task)
        )
        document.wasInformedBy(activity, self._activity)
        agent = self._worker(task) if task.worker else self._software
        document.wasAssociatedWith(activity, agent)
        for port, position, hash_ in task.inputs:
            role = {"prov:role": port, "dlaaw:position": position}
            document.used(activity, self._entity(hash_), _moment(task.started), None, role)
        read = dict.fromkeys(item[2] for item in task.inputs)
        for name in dict.fromkeys(makers[hash_] for hash_ in read if hash_ in makers):
            if name != task.name:
                document.wasInformedBy(activity, self._task_name(name))
        for port, position, hash_ in task.outputs:
            role = {"prov:role": port, "dlaaw:position": position}
            made = self._entity(hash_)
            document.wasGeneratedBy(made, activity, _moment(task.finished), None, role)
            document.wasAttributedTo(made, agent)
            for source in read:
                document.wasDerivedFrom(made, self._entity(source), activity)

    def _task_name(self, name: str) -> str:
        return f"run:{quote(self._run.id)}/{quote(name)}"

    def _worker(self, task: TaskRecord) -> Any:
        name = f"agent:{quote(task.worker, safe='')}"
        if name not in self._known:
            self._known.add(name)
            self.document.agent(
                name, {"prov:type": self._prov.PROV["SoftwareAgent"], "prov:label": task.worker}
            )
            self.document.actedOnBehalfOf(name, self._software)
        return name

    def _entity(self, hash_: str) -> str:
        name = f"product:{quote(hash_)}"
        if name not in self._known:
            self._known.add(name)
            self.document.entity(name, _product_facts(self._products.get(hash_)))
        return name


def _product_facts(product: DataProduct | None) -> dict[str, Any]:
    if product is None:
        return {}
    facts = {
        "prov:type": product.type, "prov:label": one_line(product.preview),
        "dlaaw:size_bytes": product.size_bytes, "dlaaw:codec": product.codec,
        "dlaaw:filename": product.filename, "prov:location": shown_url(product.location),
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value != ""}


def _facts(task: TaskRecord) -> dict[str, Any]:
    facts = {
        "prov:type": task.kind, "prov:label": task.name, "dlaaw:state": task.state,
        "dlaaw:code": task.code_hash, "dlaaw:kernels": task.kernel_hash, "dlaaw:seed": task.seed,
        "dlaaw:target": task.target, "dlaaw:attempts": task.attempts,
        "dlaaw:seconds": task.seconds, "dlaaw:error": one_line(task.error),
    }  # fmt: skip
    parameters = {f"dlaaw:parameter-{quote(k)}": _plain(v) for k, v in task.parameters.items()}
    device = {f"dlaaw:device-{quote(k)}": _plain(v) for k, v in task.device.items()}
    every = {**facts, **parameters, **device}
    return {name: value for name, value in every.items() if value not in ("", None)}


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else one_line(repr(value), 1000)


def _moment(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, tz=dt.timezone.utc)
