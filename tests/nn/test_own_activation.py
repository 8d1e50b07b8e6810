"""Activations that a person writes in CUDA, with the real compiler."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import ClassVar

import cloudpickle
import numpy as np
import pytest
from engine_support import make_data
from idle_workers import gpu_on_processor, kill_idle

from dlaaw_nb import (
    BuildError,
    FormatError,
    KernelError,
    Linear,
    NetworkError,
    NNWorkflow,
    PlanError,
    ReLU,
    Sigmoid,
    TrustError,
    Workflow,
    datasets,
)
from dlaaw_nb.engine import build, reference, resources
from dlaaw_nb.engine.foreign import foreign_of, register_foreign
from dlaaw_nb.nn import catalogue
from dlaaw_nb.nn.layers import (
    SameWidthLayer,
    activation,
    activation_values,
    layer_kind,
    own,
    own_check,
    register_layer,
)
from dlaaw_nb.nn.layers.own_check import SourceError
from dlaaw_nb.nn.mapper import default_plan
from dlaaw_nb.targets import apart, gateway, submit
from dlaaw_nb.tasks import NNTrainer

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="needs a C++ compiler")

SWISH = """__device__ inline float gate(float x, float b) { return 1.0f / (1.0f + expf(-b * x)); }
__device__ float forward(float x, float beta) { return x * gate(x, beta); }
__device__ float backward(float x, float dy, float beta) {
  const float s = gate(x, beta);
  return dy * (s + beta * x * s * (1.0f - s));
}
"""
SQUARE = """
__device__ float forward(float x) { return 0.1f * x * x; }
__device__ float backward(float x, float dy) { return dy * 0.2f * x; }
"""


@pytest.fixture(autouse=True)
def _own_place(monkeypatch, tmp_path):
    """Let nothing that is trusted here outlive a test."""
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))


@pytest.fixture
def swish():
    return activation("Swish", SWISH, {"beta": 1.0})


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


def network(layer, **settings):
    return NNWorkflow([Linear(5, 3), layer, Linear(3, 1), Sigmoid()], epochs=60, **settings)


def same(ours, theirs):
    return all(np.array_equal(value, theirs[name]) for name, value in ours.items())


def test_layer_has_a_name_and_hyperparameters(swish):
    assert repr(swish(beta=2.0)) == "Swish(beta=2.0)"
    assert swish(2) == swish(beta=2.0) != swish()
    assert network(swish()).layers[1].name == "Swish1"
    assert layer_kind("Swish") is swish
    with pytest.raises(NetworkError, match=r"Swish: beta: expected a finite number, got 'much'"):
        swish(beta="much")


def test_values_are_those_of_the_formula(swish):
    x = np.linspace(-6, 6, 101).reshape(-1, 1)
    y, slope = activation_values(swish(beta=2.0), x)
    s = 1 / (1 + np.exp(-2 * x))
    np.testing.assert_allclose(y, x * s, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(slope, s + 2 * x * s * (1 - s), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:no C")  # told once in a process
def test_network_trains_by_kernels_as_by_numpy(swish, data, monkeypatch):
    ours = network(swish(beta=1.5)).train(data)
    assert ours.device["program"] == "kernels"
    assert ours.accuracy > 0.8
    monkeypatch.setenv("DLAAW_CPU", "numpy")
    theirs = network(swish(beta=1.5)).train(data)
    assert theirs.device["program"] != "kernels"
    for name, array in ours.model.parameters.items():
        np.testing.assert_allclose(array, theirs.model.parameters[name], rtol=1e-3, atol=1e-4)


def test_without_hyperparameters_functions_take_x_alone(data):
    square = activation("Square", SQUARE)
    assert network(square()).train(data).accuracy > 0.6
    assert repr(square()) == "Square()"


def test_large_network_trains_with_numpy_and_the_compiled_functions(swish, data):
    wide = NNWorkflow([Linear(5, 300), swish(), Linear(300, 1), Sigmoid()], epochs=5)
    assert wide.train(data).device["program"] != "kernels"


def test_relu_of_ones_own_gives_the_bits_of_relu(data):
    own_relu = activation(
        "Ramp",
        "__device__ float forward(float x) { return fmaxf(x, 0.0f); }\n"
        "__device__ float backward(float x, float dy) { return x > 0.0f ? dy : 0.0f; }",
    )
    ours, theirs = (network(layer).train(data).model.parameters for layer in (own_relu(), ReLU()))
    assert same(ours, theirs)


def test_own_exp_log_tanh_and_erf_are_the_kernels(data):
    for name, theirs in (("Tanh", "tanhf(x)"), ("GELU", "0.5f * x * (1 + erff(x * 0.70710678f))")):
        kind = layer_kind(name)
        source = f"__device__ float forward(float x) {{ return {theirs}; }}\n"
        source += "__device__ float backward(float x, float dy) { return 0; }"
        mine = activation(f"Own{name}", source, check=False)
        x = np.linspace(-4, 4, 4001)
        ours, _ = activation_values(mine(), x)
        reference, _ = activation_values(kind(), x)
        np.testing.assert_allclose(ours, reference, atol=5e-7)


def test_hyperparameter_is_swept(swish, data):
    layers = [network(swish(beta=beta)).layers for beta in (0.5, 1.0, 2.0)]
    sweep = network(swish()).sweep(data, layers=layers)
    alone = network(swish(beta=2.0)).train(data)
    assert same(sweep.points[2].trials[0].model.parameters, alone.model.parameters)


# Mistakes


def test_refused_source_is_told_by_line():
    with pytest.raises(
        SourceError, match=r"(?s)activation Swish: line 1: .*expft.*\n +__device"
    ) as e:
        activation("Swish", SWISH.replace("expf", "expft"), {"beta": 1.0})
    assert e.value.line == 1
    with pytest.raises(SourceError, match="line 12: "):
        activation("Swish", SWISH.replace("* gate", "gate"), {"beta": 1.0}, first_line=11)


def test_wrong_signature_says_what_is_expected():
    wanted = r"expected __device__ float forward\(float x, float beta\) and .*float dy, float beta"
    with pytest.raises(SourceError, match=wanted):
        activation("Square", SQUARE, {"beta": 1.0})


def test_unbalanced_brace_is_told():
    with pytest.raises(SourceError, match="activation Square: "):
        activation("Square", SQUARE.rstrip()[:-1])


def test_wrong_derivative_is_told_with_x_and_both_numbers():
    wrong = SWISH.replace("1.0f - s", "1.02f - s")
    told = r"at x = [-.\d]+ \(beta = 1\) with dy = 1 it gave [\d.]+, expected [\d.]+, which is dy"
    with pytest.raises(NetworkError, match=told):
        activation("Swish", wrong, {"beta": 1.0})
    activation("Swish", wrong, {"beta": 1.0}, check=False)


def test_derivative_that_forgets_dy_is_told():
    with pytest.raises(NetworkError, match=r"with dy = -0\.5 it gave"):
        activation("Square", SQUARE.replace("dy * 0.2f", "0.2f"))


def test_numbers_that_are_not_finite_are_told():
    source = SQUARE.replace("0.1f * x * x", "logf(x)").replace("dy * 0.2f * x", "dy / x")
    with pytest.raises(NetworkError, match=r"forward gave nan at x = -0\.17"):
        activation("Log", source)


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        ("fmaxf(x, 0.0f)", "x > 0.0f ? dy : 0.0f"),
        ("fabsf(x - 0.09f)", "x > 0.09f ? dy : -dy"),  # a corner beside a point that is looked at
        ("x < -1.66f ? 0.0f : 1.0f + x", "x < -1.66f ? 0.0f : dy"),  # a jump
        ("fminf(fmaxf(x, -1.0f), 1.0f)", "fabsf(x) < 1.0f ? dy : 0.0f"),
        ("sinf(x)", "dy * cosf(x)"),
        ("expf(x)", "dy * expf(x)"),
        ("tanhf(logf(1.0f + expf(x))) * x", ""),
        ("x * x * x", "dy * 3.0f * x * x"),
        ("x / (1.0f + fabsf(x))", "dy / ((1.0f + fabsf(x)) * (1.0f + fabsf(x)))"),
    ],
)
def test_right_derivatives_pass(forward, backward):
    mish = (
        "const float e = expf(x), t = tanhf(logf(1.0f + e)); "
        "return dy * (t + x * (1.0f - t * t) * e / (1.0f + e));"
    )
    body = f"return {backward};" if backward else mish
    activation(
        "Shape",
        f"__device__ float forward(float x) {{ return {forward}; }}\n"
        f"__device__ float backward(float x, float dy) {{ {body} }}",
    )


@pytest.mark.parametrize(
    ("name", "source", "given", "told"),
    [
        ("ReLU", SQUARE, {}, "dlaaw_nb.nn.layers.activations has a layer of that name"),
        ("a-b", SQUARE, {}, "expected a name of letters and digits"),
        ("class", SQUARE, {}, "expected a name of letters and digits"),
        ("Square", "", {}, "expected CUDA source with the functions forward and backward"),
        ("Square", SQUARE, {"name": 1.0}, "hyperparameter 'name': expected"),
        ("Square", SQUARE, {"beta": "x"}, "beta: expected a finite number"),
        ("Square", "\n#include <cmath>\n" + SQUARE, {}, "line 2: #include is not for"),
    ],
)
def test_bad_definition_is_refused(name, source, given, told):
    with pytest.raises(NetworkError, match=told):
        activation(name, source, given)


def test_without_a_compiler_the_error_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(BuildError, match=r"activation Lonely: .* compiler.*Install one"):
        activation("Lonely", SQUARE.replace("0.1f", "0.10f"))


# Anew, and elsewhere


def test_cell_that_runs_again_replaces_the_class_and_leaves_models_alone(swish, data):
    before = network(swish()).train(data).model
    told = before.predict(data).probabilities
    doubled = activation("Swish", SWISH.replace("expf(-b ", "expf(-2.0f * b ").replace(
        "s + beta", "s + 2.0f * beta"), {"beta": 1.0})  # fmt: skip
    assert layer_kind("Swish") is doubled is not swish
    after = network(doubled()).train(data).model
    assert same(after.parameters, network(swish(beta=2.0)).train(data).model.parameters)
    np.testing.assert_array_equal(before.predict(data).probabilities, told)
    assert activation("Swish", SWISH, {"beta": 1.0}) is swish


def test_both_versions_stand_in_one_network(swish, data):
    other = activation("Swish", SWISH + "// another\n", {"beta": 1.0})
    both = NNWorkflow([Linear(5, 3), swish(), Linear(3, 2), other(), Linear(2, 1), Sigmoid()])
    assert len(both.spec()["activations"]) == 2
    assert both.replace(epochs=5).train(data).model.layers == both.layers
    assert NNWorkflow.from_spec(both.spec()) == both


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


def test_layers_are_copied_and_pickled(swish, data):
    layer = network(swish(beta=3.0)).layers[1]
    for again in (copy.copy(layer), copy.deepcopy(layer), pickled(layer)):
        assert (again, again.name, again.out_features) == (layer, "Swish1", 3)
    assert cloudpickle.loads(cloudpickle.dumps(network(swish()))) == network(swish())


def test_fingerprint_follows_the_source(swish):
    other = activation("Swish", SWISH + "// another\n", {"beta": 1.0})
    assert network(swish()).fingerprint() == network(swish()).fingerprint()
    assert network(swish()).fingerprint() != network(other()).fingerprint()


ELSEWHERE = """
import sys
import threading
from dlaaw_nb import Model, NNWorkflow, TrustError, datasets
path, kind, trust = sys.argv[1:]
try:
    loaded = {"model": Model, "network": NNWorkflow}[kind].load(path, trust=trust == "yes")
