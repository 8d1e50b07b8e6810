"""Layers, losses, optimizers, schedules: kernels against the reference, gradients numerically."""

from __future__ import annotations

import numpy as np
import pytest
from engine_support import make_data, make_spec, needs_compiler, nodes_of, run, trials

from dlaaw_nb.engine import random, reference
from dlaaw_nb.engine.faults import PlanError
from dlaaw_nb.engine.kernel_program import KernelProgram
from dlaaw_nb.engine.layout import Layouts
from dlaaw_nb.engine.numpy_program import NumpyProgram
from dlaaw_nb.engine.recipe import recipe_kinds
from dlaaw_nb.engine.session import Stop
from dlaaw_nb.engine.trials import expand

END = [["Linear", 4, 1], ["Sigmoid"]]
LAYERS = {
    "LeakyReLU": [["Linear", 5, 4], ["LeakyReLU", {"slope": 0.1}], *END],
    "ELU": [["Linear", 5, 4], ["ELU", {"alpha": 0.7}], *END],
    "GELU": [["Linear", 5, 4], ["GELU"], *END],
    "GELU after Tanh": [["Linear", 5, 4], ["Tanh"], ["GELU"], *END],
    "LeakyReLU after ReLU": [["Linear", 5, 4], ["Tanh"], ["LeakyReLU", {"slope": 0.2}], *END],
    "Softmax inside": [["Linear", 5, 4], ["Tanh"], ["Softmax"], *END],
    "Dropout": [["Linear", 5, 4], ["Tanh"], ["Dropout", {"rate": 0.3}], *END],
    "Dropout twice": [
        ["Linear", 5, 9],
        ["Dropout", {"rate": 0.5}],
        ["Tanh"],
        ["Linear", 9, 4],
        ["ELU", {"alpha": 1.0}],
        ["Dropout", {"rate": 0.1}],
        *END,
    ],
    "BatchNorm1d": [
        ["Linear", 5, 4],
        ["BatchNorm1d", {"epsilon": 1e-5, "momentum": 0.1}],
        ["Tanh"],
        *END,
    ],
    "BatchNorm1d twice": [
        ["Linear", 5, 9],
        ["LeakyReLU", {"slope": 0.1}],
        ["BatchNorm1d", {"epsilon": 1e-5, "momentum": 0.1}],
        ["Linear", 9, 4],
        ["BatchNorm1d", {"epsilon": 1e-3, "momentum": 0.3}],
        ["GELU"],
        *END,
    ],
    "all": [
        ["Linear", 5, 9],
        ["BatchNorm1d", {"epsilon": 1e-5, "momentum": 0.1}],
        ["ReLU"],
        ["Dropout", {"rate": 0.2}],
        ["Linear", 9, 4],
        ["GELU"],
        *END,
    ],
}
PAPER = [["Linear", 5, 3], ["Tanh"], ["Linear", 3, 1], ["Sigmoid"]]
NUMBER = [["Linear", 5, 4], ["Tanh"], ["Linear", 4, 1]]
CLASSES = [["Linear", 5, 4], ["Tanh"], ["Linear", 4, 3], ["Softmax"]]
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
RECIPES = {
    "cross-entropy": (CLASSES, {"loss": "CrossEntropy"}),
    "cross-entropy from an activation": (
        [["Linear", 5, 3], ["ELU", {"alpha": 1.0}], ["Softmax"]],
        {"loss": "CrossEntropy"},
    ),
    "cross-entropy behind normalization": (
        [["Linear", 5, 3], ["BatchNorm1d", {"epsilon": 1e-5, "momentum": 0.1}], ["Softmax"]],
        {"loss": "CrossEntropy"},
    ),
    "squared error": (NUMBER, {"loss": "MeanSquaredError"}),
    "huber": (NUMBER, {"loss": "Huber", "loss_options": {"delta": 0.3}}),
    "weight decay": (PAPER, {"weight_decay": 0.05}),
    "nesterov": (PAPER, {"optimizer": "Nesterov", "weight_decay": 0.01}),
    "adam": (PAPER, {"optimizer": "Adam", "optimizer_options": ADAM, "weight_decay": 0.01}),
    "adamw": (PAPER, {"optimizer": "AdamW", "optimizer_options": ADAM, "weight_decay": 0.1}),
    "step": (PAPER, {"schedule": {"kind": "StepDecay", "parameters": {"every": 3, "factor": 0.5}}}),
    "cosine": (PAPER, {"schedule": {"kind": "CosineDecay", "parameters": {"minimum": 0.01}}}),
    "plateau": (
        PAPER,
        {
            "learning_rate": 1.0,
            "momentum": 0.0,
            "schedule": {
                "kind": "ReduceOnPlateau",
                "parameters": {"factor": 0.5, "patience": 0, "minimum": 0.1},
            },
        },
    ),
    "clipped": (PAPER, {"clip_norm": 0.01}),
    "shuffled": (PAPER, {"shuffle": "every_epoch"}),
    "shuffled classes": (CLASSES, {"loss": "CrossEntropy", "shuffle": "every_epoch"}),
}


