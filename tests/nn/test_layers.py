import pickle
from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest

from dlaaw_nb import (
    ELU,
    GELU,
    BatchNorm1d,
    Dropout,
    LeakyReLU,
    Linear,
    NetworkError,
    NNWorkflow,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from dlaaw_nb.nn.hyperparameters import MAX_FEATURES
from dlaaw_nb.nn.layers import ElementwiseLayer, layer_kind, layer_kinds, register_layer
from dlaaw_nb.workflow import Task, Workflow


@pytest.mark.parametrize("bad", [0, -1, 3.0, True, np.True_, "3", None, 10**400, MAX_FEATURES + 1])
@pytest.mark.parametrize("side", ["in_features", "out_features"])
def test_linear_width_out_of_range_is_refused(side, bad):
    with pytest.raises(NetworkError, match=f"Linear: {side}: expected a whole number from 1"):
        Linear(**{"in_features": 5, "out_features": 3, side: bad})


def test_linear_numpy_widths_become_plain_ints():
    layer = Linear(np.int64(5), np.uint8(3))
    assert type(layer.in_features) is type(layer.out_features) is int
    assert repr(layer) == "Linear(5, 3)"


def test_linear_parameters_have_pytorch_shapes():
    assert Linear(5, 3).parameter_shapes == {"weight": (3, 5), "bias": (3,)}
    assert Linear(5, 3).parameter_count == 18
    assert ReLU().parameter_shapes == {}


def test_layers_are_tasks_with_one_input_and_one_output():
    layer = Linear(5, 3)
    assert isinstance(layer, Task)
    assert (layer.input().name, layer.input().shape) == ("input", (None, 5))
    assert (layer.output().name, layer.output().shape) == ("output", (None, 3))


def test_layers_equal_by_kind_and_hyperparameters():
    assert Linear(5, 3) == Linear(5, 3)
    assert hash(Linear(5, 3)) == hash(Linear(5, 3))
    assert Linear(5, 3) != Linear(5, 4)
    assert ReLU() == ReLU()
    assert ReLU() != Tanh()
    assert Linear(5, 3).placed("Linear1") == Linear(5, 3)


def test_layers_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Linear(5, 3).in_features = 4


@pytest.mark.parametrize(
    "layer",
    [
        Linear(5, 3),
        ReLU(),
        Tanh(),
        Sigmoid(),
        LeakyReLU(0.2),
        ELU(0.5),
        GELU(),
        Softmax(),
        Dropout(0.1),
        BatchNorm1d(epsilon=1e-3),
    ],
)
def test_layers_repr_makes_them_again_and_pickle_keeps_them(layer):
    names = {kind: layer_kind(kind) for kind in layer_kinds()}
    assert eval(repr(layer), names) == layer  # noqa: S307 - our own repr
    assert pickle.loads(pickle.dumps(layer)) == layer  # noqa: S301 - our own bytes


def test_layers_in_a_workflow_refuse_other_widths():
    workflow = Workflow()
    workflow.add(Linear(5, 3))
    workflow.add(Linear(4, 1))
    with pytest.raises(ValueError, match=r"Linear1\.output -> Linear2\.input: expected shape"):
        workflow.connect("Linear1", "Linear2")


def test_layer_kinds_are_found_by_name():
    assert {"Linear", "ReLU", "Sigmoid", "Tanh"} <= set(layer_kinds())
    assert layer_kind("Tanh") is Tanh


def test_layer_kind_unknown_lists_the_known():
    with pytest.raises(NetworkError, match=r"'Convolution': not known. Choose one of .*Linear"):
        layer_kind("Convolution")


def test_register_layer_name_of_another_module_is_refused():
    foreign = type("Linear", (ElementwiseLayer,), {})
    with pytest.raises(NetworkError, match="Choose another name"):
        register_layer(foreign)
    assert layer_kind("Linear") is Linear


def test_register_layer_something_else_is_refused():
    with pytest.raises(NetworkError, match="expected a class of layers"):
        register_layer(Linear(5, 3))


def test_register_layer_new_kind_travels_through_a_spec():
    @register_layer
    @dataclass(frozen=True, repr=False)
    class Leaky(ElementwiseLayer):
        slope: float = 0.01

    network = NNWorkflow([Linear(2, 2), Leaky(0.2), Linear(2, 1), Sigmoid()])
    assert repr(network.layers[1]) == "Leaky(slope=0.2)"
    again = NNWorkflow.from_spec(network.spec())
    assert again == network
    assert again.layers[1].slope == 0.2
    assert NNWorkflow([Linear(2, 2), Leaky(0.3), Linear(2, 1), Sigmoid()]) != network


PLUGIN = '''
from dataclasses import dataclass
from dlaaw_nb.nn.layers import ElementwiseLayer

@dataclass(frozen=True, repr=False)
class Swoosh(ElementwiseLayer):
    """A layer of another package."""
'''


def install(folder, entry):
    """Lay out an installed package as pip does, with an entry point for a layer."""
    (folder / "swoosh_plugin.py").write_text(PLUGIN)
    info = folder / "swoosh_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: swoosh-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[dlaaw_nb.layers]\n{entry}\n")


def test_layer_kind_of_another_package_is_found_by_entry_point(tmp_path, monkeypatch):
    install(tmp_path, "Swoosh = swoosh_plugin:Swoosh")
    monkeypatch.syspath_prepend(tmp_path)
    assert "Swoosh" not in layer_kinds()
    assert layer_kind("Swoosh")().kind == "Swoosh"
    assert "Swoosh" in layer_kinds()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("Whoosh = swoosh_plugin:Swoosh", "must be the name of the class"),
        ("Whoosh = swoosh_plugin:Missing", "could not be imported"),
        ("Whoosh = no_such_module_here:Whoosh", "could not be imported"),
    ],
)
def test_layer_kind_broken_entry_point_is_named(tmp_path, monkeypatch, entry, reason):
    install(tmp_path, entry)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NetworkError, match=f"'Whoosh'.*{reason}"):
        layer_kind("Whoosh")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dropout(1), "Dropout: rate: expected a share from 0 to below 1"),
        (lambda: Dropout(-0.1), "Dropout: rate"),
        (lambda: LeakyReLU(1.0), "LeakyReLU: slope"),
        (lambda: ELU(0), "ELU: alpha: expected a number above 0"),
        (lambda: BatchNorm1d(epsilon=0), "BatchNorm1d: epsilon"),
        (lambda: BatchNorm1d(momentum=1.5), "BatchNorm1d: momentum"),
    ],
)
def test_layer_hyperparameter_out_of_range_is_refused(make, message):
    with pytest.raises(NetworkError, match=message):
        make()


def test_batch_norm_counts_what_it_trains_and_keeps_the_rest():
    network = NNWorkflow([Linear(5, 4), BatchNorm1d(), ReLU(), Linear(4, 1), Sigmoid()])
    assert network.layers[1].parameter_count == 8
    assert "BatchNorm1d1.running_mean" not in network.parameter_shapes
    assert network.array_shapes["BatchNorm1d1.running_variance"] == (4,)