except TrustError as error:
    print("refused:", error)
else:
    if kind == "network":
        loaded = loaded.train(datasets.load("breast_cancer")).model
    print(loaded.predict(datasets.load("breast_cancer")).probabilities[:3].tolist())
"""


def elsewhere(path, kind, trust, place):
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(path), kind, trust],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "DLAAW_TRUST": str(place)},
    )
    return done.stdout.strip()


def test_saved_model_loads_in_another_process_once_it_is_trusted(swish, data, tmp_path):
    model = network(swish()).train(data).model
    file, stranger = model.save(tmp_path / "m.json"), tmp_path / "stranger"
    told = str(model.predict(data).probabilities[:3].tolist())
    assert elsewhere(file, "model", "no", tmp_path / "trust") == told  # saved here
    refused = elsewhere(file, "model", "no", stranger)
    assert refused.startswith("refused: ")
    assert "carries CUDA source of Swish" in refused
    assert "trust=True" in refused
    assert elsewhere(file, "model", "yes", stranger) == told
    assert elsewhere(file, "model", "no", stranger) == told  # from now on


def test_saved_network_loads_in_another_process(swish, data, tmp_path):
    net = network(swish())
    file = net.save(tmp_path / "n.json")
    told = str(net.train(data).model.predict(data).probabilities[:3].tolist())
    assert elsewhere(file, "network", "yes", tmp_path / "stranger") == told


def test_source_of_a_file_is_never_compiled_before_it_is_trusted(swish, data, monkeypatch):
    spec = network(swish()).spec()
    spec["activations"][0]["source"] += "// of a stranger\n"
    definition = own.definition_of("Swish", spec["activations"][0]["source"], {"beta": 1.0})
    spec["layers"]["nodes"][1]["kind"] = definition.kind
    network_of_file = NNWorkflow.from_spec(json.dumps(spec))
    monkeypatch.setattr(build, "library", lambda *_, **__: pytest.fail("compiled"))
    for use in (
        lambda: network_of_file.train(data),
        lambda: network_of_file.cross_validate(data),
        lambda: network_of_file.sweep(data, epochs=[1, 2]),
        lambda: network(swish()).sweep(data, layers=[network_of_file.layers]),
        lambda: activation_values(network_of_file.layers[1], [1.0]),
    ):
        with pytest.raises(TrustError, match="CUDA source of Swish"):
            use()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"source": "#include <x>"}, r"activations\[0\]: activation Swish: line 1: #include"),
        ({"name": "Swish; evil"}, r"activations\[0\]: .*letters and digits"),
        ({"source": 5}, r"activations\[0\].source"),
    ],
)
def test_hostile_file_is_refused(swish, change, told):
    spec = network(swish()).spec()
    spec["activations"][0].update(change)
    with pytest.raises(FormatError, match=told):
        NNWorkflow.from_spec(json.dumps(spec))


def a_flow(task):
    flow = Workflow("flow")
    task = flow.add(task, dataset=flow.input("data", type="dataset"))
    flow.output("model", task["model"])
    return flow


@pytest.mark.parametrize("wrapped", [False, True], ids=["network", "trainer"])
def test_workflow_file_with_source_runs_once_it_is_trusted(
    wrapped, swish, data, tmp_path, monkeypatch
):
    net = network(swish())
    expected = net.train(data).model.parameters
    file = a_flow(NNTrainer(net) if wrapped else net).save(tmp_path / "f.dlaaw")
    plain = network(ReLU())
    harmless = a_flow(NNTrainer(plain) if wrapped else plain).save(tmp_path / "h.dlaaw")
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "stranger"))
    own.TRUSTED.clear()
    settings = {"executor": "serial", "store": tmp_path / "store"}
    assert Workflow.load(harmless).run(data=data, **settings).outputs["model"]
    again = Workflow.load(file)
    with pytest.raises(TrustError, match=r"task \w+ .*runs a command or sends data"):
        again.run(data=data, **settings)
    again.trust()
    assert same(again.run(data=data, **settings).outputs["model"].parameters, expected)


@pytest.fixture
def beside(monkeypatch):
    """Let the target gpu's service use a worker process on the processor."""
    monkeypatch.setattr(gateway, "_service", lambda _: gpu_on_processor())
    yield
    kill_idle()


