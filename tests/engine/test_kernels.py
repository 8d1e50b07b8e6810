"""The kernels against the NumPy reference: the same rows, batches and formulas, to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from engine_support import make_data, make_spec, needs_compiler, run, trials

from dlaaw_nb.engine import codegen, kernel_program, programs
from dlaaw_nb.engine.kernel_program import KernelProgram
from dlaaw_nb.engine.layout import Layouts
from dlaaw_nb.engine.numpy_program import NumpyProgram
from dlaaw_nb.engine.recipe import recipe_kinds
from dlaaw_nb.engine.session import Stop
from dlaaw_nb.engine.trials import expand

pytestmark = needs_compiler

PAPER = [["Linear", 5, 3], ["ReLU"], ["Linear", 3, 1], ["Sigmoid"]]
NETWORKS = {
    "paper": PAPER,
    "no_hidden": [["Linear", 5, 1], ["Sigmoid"]],
    "deep": [
        ["Linear", 5, 8],
        ["Tanh"],
        ["Linear", 8, 7],
        ["ReLU"],
        ["Linear", 7, 6],
        ["Sigmoid"],
        ["Linear", 6, 1],
        ["Sigmoid"],
    ],
    "not_fused": [
        ["Linear", 5, 4],
        ["Tanh"],
        ["ReLU"],
        ["Linear", 4, 5],
        ["Linear", 5, 1],
        ["Sigmoid"],
    ],
    "wide": [
        ["Linear", 5, 33],
        ["Tanh"],
        ["Linear", 33, 17],
        ["ReLU"],
        ["Linear", 17, 1],
        ["Sigmoid"],
    ],
}


def sessions(layers, rows, dtype=np.float64, constant=True, team=1, plan=None, **settings):
    """The same training by the kernels and by the reference, at epoch 0."""
    spec, data = make_spec(layers, plan, **settings), make_data(rows, layers[0][1])
    trial = expand(spec, rows)[-1]
    layout, split = Layouts(data, [trial]).take(trial)
    kernels = KernelProgram(trial.chain, *recipe_kinds(spec), constant)
    return tuple(
        p.start(trial, layout, split, Stop(), None, team) for p in (kernels, NumpyProgram(dtype))
    )


def distance(ours, theirs):
    flat = [
        np.concatenate([p.ravel() for p in s.parameters().values()]).astype(float)
        for s in (ours, theirs)
    ]
    return np.linalg.norm(flat[0] - flat[1]) / np.linalg.norm(flat[1])


@pytest.mark.parametrize("name", NETWORKS)
def test_kernels_one_epoch_equal_the_reference(name):
    kernels, reference = sessions(NETWORKS[name], 200, epochs=1)
    np.testing.assert_allclose(kernels.advance(1), reference.advance(1), rtol=1e-5)
    assert distance(kernels, reference) < 1e-5


@pytest.mark.parametrize("rows", [2, 3, 17, 18, 19, 63, 64, 65, 127, 128, 129, 1023, 1100, 2500])
def test_kernels_odd_row_counts_equal_the_reference(rows):
    kernels, reference = sessions(PAPER, rows, batches=2, epochs=3)
    np.testing.assert_allclose(kernels.advance(3), reference.advance(3), rtol=1e-5)
    assert distance(kernels, reference) < 2e-5


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 31, 64, 129])
def test_kernels_odd_widths_equal_the_reference(width):
    layers = [["Linear", width, width + 1], ["Tanh"], ["Linear", width + 1, 1], ["Sigmoid"]]
    kernels, reference = sessions(layers, 100, epochs=2, constant=width < 64)
    np.testing.assert_allclose(kernels.advance(2), reference.advance(2), rtol=1e-5)
    assert distance(kernels, reference) < 1e-5


@pytest.mark.parametrize("fold", range(5))
def test_kernels_folds_with_a_gap_equal_the_reference(fold):
    spec, data = make_spec(PAPER, {"folds": 5}, epochs=3), make_data(333, 5)
    trial = expand(spec, 333)[fold]
    layout, split = Layouts(data, [trial]).take(trial)
    kernels = KernelProgram(trial.chain, *recipe_kinds(spec), True)
    ours, theirs = (
        p.start(trial, layout, split, Stop(), None, 1) for p in (kernels, NumpyProgram(np.float64))
    )
    np.testing.assert_allclose(ours.advance(3), theirs.advance(3), rtol=1e-5)
    assert distance(ours, theirs) < 1e-5
    np.testing.assert_allclose(
        ours.predict(layout, split.gap_begin, split.gap_end),
        theirs.predict(layout, split.gap_begin, split.gap_end),
        rtol=1e-5,
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_kernels_variable_sizes_give_the_same_bits(name):
    fixed, _ = sessions(NETWORKS[name], 1500, epochs=4, batches=2)
    variable, _ = sessions(NETWORKS[name], 1500, epochs=4, batches=2, constant=False)
    assert fixed.advance(4) == variable.advance(4)
    assert fixed.flat.tobytes() == variable.flat.tobytes()


@pytest.mark.parametrize("team", [2, 3, 4])
@pytest.mark.parametrize("batches", [2, 3, 6])
def test_kernels_teams_of_threads_give_the_same_bits(team, batches):
    settings = {"epochs": 7, "batches": batches, "cost_every": 2}
    alone, _ = sessions(PAPER, 9000, **settings)
    together, _ = sessions(PAPER, 9000, team=team, **settings)
    assert together.team > 1
    assert alone.advance(7) == together.advance(7)
    assert alone.flat.tobytes() == together.flat.tobytes()


def test_kernels_in_slices_give_the_same_bits_as_in_one_call():
    whole, _ = sessions(PAPER, 300, epochs=20)
    slices, _ = sessions(PAPER, 300, epochs=20)
    costs = [pair for end in (1, 6, 7, 19, 20) for pair in slices.advance(end)]
    assert whole.advance(20) == costs
    assert [epoch for epoch, _ in costs] == [0, 5, 10, 15, 19]
    assert whole.flat.tobytes() == slices.flat.tobytes()


def test_kernels_gradient_equals_the_numeric_one():
    layers = NETWORKS["deep"]
    settings = {"epochs": 1, "momentum": 0.0, "learning_rate": 1.0, "batches": 2}
    _, reference = sessions(layers, 60, **settings)
    kernels, _ = sessions(layers, 60, **settings)
    before = kernels.flat.astype(float)
    kernels.advance(1)
    gradient = before - kernels.flat
    step = 1e-5
    for at in range(0, kernels.trial.chain.count, 7):
        costs = []
        for sign in (1, -1):
            moved = before.copy()
            moved[at] += sign * step
            _, fresh = sessions(layers, 60, **settings)
            fresh.weights = {
                n: w.astype(float) for n, w in kernels.trial.chain.unpack(moved).items()
            }
            costs.append(fresh.advance(1)[0][1])
        assert gradient[at] == pytest.approx((costs[0] - costs[1]) / (2 * step), abs=2e-6)
    assert reference.epoch == 0


def test_kernels_layer_outputs_equal_the_reference():
    from engine_support import chain

    from dlaaw_nb.engine import reference
    from dlaaw_nb.engine.layout import Layout
    from dlaaw_nb.engine.session import initial_parameters

    net = chain(*NETWORKS["not_fused"])
    data = make_data(100, 5)
    layout = Layout.as_given(
        data["features"], (data["features"].mean(0), 1 / data["features"].std(0))
    )
    parameters = initial_parameters(net, 3)
    found = kernel_program.layer_outputs(net, parameters, layout, layout.plain(), net.names, True)
    expected = reference.forward(net.nodes, parameters, layout.x[:, :100].T)[1:]
    assert list(found) == net.names
    for name, value in zip(net.names, expected):
        np.testing.assert_allclose(found[name], value, rtol=2e-6, atol=1e-6)


def test_sweep_over_many_widths_shares_one_program(monkeypatch):
    built = []
    monkeypatch.setattr(programs, "_ready", {})
    monkeypatch.setattr(programs.build, "is_built", lambda source: False)
    make = codegen.training_source

    def counted(chain, loss, optimizer, schedule, constant=True):
        built.append(constant)
        return make(chain, loss, optimizer, schedule, constant)

    monkeypatch.setattr(kernel_program.codegen, "training_source", counted)
    variants = [
        {"layers": make_spec([["Linear", 5, h], ["ReLU"], ["Linear", h, 1], ["Sigmoid"]])["layers"]}
        for h in range(2, 22)
    ]
    found = trials(run(make_spec(PAPER, {"variants": variants}), make_data(120, 5)))
    assert len(found) == 20
    assert found[3]["parameters"]["Linear1.weight"].shape == (5, 5)
    assert built.count(False) == 20


def test_network_beyond_the_kernels_trains_with_numpy():
    layers = [["Linear", 300, 40], ["ReLU"], ["Linear", 40, 1], ["Sigmoid"]]
    rng = np.random.default_rng(0)
    data = {"features": rng.normal(size=(60, 300)), "labels": np.arange(60) % 2.0}
    (found,) = trials(run(make_spec(layers, epochs=3, normalize="standard"), data))
    assert found["program"] == "numpy"
    assert found["epochs_done"] == 3
