"""Which parts of a document the trust of a person is about: what could do harm, and what feeds it.

These are the code, tasks that run code or commands or send data, paths that leave the file's
folder, and all that reaches one of them through edges: a script may run the file that it is given,
and a call sends what it gets. Numbers, places, names and whatever else a task is are left out, so
that a person can go on editing without being asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.workflow.library import find_kind
from dlaaw_nb.workflow.risks import leaves_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["risky_parts"]

_TOLD = ("kind", "module", "ports", "over", "parameters", "values")
_NUMBER = 0


def risky_parts(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give what trust in a document is about.

    Parameters
    ----------
    document : mapping
        That obeys the schema.

    Returns
    -------
    dict or None
        Plain JSON values, the same for documents that can do the same harm; None where there is
        none to do.
    """
    parts = _body(document, whole=False)
    code = list(document.get("code", ()))
    if not code and not parts["tasks"] and not parts["inputs"]:
        return None
    return {"code": code, **parts}


def _body(body: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """Leave out what is harmless; tasks and inputs are named by their rank, for names may change.

    Inside of a task that is told, all of a workflow is told (`whole`), its outputs too.
    """
    inputs = {one["name"]: one for one in body["inputs"]}
    tasks = {one["name"]: one for one in body["tasks"]}
    kept, given = (set(tasks), set(inputs)) if whole else _kept(body, inputs, tasks)
    rank = {name: number for number, name in enumerate(name for name in tasks if name in kept)}
    place = {name: number for number, name in enumerate(name for name in inputs if name in given)}
    edges = [
        [rank[edge["source"]] if edge["source"] else -1 - place[edge["port"]],
         edge["port"] if edge["source"] else "", rank[edge["target"]], edge["input"]]
        for edge in body["edges"]
        if edge["target"] in kept
        and (edge["source"] in kept if edge["source"] else edge["port"] in given)
    ]  # fmt: skip
    parts = {
        "inputs": [_input(inputs[name], named=whole) for name in inputs if name in given],
        "tasks": [_task(tasks[name]) for name in tasks if name in kept],
        "edges": sorted(edges),
    }
    if whole:
        parts["outputs"] = [
            [one["name"], rank.get(one["task"]), one["port"]] for one in body["outputs"]
        ]
    return parts


def _kept(
    body: Mapping[str, Any], inputs: Mapping[str, Any], tasks: Mapping[str, Any]
) -> tuple[set[str], set[str]]:
    """Name the tasks and inputs that could do harm, what reads such inputs, and what feeds them."""
    given = {name for name, one in inputs.items() if _leaves(one.get("default"))}
    feeds: dict[str, list[str]] = {}
    fed: dict[str, list[str]] = {}
    readers = set()
    for edge in body["edges"]:
        if edge["source"]:
            feeds.setdefault(edge["target"], []).append(edge["source"])
        else:
            fed.setdefault(edge["target"], []).append(edge["port"])
            if edge["port"] in given:
                readers.add(edge["target"])
    waiting = [name for name, task in tasks.items() if name in readers or _is_risky(task)]
    kept: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in kept and name in tasks:
            kept.add(name)
            waiting.extend(feeds.get(name, ()))
            given.update(port for port in fed.get(name, ()) if port in inputs)
    return kept, given


def _is_risky(entry: Mapping[str, Any]) -> bool:
    if "ports" in entry or _leaves(entry.get("values")) or _leaves(entry.get("parameters")):
        return True
    if "task" in entry:
        return _is_risky(entry["task"])
    if "workflow" in entry:
        parts = _body(entry["workflow"], whole=False)
        return bool(parts["tasks"] or parts["inputs"])
    try:
        return bool(find_kind(entry["kind"]).carries_code_in(entry.get("parameters") or {}))
    except Exception:  # noqa: BLE001 - of a package that is missing or broken: nobody knows
        return True


def _input(entry: Mapping[str, Any], *, named: bool) -> dict[str, Any]:
    kept = {"type": entry.get("type"), "default": _words(entry.get("default"))}
    return {**kept, "name": entry["name"]} if named else kept


def _task(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: _words(entry[key]) for key in _TOLD if entry.get(key)}
    if "workflow" in entry:
        kept["workflow"] = _body(entry["workflow"], whole=True)
    if "task" in entry:
        kept["task"] = _task(entry["task"])
    return kept


def _words(value: Any) -> Any:
    """Leave out numbers; lists of them may have any length."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _NUMBER
    if isinstance(value, list | tuple):
        words = [_words(item) for item in value]
        return _NUMBER if words and all(type(word) is int for word in words) else words
    if isinstance(value, dict):
        return {key: _words(item) for key, item in value.items()}
    return value


def _leaves(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_leaves(item) for item in [*value, *value.values()])
    if isinstance(value, list | tuple):
        return any(_leaves(item) for item in value)
    return leaves_folder(value)