def test_worker_process_trains_what_only_this_one_knows(swish, data, beside, monkeypatch):
    net = network(swish(beta=2.0))
    theirs = net.train(data, target="gpu")
    monkeypatch.undo()
    ours = net.train(data)
    assert theirs.device["program"] == "kernels"
    assert same(theirs.model.parameters, ours.model.parameters)


def test_worker_process_learns_what_a_cell_makes_anew(swish, data, beside):
    first = network(swish()).train(data, target="gpu").model.parameters
    other = activation("Swish", SWISH.replace("expf(-b ", "expf(-2.0f * b ").replace(
        "s + beta", "s + 2.0f * beta"), {"beta": 1.0})  # fmt: skip
    assert not same(network(other()).train(data, target="gpu").model.parameters, first)
    sweep = network(swish()).sweep(
        data, layers=[network(kind()).layers for kind in (swish, other)], target="gpu"
    )
    assert same(sweep.points[0].trials[0].model.parameters, first)


def test_worker_process_trains_layers_of_other_packages(data, beside, monkeypatch):
    kinds = (reference.LAYERS, resources._ADDED)
    before = [dict(place) for place in kinds]
    header = resources.kernel_source("layers/dropout.cuh")
    header = header.replace("struct Dropout", "struct Fallout")

    @dataclass(frozen=True, repr=False)
    class Fallout(SameWidthLayer):
        cuda_source: ClassVar[str] = header
        reference: ClassVar = reference.LAYERS["Dropout"]
        rate: float = 0.25

    try:
        net = network(register_layer(Fallout)())
        theirs = net.train(data, target="gpu").model.parameters
        monkeypatch.undo()
        assert same(theirs, net.train(data).model.parameters)
    finally:
        for place, known in zip(kinds, before, strict=True):
            place.clear()
            place.update(known)


