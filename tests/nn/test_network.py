import copy
import pickle
from html.parser import HTMLParser

import numpy as np
import pytest

from dlaaw_nb import Linear, NetworkError, NNWorkflow, ReLU, Sigmoid, Tanh
from dlaaw_nb.nn.hyperparameters import MAX_LAYERS
from dlaaw_nb.nn.losses import BinaryCrossEntropy
from dlaaw_nb.nn.optimizers import SGD
from dlaaw_nb.workflow import Task, Workflow


def layers():
    return [Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]


@pytest.fixture
def network():
    return NNWorkflow(layers())


class SampleNNWorkflow(NNWorkflow):
    """The paper's Listing 1."""

    learning_rate = 0.05

    def design(self):
        self.sequential(layers(), 5, 1000)


# ---- layers ----


def test_network_layers_are_named_by_kind_and_count(network):
    assert [layer.name for layer in network.layers] == ["Linear1", "ReLU1", "Linear2", "Sigmoid1"]
    assert [layer.out_features for layer in network.layers] == [3, 3, 1, 1]
    assert (network.in_features, network.out_features, network.hidden) == (5, 1, (3,))
    assert network.parameter_count == 5 * 3 + 3 + 3 + 1
    assert list(network.parameter_shapes) == [
        "Linear1.weight", "Linear1.bias", "Linear2.weight", "Linear2.bias",
    ]  # fmt: skip


def test_network_same_layer_object_twice_gets_two_names():
    relu, square = ReLU(), Linear(4, 4)
    network = NNWorkflow([square, relu, square, relu, Linear(4, 1), Sigmoid()])
    other = NNWorkflow([Linear(2, 7), relu, Linear(7, 1), Sigmoid()])
    assert [layer.name for layer in network.layers][:4] == ["Linear1", "ReLU1", "Linear2", "ReLU2"]
    assert (network.layers[1].in_features, other.layers[1].in_features) == (4, 7)
    assert (relu.name, relu.in_features) == ("", None)


def test_network_layers_of_another_network_are_fitted_anew(network):
    other = NNWorkflow([Linear(2, 7), network.layers[1], Linear(7, 1), Sigmoid()])
    assert other.layers[1].in_features == 7


def test_network_widths_that_differ_name_both_layers_and_the_mend():
    with pytest.raises(NetworkError) as caught:
        NNWorkflow([Linear(5, 3), ReLU(), Linear(4, 1), Sigmoid()])
    assert str(caught.value) == (
        "Linear2: expected 4 input features, but ReLU1 puts out 3. Write Linear(3, 1)."
    )


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([ReLU(), Linear(3, 1), Sigmoid()], r"ReLU1: .* Begin with Linear\(n, \.\.\.\)"),
        ([], "at least one layer, got none"),
        ([Linear(5, 1), Sigmoid], r"layers\[1\]: .* Write Sigmoid\(\)"),
        ([Linear(5, 1), [Sigmoid()]], r"layers\[1\]: .* one flat list"),
        ([Linear(5, 1), "Sigmoid"], r"layers\[1\]: expected a layer, got 'Sigmoid'"),
        ("Linear", "expected a list of layers, got 'Linear'"),
        (Linear(5, 1), "expected a list of layers, got Linear"),
        ([Linear(5, 3)], r"Linear1 puts out 3\. Append Linear\(3, 1\), Sigmoid\(\)"),
        ([Linear(5, 1)], r"Append Sigmoid\(\)"),
        ([Linear(5, 1), Tanh()], r"Append Sigmoid\(\)"),
        ([Linear(5, 3), Sigmoid()], r"Write Linear\(5, 1\) for Linear1"),
        ([Linear(2**24, 2**24), Linear(2**24, 1), Sigmoid()], "at most 33,554,432 parameters"),
        ([Linear(1, 1)] * MAX_LAYERS + [Sigmoid()], "at most 1000 layers"),
    ],
)
def test_network_bad_layers_are_refused_with_the_mend(bad, message):
    with pytest.raises(NetworkError, match=message):
        NNWorkflow(bad)


