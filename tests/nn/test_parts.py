"""Losses, optimizers, schedules and early stopping as a person gives them."""

from __future__ import annotations

import pytest

from dlaaw_nb import (
    SGD,
    Adam,
    AdamW,
    BinaryCrossEntropy,
    CosineDecay,
    CrossEntropy,
    EarlyStopping,
    Huber,
    Linear,
    MeanSquaredError,
    NetworkError,
    NNWorkflow,
    ReduceOnPlateau,
    ReLU,
    Sigmoid,
    Softmax,
    StepDecay,
    Tanh,
)
from dlaaw_nb.nn.losses import Loss
from dlaaw_nb.nn.optimizers import Optimizer, Schedule
from dlaaw_nb.nn.parts import as_part, part_kinds

BODY = [Linear(5, 4), Tanh(), Linear(4, 1)]


def network(**settings):
    return NNWorkflow([*BODY, Sigmoid()], **settings)


@pytest.mark.parametrize(
    ("role", "given", "part"),
    [
        (Optimizer, "adam", Adam()),
        (Optimizer, "Adam-W", AdamW()),
        (Optimizer, SGD, SGD()),
        (Optimizer, "Adam(beta1=0.5, epsilon=1e-6)", Adam(beta1=0.5, epsilon=1e-6)),
        (Schedule, "cosine decay", CosineDecay()),
        (Schedule, "StepDecay(10, 0.9)", StepDecay(10, 0.9)),
        (Loss, "mean_squared_error", MeanSquaredError()),
        (Loss, "Huber(delta=2)", Huber(2.0)),
        (EarlyStopping, "EarlyStopping(patience=3)", EarlyStopping(3)),
    ],
)
def test_part_by_name_class_or_call_is_that_part(role, given, part):
    assert as_part(role, given) == part


@pytest.mark.parametrize(
    ("role", "given", "message"),
    [
        (Optimizer, "adan", "Did you mean Adam"),
        (Optimizer, 3, "optimizer: expected Adam, AdamW, Nesterov, SGD, or its name, got 3"),
        (Optimizer, "Adam(beta9=1)", "Adam takes beta1, beta2, epsilon"),
        (Optimizer, "Adam(beta1=1)", "Adam: beta1: expected a number from 0 to below 1"),
        (Optimizer, "Adam(__import__('os').getcwd())", "expected a call such as"),
        (Optimizer, "Adam)(", "expected a call such as"),
        (Schedule, "StepDecay(every=0)", "StepDecay: every"),
        (Schedule, "StepDecay(factor=1)", "above 0 and below 1"),
        (Schedule, "ReduceOnPlateau(minimum=0)", "at 0 a training stands still"),
        (Loss, "Huber(delta=0)", "Huber: delta: expected a number above 0"),
        (EarlyStopping, "EarlyStopping(validation_fraction=1)", "a share from 0 to below 1"),
        (EarlyStopping, "EarlyStopping(patience=0)", "patience"),
    ],
)
def test_part_that_is_none_is_refused_in_words(role, given, message):
    with pytest.raises(NetworkError, match=message):
        as_part(role, given)


def test_part_kinds_are_those_that_the_kernels_have():
    from dlaaw_nb.engine import reference, resources

    kernels = {
        (Loss, "losses"): reference.LOSSES,
        (Optimizer, "optimizers"): reference.OPTIMIZERS,
        (Schedule, "schedules"): reference.SCHEDULES,
    }
    for (role, folder), known in kernels.items():
        names = set(part_kinds(role))
        assert names == set(known)
        assert {f"{folder}/{name.lower()}.cuh" for name in names} == {
            name for name in resources.kernel_names() if name.startswith(folder)
        }


def test_loss_follows_from_the_last_layer():
    assert network().loss == BinaryCrossEntropy()
    classes = NNWorkflow([Linear(5, 3), Softmax()])
    assert classes.loss == CrossEntropy()
    assert classes.replace(layers=[Linear(5, 1), Sigmoid()]).loss == BinaryCrossEntropy()
    assert NNWorkflow(BODY, loss="Huber").loss.task == "regression"


@pytest.mark.parametrize(
    ("layers", "loss", "message"),
    [
        ([Linear(5, 3), Sigmoid()], None, "end with Softmax"),
        (BODY, None, "loss='MeanSquaredError'"),
        ([Linear(5, 3)], "CrossEntropy", "Append Softmax"),
        ([Linear(5, 1), Softmax()], "CrossEntropy", r"End with Linear\(n, classes\), Softmax"),
        ([Linear(5, 3)], "MeanSquaredError", r"End with Linear\(5, 1\)"),
        ([Linear(5, 3), Softmax()], "Huber", "needs one output"),
        ([Linear(5, 3), ReLU()], "BinaryCrossEntropy", "needs one output between 0 and 1"),
    ],
)
def test_loss_that_does_not_fit_the_end_is_refused_with_the_mend(layers, loss, message):
    with pytest.raises(NetworkError, match=message):
        NNWorkflow(layers, loss=loss)


def test_learning_rate_by_default_is_the_optimizers():
    assert network().learning_rate == 0.1
    assert network(optimizer="Adam").learning_rate == 0.001
    assert network(optimizer="Adam", learning_rate=0.02).learning_rate == 0.02
    assert "momentum" not in network(optimizer="Adam").spec()["optimizer"]["parameters"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": StepDecay(1, 0.1)}, "to 0 by epoch 11 of 1000"),
        ({"schedule": CosineDecay(0.5)}, "ends above the learning rate 0.1"),
        ({"schedule": ReduceOnPlateau(minimum=1.0)}, "ends above the learning rate"),
        ({"clip_norm": 0}, "clip_norm: expected a number above 0, or None"),
        ({"weight_decay": -1}, "weight_decay: expected a number from 0"),
        ({"shuffle": "often"}, "expected True, False or 'every_epoch'"),
        ({"early_stopping": 0}, "early_stopping: patience"),
    ],
)
def test_recipe_that_comes_to_nothing_is_refused(settings, message):
    with pytest.raises(NetworkError, match=message):
        network(**settings)


def test_early_stopping_by_number_is_its_patience():
    assert network(early_stopping=7).early_stopping == EarlyStopping(patience=7)
    assert network(early_stopping=7).replace(early_stopping=None).early_stopping is None
