"""The one function that every target runs: a specification and data in, events out.

Events are dicts; ``event`` says which:

- ``log``: level, message.
- ``start``: trials (how many), device.
- ``cost``: trial, epoch, cost, parameters after that epoch, and taps; test_outputs of those
  parameters (and test_rows) as often as that takes a hundredth of the time, and at the end.
  What the plan calls ``live`` says for whom: true, somebody who wants each; ``"batched"``, a
  watcher whom a few a second serve, with all costs since the last in ``costs`` as (epoch, cost);
  false, nobody (the costs then come with the trial).
- ``progress``: done, total (epochs over all trials), and rows, each counted as often as it was
  trained on; likewise.
- ``trial``: one trial is finished, stopped or diverged; its parameters (of a diverged one the last
  finite ones, of early stopping the best ones), normalization, test outputs, best_epoch and
  early_stopped, validation_costs like costs. Trials of which a stop left no
  whole epoch have none, but for a single one.
- ``prediction``: outputs by layer.
- ``result``: seconds.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Sequence, Union

import numpy as np

from .chain import Chain
from .layout import Layout
from .processor import Processor
from .session import Stop
from .trials import expand

if TYPE_CHECKING:
    from .gpu import Gpu

__all__ = ["execute", "predicted"]

Emit = Callable[[Dict[str, Any]], None]


def execute(
    spec: Mapping[str, Any],
    data: Mapping[str, Any],
    emit: Emit,
    stop: Optional[Stop] = None,
    machine: Optional[Union[Gpu, Processor]] = None,
) -> None:
    """Carry out a specification on this machine.

    Parameters
    ----------
    spec : mapping
        A specification with its plan.
    data : mapping
        ``features`` float64 (rows, features) and ``labels`` (rows,); for a separate test set
        ``test_features``; ``initial``, parameters to start from; for a prediction ``parameters``
        and ``normalization`` (offset, scale).
    emit : callable
        Takes each event; called from several threads, one at a time.
    stop : Stop or None
        Ends trainings when set; what was trained so far still comes as events.
    machine : Gpu, Processor or None
        What carries it out; None for the processor.

    Raises
    ------
    PlanError
        When the plan does not fit the data.
    DeviceError
        When a GPU fails, or has too little memory.
    """
    begin = time.perf_counter()
    lock = threading.Lock()
    where = Processor() if machine is None else machine

    def one_at_a_time(event: Dict[str, Any]) -> None:
        with lock:
            emit(event)

    if spec["plan"]["kind"] == "kernel":
        from .raw_kernel import run_kernel

        launch = getattr(where, "launch_kernel", None)  # of a machine that has others do it
        how = (spec, data, one_at_a_time, stop or Stop())
        launch(*how) if launch else run_kernel(*how, where)
    elif spec["plan"]["kind"] == "predict":
        _predict(spec, data, one_at_a_time, where)
    else:
        trials = expand(spec, len(data["labels"]))
        only: Optional[Sequence[int]] = spec["plan"].get("only")
        if only is not None:  # the others are done, or somebody else's
            trials = [trials[index] for index in only]
        where.train(trials, data, one_at_a_time, stop or Stop())
    emit({"event": "result", "seconds": time.perf_counter() - begin})


def _predict(spec: Mapping[str, Any], data: Mapping[str, Any], emit: Emit, where: Any) -> None:
    emit({"event": "start", "trials": 1, "device": where.describe()})
    shared = getattr(where, "predict", None)  # of a machine that shares the rows out
    outputs = shared(spec, data, emit) if shared else predicted(spec, data, where)
    emit({"event": "prediction", "outputs": outputs})


def predicted(
    spec: Mapping[str, Any], data: Mapping[str, Any], where: Any
) -> Dict[str, np.ndarray]:
    """Predict rows on one machine.

    Parameters
    ----------
    spec, data : mapping
        As of `execute`.
    where : Gpu or Processor
        What does it.

    Returns
    -------
    dict of str to array
        What the network, and each layer that is asked for, puts out.
    """
    chain = Chain(spec["layers"]["nodes"])
    normalization = data["normalization"]
    base = (np.asarray(normalization["offset"]), np.asarray(normalization["scale"]))
    layout = Layout.as_given(data["features"], base)
    wanted = [chain.names[-1], *(spec["plan"].get("outputs") or ())]
    parameters = {name: np.asarray(data["parameters"][name], np.float32) for name in chain.arrays}
    outputs: Dict[str, np.ndarray] = where.layer_outputs(
        chain, parameters, layout, layout.plain(), wanted
    )
    return outputs