# ---- hyperparameters ----


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("batches", 1), ("batches", 6.0), ("batches", True), ("batches", 10**10),
        ("epochs", 0), ("epochs", -5), ("epochs", "10"), ("epochs", 10**400),
        ("learning_rate", 0), ("learning_rate", -0.1), ("learning_rate", float("nan")),
        ("learning_rate", float("inf")), ("learning_rate", "0.1"), ("learning_rate", True),
        ("learning_rate", 10**400), ("learning_rate", [0.1]),
        ("momentum", 1), ("momentum", -0.1), ("momentum", float("nan")),
        ("seed", -1), ("seed", 2**64), ("seed", 1.0),
        ("shuffle", 1), ("shuffle", "yes"),
        ("normalize", "max"), ("normalize", 3), ("normalize_on", "test"),
        ("cost_every", 0), ("name", ""), ("name", "a\nb"), ("name", 5), ("name", "x" * 201),
    ],
)  # fmt: skip
def test_network_hyperparameter_out_of_range_is_refused(name, bad, network):
    with pytest.raises(NetworkError, match=f"^{name}: expected .*, got "):
        NNWorkflow(layers(), **{name: bad})
    with pytest.raises(NetworkError, match=f"^{name}: expected .*, got "):
        network.replace(**{name: bad})


def test_network_hyperparameters_at_their_edges_are_taken():
    network = NNWorkflow(
        layers(), batches=2, epochs=1, learning_rate=1e-30, momentum=0, seed=2**64 - 1, cost_every=1
    )
    assert network.hyperparameters["seed"] == 2**64 - 1
    assert type(network.momentum) is float


def test_network_numpy_values_become_plain():
    network = NNWorkflow(
        layers(), epochs=np.int64(7), learning_rate=np.float32(0.5), shuffle=np.bool_(False)
    )
    assert (type(network.epochs), type(network.learning_rate)) == (int, float)
    assert network.shuffle is False


def test_network_loss_and_optimizer_follow_from_it(network):
    assert network.loss == BinaryCrossEntropy()
    assert network.optimizer == SGD()


def test_network_is_fixed_once_made(network):
    with pytest.raises(NetworkError, match=r"Write network = network\.replace\(epochs=\.\.\.\)"):
        network.epochs = 5
    assert network.epochs == 1000


# ---- replace ----


def test_replace_changes_the_copy_only(network):
    other = network.replace(learning_rate=0.5, name="fast")
    assert (other.learning_rate, other.name) == (0.5, "fast")
    assert (network.learning_rate, network.name) == (0.1, "network")
    assert other != network
    assert other.replace(learning_rate=0.1, name="network") == network


def test_replace_hidden_rebuilds_the_widths():
    network = NNWorkflow([Linear(5, 3), Tanh(), Linear(3, 2), ReLU(), Linear(2, 1), Sigmoid()])
    wide = network.replace(hidden=(8, 4), epochs=3)
    assert wide.hidden == (8, 4)
    assert wide == NNWorkflow(
        [Linear(5, 8), Tanh(), Linear(8, 4), ReLU(), Linear(4, 1), Sigmoid()], epochs=3
    )
    assert [layer.out_features for layer in wide.layers] == [8, 8, 4, 4, 1, 1]


def test_replace_hidden_takes_one_number_for_one_layer(network):
    assert network.replace(hidden=np.int64(7)).hidden == (7,)


def test_replace_hidden_makes_a_network_deeper_or_shallower(network):
    deep = network.replace(hidden=(8, 4, 2))
    assert deep.hidden == (8, 4, 2)
    assert [layer.name for layer in deep.layers][:6:2] == ["Linear1", "Linear2", "Linear3"]
    assert deep.replace(hidden=3) == network


def test_replace_hidden_count_with_unlike_activations_is_refused():
    mixed = NNWorkflow([Linear(5, 3), Tanh(), Linear(3, 2), ReLU(), Linear(2, 1), Sigmoid()])
    with pytest.raises(NetworkError, match="same activation"):
        mixed.replace(hidden=(3,))
    plain = NNWorkflow([Linear(5, 1), Sigmoid()])
    with pytest.raises(NetworkError, match="same activation"):
        plain.replace(hidden=(3,))


@pytest.mark.parametrize("bad", [(), (0,), "8", 2.5, None, (True,)])
def test_replace_hidden_that_does_not_fit_is_refused(network, bad):
    with pytest.raises(NetworkError, match=r"^hidden: expected"):
        network.replace(hidden=bad)


def test_replace_unknown_name_lists_the_known(network):
    with pytest.raises(NetworkError, match=r"'epoch': not a hyperparameter. Choose .*epochs"):
        network.replace(epoch=5)


# ---- derived classes ----