def data_for(layers, rows):
    data = make_data(rows, layers[0][1])
    if layers[-1][0] == "Softmax":
        data["labels"] = np.arange(rows) % 3.0
        data["features"][:, 0] += 2.0 * data["labels"]
    elif layers[-1][0] == "Linear":
        data["labels"] = np.linspace(-1, 1, rows)[np.random.default_rng(1).permutation(rows)]
    return data


def sessions(layers, rows=200, dtype=np.float64, constant=True, team=1, plan=None, **settings):
    """The same training by the kernels and by the reference, at epoch 0."""
    spec, data = make_spec(layers, plan, **settings), data_for(layers, rows)
    trial = expand(spec, rows)[-1]
    layout, split = Layouts(data, [trial]).take(trial)
    kernels = KernelProgram(trial.chain, *recipe_kinds(spec), constant)
    return tuple(
        p.start(trial, layout, split, Stop(), None, team) for p in (kernels, NumpyProgram(dtype))
    )


def flat(session):
    return np.concatenate([p.ravel() for p in session.parameters().values()]).astype(float)


def assert_same(kernels, theirs, epochs, tolerance=5e-5):
    ours, expected = kernels.advance(epochs), theirs.advance(epochs)
    np.testing.assert_allclose(ours, expected, rtol=2 * tolerance)
    error = np.linalg.norm(flat(kernels) - flat(theirs)) / np.linalg.norm(flat(theirs))
    assert error < tolerance


CASES = {**{name: (layers, {}) for name, layers in LAYERS.items()}, **RECIPES}


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_part_in_kernels_equals_the_reference(name):
    layers, settings = CASES[name]
    kernels, theirs = sessions(layers, epochs=8, cost_every=1, **settings)
    assert_same(kernels, theirs, 8)
    split = kernels.split
    np.testing.assert_allclose(
        kernels.predict(kernels.layout, split.gap_begin, split.gap_end),
        theirs.predict(theirs.layout, split.gap_begin, split.gap_end),
        rtol=2e-5,
        atol=1e-6,
    )


@needs_compiler
@pytest.mark.parametrize("rows", [12, 64, 65, 130, 1100])
@pytest.mark.parametrize("name", ["BatchNorm1d twice", "Dropout twice", "shuffled", "all"])
def test_part_with_odd_rows_and_a_fold_equals_the_reference(name, rows):
    layers, settings = CASES[name]
    settings = {"epochs": 3, "batches": 3, "cost_every": 1, **settings}
    kernels, theirs = sessions(layers, rows, plan={"folds": 3}, **settings)
    assert_same(kernels, theirs, 3, 1e-4)


@needs_compiler
@pytest.mark.parametrize(
    "name", ["BatchNorm1d twice", "all", "cross-entropy", "adam", "plateau", "clipped", "shuffled"]
)
def test_part_by_teams_slices_and_variable_sizes_gives_the_same_bits(name):
    layers, settings = CASES[name]
    settings = {"epochs": 6, "batches": 3, "cost_every": 2, **settings}
    alone, _ = sessions(layers, 9000, **settings)
    together, _ = sessions(layers, 9000, team=3, **settings)
    variable, _ = sessions(layers, 9000, constant=False, **settings)
    assert together.team > 1
    costs = alone.advance(6)
    assert variable.advance(6) == costs
    assert [pair for end in (1, 2, 5, 6) for pair in together.advance(end)] == costs
    assert flat(alone).tobytes() == flat(together).tobytes() == flat(variable).tobytes()


@pytest.mark.parametrize("name", LAYERS)
def test_layer_gradient_equals_the_numeric_one(name):
    nodes = nodes_of(LAYERS[name])
    check_gradient(nodes, reference.LOSSES["BinaryCrossEntropy"], (), np.arange(12) % 2.0)


@pytest.mark.parametrize("kind", reference.LOSSES)
def test_loss_gradient_equals_the_numeric_one(kind):
    loss, options = reference.LOSSES[kind], (0.3,)
    layers = CLASSES[:-1] if loss.takes_in else PAPER if kind == "BinaryCrossEntropy" else NUMBER
    labels = np.arange(12) % 3.0 if loss.takes_in else np.arange(12) % 2.0
    check_gradient(nodes_of(layers), loss, options, labels)


def check_gradient(nodes, loss, options, labels):
    from dlaaw_nb.engine.chain import Chain

    rng = np.random.default_rng(5)
    chain = Chain(nodes)
    parameters = {name: rng.normal(size=shape) for name, shape in chain.shapes.items()}
    buffers = {name: np.ones(shape) for name, shape in chain.buffers.items()}
    x, t = rng.normal(size=(12, chain.sizes[0])), labels[:, None]
    seen = reference.Pass(True, 77, 3)

    def cost(values):
        z = reference.forward(nodes, {**values, **buffers}, x, seen)[-1]
        return loss.value(z, t, options).sum()

    values = reference.forward(nodes, {**parameters, **buffers}, x, seen)
    delta = loss.gradient(values[-1], t, options)
    found = reference.gradients(nodes, {**parameters, **buffers}, values, delta, seen)
    assert set(found) == set(chain.shapes)
    for name, array in parameters.items():
        for at in np.ndindex(array.shape):
            moved = [{**parameters, name: array.copy()} for _ in range(2)]
            for sign, part in zip((1, -1), moved):
                part[name][at] += sign * 1e-6
            numeric = (cost(moved[0]) - cost(moved[1])) / 2e-6
            assert found[name][at] == pytest.approx(numeric, rel=1e-5, abs=1e-6)