ENDLESS = "volatile int zero = 0; while (zero == 0 && {condition}) {{}}"
FATAL = "if ({condition}) *(volatile float*)0 = 1;"


def spoiled(name, body, condition, **given):
    """Make one that does something bad where the condition holds."""
    rest = "".join(f", float {option}" for option in given)
    begin = body.format(condition=condition)
    return activation(
        name,
        f"__device__ float forward(float x{rest}) {{ {begin} return x; }}\n"
        f"__device__ float backward(float x, float dy{rest}) {{ return dy; }}\n",
        given,
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [(ENDLESS, "did not come to an end within 2 s"), (FATAL, r"ended its process \(signal 11\)")],
)
def test_function_that_spoils_its_process_is_refused(body, told, monkeypatch):
    monkeypatch.setattr(own_check, "_LIMIT_S", 2.0)
    with pytest.raises(NetworkError, match=f"called with x from -19.9844 to 19.9844, it {told}"):
        spoiled("Spoils", body, "x > 19.0f")


def test_function_that_spoils_its_process_with_the_data_is_an_error(data):
    net = network(spoiled("Sometimes", FATAL, "x != 0.0f && x > -0.01f && x < 0.01f")())
    told = r"trial 0 was lost .*was ended by SIGSEGV. Look at forward and backward of Sometimes"
    with pytest.raises(KernelError, match=told):
        net.train(data)


