"""Large networks on a real GPU against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from engine_support import trials
from gpu_support import gpu, needs_gpu  # noqa: F401
from kernel_cases import trial_of
from wide_cases import MANY, MIXED, MNIST, NORMED, NUMBERS, ODD, reference_session, wide_data

from dlaaw_nb.engine.execute import execute

pytestmark = needs_gpu
EPOCHS = 3
WIDE = {
    "mnist": MNIST,
    "odd": ODD,
    "mixed": MIXED,
    "normed": NORMED,
    "numbers": NUMBERS,
    "many": MANY,
}


@pytest.mark.parametrize("rows", [70, 1000, 6000])
@pytest.mark.parametrize("name", WIDE)
def test_case_agrees_with_numpy_in_float64(name, rows, gpu, monkeypatch):  # noqa: F811
    from dlaaw_nb.engine import gpu as machine
    from dlaaw_nb.engine import gpu_predict, gpu_program

    for module in (machine, gpu_program, gpu_predict):  # cases are small, to be emulated
        monkeypatch.setattr(module, "fits_kernels", lambda chain: False)
    case = WIDE[name]
    settings = {"epochs": EPOCHS, "batches": 3, "cost_every": 1, "learning_rate": 0.003}
    trial = trial_of(case, rows, **settings)
    session = reference_session(case, rows, **settings)
    costs = session.advance(EPOCHS)
    events = []
    execute(trial.spec, wide_data(case, rows), events.append, None, gpu)
    found = trials(events)[-1]
    assert np.array(found["costs"]) == pytest.approx(np.array(costs), rel=1e-4)
    for key, value in session.parameters().items():
        scale = max(1e-3, float(np.abs(value).max()))
        assert np.abs(found["parameters"][key] - value).max() < 1e-3 * scale, key


def test_same_bits_by_any_team(gpu, monkeypatch):  # noqa: F811
    from dlaaw_nb.engine import gpu_group

    case = MNIST
    trial = trial_of(case, 4000, epochs=2, batches=3, cost_every=1)
    told = []
    for team in (1, 7, 64, 132):
        monkeypatch.setattr(gpu_group, "wide_team", lambda trials, most, team=team: min(team, most))
        events = []
        execute(trial.spec, wide_data(case, 4000), events.append, None, gpu)
        told.append({k: v.tobytes() for k, v in trials(events)[-1]["parameters"].items()})
    assert all(found == told[0] for found in told)