@needs_compiler
@pytest.mark.parametrize("name", ["adam", "cross-entropy", "BatchNorm1d"])
@pytest.mark.parametrize("fraction", [0.0, 0.2])
def test_early_stopping_keeps_the_best_epoch_as_the_reference_does(name, fraction):
    layers, settings = CASES[name]
    stopping = {"patience": 7, "min_delta": 0.0, "validation_fraction": fraction}
    settings = {**settings, "learning_rate": 3.0, "epochs": 4000, "early_stopping": stopping}
    kernels, theirs = sessions(layers, 90, batches=3, **settings)
    kernels.advance(4000)
    theirs.advance(4000)
    assert kernels.early
    assert kernels.epoch < 4000
    assert kernels.best_epoch == kernels.epoch - 8
    assert abs(kernels.best_epoch - theirs.best_epoch) < 20  # rounding may shift a tie
    assert bool(kernels.validation_costs) == (fraction > 0)


@needs_compiler
def test_early_stopping_in_slices_and_teams_gives_the_same_bits():
    stopping = {"patience": 5, "min_delta": 1e-4, "validation_fraction": 0.25}
    settings = {"epochs": 300, "batches": 2, "early_stopping": stopping, "learning_rate": 1.0}
    whole, _ = sessions(PAPER, 6000, **settings)
    slices, _ = sessions(PAPER, 6000, team=3, **settings)
    costs = whole.advance(300)
    found = []
    for end in range(7, 308, 7):
        found += slices.advance(min(end, 300))
        if slices.over:
            break
    assert found == costs
    assert whole.best_epoch == slices.best_epoch
    assert whole.validation_costs == slices.validation_costs
    assert flat(whole).tobytes() == flat(slices).tobytes()


def test_early_stopping_ends_the_trial_and_says_when():
    stopping = {"patience": 3, "min_delta": 10.0, "validation_fraction": 0.0}
    (found,) = trials(run(make_spec(PAPER, epochs=50, early_stopping=stopping), make_data(60, 5)))
    assert found["early_stopped"]
    assert not found["stopped"]
    assert (found["epochs_done"], found["best_epoch"]) == (4, 0)


@needs_compiler
def test_dropout_drops_its_share_and_a_prediction_drops_nothing():
    drawn = random.dropout(5, 2, 0, 4000, 50)
    assert (drawn < 0.3).mean() == pytest.approx(0.3, abs=0.005)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.06
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.06
    kernels, _ = sessions(LAYERS["Dropout"], epochs=1)
    first, second = (kernels.predict(kernels.layout, 0, 50) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 9, 100, 1000, 1024, 1025])
def test_shuffle_puts_every_row_once_and_differs_by_epoch(rows):
    orders = [random.shuffled(random.epoch_key(11, epoch), rows) for epoch in range(5)]
    for order in orders:
        assert sorted(order) == list(range(rows))
    if rows >= 100:
        assert len({order.tobytes() for order in orders}) == 5


def test_shuffle_treats_all_places_alike():
    hits = np.zeros((16, 16))
    for epoch in range(4000):
        hits[np.arange(16), random.shuffled(random.epoch_key(3, epoch), 16)] += 1
    assert abs(hits / 250 - 1).max() < 0.3


@needs_compiler
@pytest.mark.parametrize("rows", [2047, 4095, 280_001])
def test_batches_on_the_edge_of_a_chunk_equal_the_reference(rows):
    # Two batches that differ by one row: one of them alone would be cut into more chunks; and
    # chunks rounded up to whole lanes, of which the last are empty.
    settings = {"epochs": 2, "batches": 3, "cost_every": 1, "learning_rate": 0.5}
    kernels, theirs = sessions(PAPER, rows + rows // 2, **settings)
    together, _ = sessions(PAPER, rows + rows // 2, team=2, **settings)
    together.advance(2)
    assert_same(kernels, theirs, 2)
    assert flat(kernels).tobytes() == flat(together).tobytes()


@pytest.mark.parametrize("program", ["kernels", "numpy"])
def test_batch_norm_on_single_rows_is_refused_in_words(program, monkeypatch):
    if program == "numpy":
        monkeypatch.setenv("DLAAW_CPU", "numpy")
    with pytest.raises(PlanError, match="batches of 2 rows or more"):
        run(make_spec(LAYERS["BatchNorm1d"], batches=40), make_data(41, 5))


def test_early_stopping_without_rows_left_is_refused_in_words():
    stopping = {"patience": 3, "min_delta": 0.0, "validation_fraction": 0.9}
    with pytest.raises(PlanError, match="smaller validation_fraction"):
        run(make_spec(PAPER, batches=10, early_stopping=stopping), make_data(30, 5))
