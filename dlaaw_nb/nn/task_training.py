"""Networks at work inside of a run: what they tell it, and how it ends them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from dlaaw_nb.engine.resources import kernels_digest
from dlaaw_nb.errors import TaskError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.prediction import Prediction
    from dlaaw_nb.nn.results import CrossValidation, Sweep, TrainingResult
    from dlaaw_nb.workflow.context import TaskContext

__all__ = ["carry_out", "predict_in", "wanted_of"]

AnyResult = TypeVar("AnyResult", "TrainingResult", "CrossValidation", "Sweep")


class _Watch:
    """Tells a run how a plan goes on, and learns from it whether to end.

    Parameters
    ----------
    here : TaskContext
        The surroundings of the task.
    layers : sequence of str
        Layers whose output the run listens to.
    alone : bool
        Whether the plan is one training, whose costs are the task's.
    """

    def __init__(self, here: TaskContext, layers: Sequence[str], *, alone: bool) -> None:
        self._here, self._alone = here, alone
        self.batched = not layers  # who listens to a layer wants it at every cost
        self.stopped = False

    def __call__(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "end":
            self.stopped = event["state"] == "stopped"
        elif not self._here.cancelled:  # asking sets `stop` where the run was cancelled
            if kind == "progress":
                self._here.progress(event["done"], event["total"])
            elif kind == "cost" and self._alone:
                self._cost(event)

    def _cost(self, event: Mapping[str, Any]) -> None:
        *before, (epoch, cost) = event.get("costs") or [(event["epoch"], event["cost"])]
        for pair in before:
            self._here.cost(*pair)
        score = event.get("score", math.nan)
        self._here.cost(epoch, cost, **({} if math.isnan(score) else {"score": score}))
        for layer, values in event.get("taps", {}).items():
            self._here.emit(layer, values, epoch)


def carry_out(
    verb: Callable[..., AnyResult],
    here: TaskContext,
    *arguments: Any,
    target: str | None = None,
    layers: Sequence[str] = (),
    alone: bool = False,
    **options: Any,
) -> AnyResult:
    """Train as a task: the run hears of it and can end it, and nothing half trained gets out.

    Parameters
    ----------
    verb : callable
        ``network.train``, ``network.cross_validate`` or ``network.sweep``.
    here : TaskContext
        The surroundings of the task.
    *arguments, **options : object
        What the verb takes; callback and stop are given here.
    target : str or None
        Where to run; None for the run's target.
    layers : sequence of str
        Layers of the network whose output the run listens to; for ``train``.
    alone : bool
        Whether the plan is one training, whose costs are the task's.

    Returns
    -------
    TrainingResult, CrossValidation or Sweep
        Of the whole plan.

    Raises
    ------
    TaskError
        When the run was cancelled before the end.
    KeyboardInterrupt
        When the person interrupted it.
    DlaawError
        What the verb raises.
    """
    place = target or here.target
    watch = _Watch(here, layers, alone=alone)
    if layers:
        options["taps"] = layers
    try:
        result = verb(*arguments, target=place, callback=watch, stop=here.stop, **options)
    except KeyboardInterrupt:
        if not here.stop.is_set():
            raise
        raise _ended(here) from None
    if watch.stopped:
        # The verb swallows an interrupt and keeps what it has; a run must not take that for all.
        if not here.stop.is_set():
            raise KeyboardInterrupt
        raise _ended(here)
    here.note(target=place, device=_device(result), kernel_hash=kernels_digest())
    return result


def predict_in(
    here: TaskContext,
    model: Model,
    dataset: Dataset,
    *,
    outputs: Sequence[str] = (),
    target: str | None = None,
) -> Prediction:
    """Predict as a task.

    Parameters
    ----------
    here : TaskContext
        The surroundings of the task.
    model : Model
        What predicts.
    dataset : Dataset
        The rows, with or without labels.
    outputs : sequence of str
        Names of layers whose output is wanted too.
    target : str or None
        Where to run; None for the run's target.

    Returns
    -------
    Prediction
        As ``Model.predict`` gives it.

    Raises
    ------
    DlaawError
        What ``Model.predict`` raises.
    """
    place = target or here.target
    found = model.predict(dataset, outputs=outputs, target=place)
    here.note(target=place, kernel_hash=kernels_digest())
    return found


def wanted_of(here: TaskContext, names: Sequence[str]) -> list[str]:
    """List those of a task's outputs that somebody takes.

    Parameters
    ----------
    here : TaskContext
        The surroundings of the task.
    names : sequence of str
        Names of outputs.

    Returns
    -------
    list of str
        In their order; all of them outside of a run.
    """
    return [name for name in names if here.wanted is None or name in here.wanted]


def _device(result: TrainingResult | CrossValidation | Sweep) -> dict[str, Any]:
    first: Any = result
    for name in ("points", "trials"):
        first = getattr(first, name, (first,))[0]
    return dict(first.device)


def _ended(here: TaskContext) -> TaskError:
    return TaskError(
        f"{here.task or 'training'}: it was stopped before the end, and what is half trained is no "
        "result. Run it again.",
        here.task,
    )