def test_design_gives_layers_and_settings():
    network = SampleNNWorkflow()
    assert (network.batches, network.epochs, network.learning_rate) == (5, 1000, 0.05)
    assert network == NNWorkflow(layers(), batches=5, epochs=1000, learning_rate=0.05)


def test_design_keywords_go_before_what_the_class_says():
    network = SampleNNWorkflow(epochs=7, batches=9, learning_rate=0.7)
    assert (network.batches, network.epochs, network.learning_rate) == (9, 7, 0.7)


def test_design_replace_keeps_class_and_own_attributes():
    class Wide(NNWorkflow):
        def __init__(self, width):
            self.width = width
            super().__init__()

        def design(self):
            self.momentum = 0.5
            self.sequential([Linear(5, self.width), ReLU(), Linear(self.width, 1), Sigmoid()])

    other = Wide(9).replace(epochs=2)
    assert (type(other), other.width, other.momentum, other.epochs) == (Wide, 9, 0.5, 2)


def test_design_missing_or_empty_says_what_to_do():
    class Empty(NNWorkflow):
        def design(self):
            pass

    with pytest.raises(NetworkError, match=r"Empty: design\(\) gave no layers"):
        Empty()
    with pytest.raises(NetworkError, match="NNWorkflow: no layers given"):
        NNWorkflow()


# ---- as a task ----


def test_network_is_a_task_with_a_port_for_each_layer(network):
    assert isinstance(network, Task)
    assert [(port.name, port.required) for port in network.inputs] == [
        ("dataset", True), ("model", False),
    ]  # fmt: skip
    assert [port.name for port in network.outputs] == [
        "model", "prediction", "report", "Linear1", "ReLU1", "Linear2", "Sigmoid1",
    ]  # fmt: skip
    assert network.output("ReLU1").shape == (None, 3)


def test_network_model_port_feeds_another_network(network):
    workflow = Workflow()
    first, second = workflow.add(network), workflow.add(network)
    workflow.connect(first, second, source_port="model", target_port="model")
    assert workflow.dangling() == (("NNWorkflow1", "dataset"), ("NNWorkflow2", "dataset"))
    with pytest.raises(ValueError, match="expected model"):
        workflow.connect(second, first, source_port="report", target_port="model")


def test_network_graph_is_the_chain_of_its_layers(network):
    graph = network.graph
    assert [task.name for task in graph.order()] == ["Linear1", "ReLU1", "Linear2", "Sigmoid1"]
    assert str(graph.edges[0]) == "Linear1.output -> ReLU1.input"
    assert graph.dangling() == (("Linear1", "input"),)


# ---- looks and identity ----


@pytest.mark.parametrize(
    "made",
    [
        NNWorkflow(layers()),
        NNWorkflow(layers(), epochs=7, seed=3, shuffle=False, name="it's"),
        SampleNNWorkflow(momentum=0.25, normalize="none"),
    ],
)
def test_network_repr_is_the_call_that_makes_it(made):
    names = {kind.__name__: kind for kind in (NNWorkflow, Linear, ReLU, Sigmoid)}
    assert eval(repr(made), names) == made  # noqa: S307 - our own repr
    assert hash(eval(repr(made), names)) == hash(made)  # noqa: S307 - our own repr


def test_network_html_is_escaped_and_whole(network):
    class Reader(HTMLParser):
        tags: list[str]
        text = ""

        def handle_starttag(self, tag, attrs):
            self.tags.append(tag)

        def handle_data(self, data):
            self.text += data + "|"

    reader = Reader()
    reader.tags = []
    reader.feed(network.replace(name="<script>alert(1)</script>")._repr_html_())
    assert "script" not in reader.tags
    assert "<script>alert(1)</script>" in reader.text
    assert "Linear2|Linear(3, 1)|3|1|4|" in reader.text
    assert "22 parameters" in reader.text


def test_network_fingerprint_changes_with_all_that_it_is(network):
    prints = {
        network.fingerprint(),
        network.replace(seed=1).fingerprint(),
        network.replace(hidden=4).fingerprint(),
        network.replace(normalize="none").fingerprint(),
    }
    assert len(prints) == 4
    assert network.fingerprint() == NNWorkflow(layers()).fingerprint()
    assert len(network.fingerprint()) == 64


@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))],  # noqa: S301 - our own bytes
)
def test_network_copies_are_equal_and_fixed(network, twin):
    assert twin(network) == network
    with pytest.raises(NetworkError):
        twin(network).epochs = 3


def test_network_is_not_equal_to_something_else(network):
    assert network != "network"
