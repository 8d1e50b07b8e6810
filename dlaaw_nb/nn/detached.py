"""Trainings on a machine elsewhere that go on when nobody is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb import targets
from dlaaw_nb.errors import PlanError
from dlaaw_nb.nn import plans

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["attach", "detach"]

_VERBS: dict[str, Callable[..., Any]] = {
    "train": plans.train,
    "cross_validate": plans.cross_validate,
    "sweep": plans.sweep,
}


class _StartedError(Exception):
    """Carries a job out of a plan that would wait for it."""

    def __init__(self, job: targets.Job) -> None:
        super().__init__()
        self.job = job


def detach(network: NNWorkflow, verb: str, data: Any, target: str, **options: Any) -> targets.Job:
    """Start a plan that goes on without this process; see ``NNWorkflow.detach``."""
    if verb not in _VERBS:
        raise PlanError(f"detach: expected one of {', '.join(_VERBS)}, got {verb!r}.")

    def start(spec: Mapping[str, Any], arrays: Mapping[str, Any], where: str) -> targets.Job:
        plan = {**spec["plan"], "live": "batched"}
        raise _StartedError(targets.submit({**spec, "plan": plan}, arrays, where, detached=True))

    try:
        _VERBS[verb](network, data, target=target, submit=start, **options)
    except _StartedError as started:
        return started.job
    raise AssertionError  # a plan submits or raises


def attach(network: NNWorkflow, id: str, data: Any, **options: Any) -> Any:  # noqa: A002
    """Read what became of a detached plan; see ``NNWorkflow.attach``."""
    job = targets.Job.attach(id)
    plan = (job.spec or {})["plan"]
    verb, target = str(plan["kind"]), id.rpartition("/")[0]
    if plan.get("folds") and verb == "cross_validate":
        options.setdefault("folds", plan["folds"])

    def take(spec: Mapping[str, Any], _arrays: Mapping[str, Any], _where: str) -> targets.Job:
        given, there = _comparable(spec), _comparable(job.spec or {})
        if given != there:
            differ = [key for key in there if given.get(key) != there[key]]
            raise PlanError(
                f"job {id}: it was started with other {', '.join(differ)} than given now. Give the "
                "same network, data and options as then."
            )
        return job

    return _VERBS[verb](network, data, target=target, submit=take, **options)


def _comparable(spec: Mapping[str, Any]) -> dict[str, Any]:
    import json

    plan = {key: value for key, value in spec["plan"].items() if key != "live"}
    found: dict[str, Any] = json.loads(json.dumps({**spec, "plan": plan}))
    return found