def test_setting_that_spoils_its_process_costs_no_other(data):
    kind = spoiled("Setting", FATAL, "beta > 2.0f", beta=1.0)
    layers = [network(kind(beta=beta)).layers for beta in (1, 3, 2)]
    with pytest.warns(RuntimeWarning) as told:
        sweep = network(kind()).sweep(data, layers=layers)
    assert any("trial 1 was lost to a fault of code of your own" in str(w.message) for w in told)
    assert [len(point.trials) for point in sweep.points] == [1, 1]


def test_function_without_an_end_is_stopped(data):
    kill_idle()
    kind = spoiled("Forever", ENDLESS, "beta > 2.0f", beta=1.0)
    jobs = [
        submit(network(kind(beta=beta)).spec(default_plan()), make_data(60, 5)) for beta in (1, 3)
    ]
    assert jobs[0].wait(30)
    assert jobs[0].state == "finished"  # all is compiled from here on
    threading.Timer(1.0, jobs[1].cancel).start()
    assert jobs[1].wait(10)
    assert jobs[1].state == "cancelled"
    assert len(apart._idle.waiting) == 1  # the other one had to be killed
    kill_idle()


def test_palette_and_canvas_know_it(swish):
    (info,) = [info for info in catalogue.layers() if info["kind"] == "Swish"]
    assert info["group"] == "Your own"
    assert [parameter["name"] for parameter in info["parameters"]] == ["beta"]
    drawn = network(ReLU()).spec()
    node = drawn["layers"]["nodes"][1]
    node.update(id="Swish1", kind="Swish", parameters={"beta": 2.0})  # as a canvas writes it
    drawn["layers"]["edges"] = [
        ["Linear1", "Swish1"],
        ["Swish1", "Linear2"],
        ["Linear2", "Sigmoid1"],
    ]
    assert NNWorkflow.from_spec(drawn) == network(swish(beta=2.0))


def test_nothing_travels_with_shipped_layers():
    assert foreign_of(network(ReLU()).spec()) == {}


@pytest.mark.parametrize("kind", ["../../evil", "a b", ""])
def test_kind_that_is_no_word_is_refused(kind):
    with pytest.raises(PlanError, match="no kind of layer"):
        register_foreign({kind: {"source": ""}})
