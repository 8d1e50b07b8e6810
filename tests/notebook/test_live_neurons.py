"""Neurons while they train; what the browser draws of them is in tests/browser."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from engine_support import make_data

from dlaaw_nb import Linear, NNWorkflow, PlanError, ReLU, Sigmoid, Tanh, datasets
from dlaaw_nb.errors import DataError, DivergenceError, NetworkError
from dlaaw_nb.notebook import live_film, neuron_row
from dlaaw_nb.notebook.cells import close_family
from dlaaw_nb.notebook.live_film import Film, Moment
from dlaaw_nb.notebook.live_neurons import live_neurons

LAYERS = [Linear(5, 3), ReLU(), Linear(3, 2), Tanh(), Linear(2, 1), Sigmoid()]
HEAD = 5


@pytest.fixture(scope="module")
def data():
    return datasets.load("breast_cancer")


@pytest.fixture
def network():
    return NNWorkflow(LAYERS, epochs=60, cost_every=10, name="small")


@pytest.fixture
def view(network, data):
    made = live_neurons(network, data, row=3)
    yield made
    made.close()


def frames(view):
    """The frames that the widget has, one a row, and the scene they belong to."""
    scene = view.widget.scene
    size = HEAD + len(scene["edges"]) // 2 + 2 * len(scene["neurons"])
    return np.frombuffer(view.widget.frames, "<f4").reshape(-1, size), scene


def drawn(frame, scene):
    """Weights by (from, to), and bias and activation by neuron, in the scene's own numbers."""
    edges = np.reshape(scene["edges"], (-1, 2))
    weights, rest = np.split(frame[HEAD:], [len(edges)])
    biases, activations = np.split(rest, 2)
    return (
        {(int(a), int(b)): w for (a, b), w in zip(edges, weights, strict=True)},
        biases,
        activations,
    )


def places(view, scene):
    """Place in the scene by (column's name, number of the neuron)."""
    neurons = [view._scene.neuron(at, view._state) for at in range(len(scene["neurons"]))]
    return {(neuron["layer"], neuron["unit"]): at for at, neuron in enumerate(neurons)}


def test_frame_after_training_holds_the_models_weights_and_biases(view):
    result = view.train()
    found, scene = frames(view)
    weights, biases, _ = drawn(found[-1], scene)
    at = places(view, scene)
    columns = scene["columns"]
    for before, after in itertools.pairwise(columns):
        weight = result.model.parameters[f"{after}.weight"]
        for (unit, source), value in np.ndenumerate(weight):
            assert weights[at[before, source], at[after, unit]] == value
        for unit, value in enumerate(result.model.parameters[f"{after}.bias"]):
            assert biases[at[after, unit]] == value


def test_inputs_have_no_bias(view):
    found, scene = frames(view)
    _, biases, _ = drawn(found[0], scene)
    inputs = [at for (name, _), at in places(view, scene).items() if name == scene["columns"][0]]
    assert np.isnan(biases[inputs]).all()
    assert np.isfinite(np.delete(biases, inputs)).all()


def test_activations_are_those_the_model_gives_the_row(view, data):
    result = view.train()
    found, scene = frames(view)
    _, _, activations = drawn(found[-1], scene)
    at = places(view, scene)
    wanted = result.model.predict(data, outputs=["ReLU1", "Tanh1", "Sigmoid1"]).outputs
    for column, layer in zip(scene["columns"][1:], wanted, strict=True):
        got = [activations[at[column, unit]] for unit in range(wanted[layer].shape[1])]
        np.testing.assert_allclose(got, wanted[layer][3], atol=1e-5)


@pytest.mark.parametrize("normalize", ["minmax", "standard", "none"])
@pytest.mark.parametrize("normalize_on", ["train", "all"])
@pytest.mark.parametrize("arguments", [{}, {"test_fraction": 0.3}, {"test": "data"}])
def test_foretold_normalization_is_the_trainings(network, data, normalize, normalize_on, arguments):
    if "test" in arguments:
        arguments = {"test": data}
    network = network.replace(normalize=normalize, normalize_on=normalize_on, epochs=1)
    view = live_neurons(network, data, **arguments)
    foretold = view._state._normalization
    model = view.train().model
    np.testing.assert_allclose(foretold[0], model.offset, rtol=1e-12)
    np.testing.assert_allclose(foretold[1], model.scale, rtol=1e-9)


def test_first_frame_shows_the_weights_a_training_starts_from(view, network, data):
    found, scene = frames(view)
    assert found.shape[0] == 1
    assert found[0, 0] == -1
    weights, _, _ = drawn(found[0], scene)
    at = places(view, scene)
    first = neuron_row.first_parameters(network)["Linear1.weight"]
    assert weights[at[scene["columns"][0], 4], at["Linear1", 2]] == first[2, 4]


def test_training_leaves_every_reported_epoch_for_the_replay(view):
    view.train()
    found, _ = frames(view)
    assert [*found[:, 0]] == [-1, 0, 10, 20, 30, 40, 50, 59, 59]
    assert [*found[:, 3]] == [1] * 8 + [2]
    assert found[-1, 4] == 60


def test_every_sets_the_epochs_between_frames(network, data):
    view = live_neurons(network, data, every=20)
    assert view.network.cost_every == 20


def test_head_of_the_last_frame_is_the_result(view):
    result = view.train()
    found, _ = frames(view)
    np.testing.assert_allclose(found[-1, :3], [59, result.cost, result.accuracy], rtol=1e-6)


def test_as_callback_it_follows_a_training_started_elsewhere(view, network, data):
    result = network.replace(seed=5).train(data, callback=view)
    found, scene = frames(view)
    weights, _, _ = drawn(found[-1], scene)
    at = places(view, scene)
    assert (
        weights[at["Linear1", 0], at["Linear2", 1]]
        == (result.model.parameters["Linear2.weight"][1, 0])
    )


def test_as_callback_of_a_cross_validation_it_follows_the_first_fold(view, network, data):
    folds = network.cross_validate(data, folds=3, callback=view)
    found, scene = frames(view)
    weights, _, _ = drawn(found[-1], scene)
    at = places(view, scene)
    first = folds.trials[0].model.parameters["Linear2.weight"][1, 0]
    assert weights[at["Linear1", 0], at["Linear2", 1]] == first


def test_as_callback_of_another_network_it_says_so(view, data):
    other = NNWorkflow([Linear(5, 1), Sigmoid()], epochs=5)
    with pytest.raises(PlanError, match="with other layers"):
        other.train(data, callback=view)


def test_own_callback_is_called_too(network, data):
    heard = []
    live_neurons(network, data, callback=lambda event: heard.append(event["event"])).train()
    assert {"begin", "cost", "trial", "end"} <= set(heard)


def test_training_is_the_same_as_without_being_watched(view, network, data):
    watched, alone = view.train(), network.train(data)
    for name, value in alone.model.parameters.items():
        np.testing.assert_array_equal(watched.model.parameters[name], value)


def test_train_again_starts_again(view):
    one, other = view.train(), view.train()
    assert one.cost == other.cost
    assert view.result is other
    assert frames(view)[0][0, 0] == -1


def test_interrupt_keeps_the_last_state(network, data):
    def interrupt(event):
        if event["event"] == "cost" and event["epoch"] >= 2000:
            raise KeyboardInterrupt

    long = network.replace(epochs=10**7, cost_every=1000)
    view = live_neurons(long, data, callback=interrupt)
    result = view.train()
    assert result.stopped
    found, scene = frames(view)
    weights, _, _ = drawn(found[-1], scene)
    at = places(view, scene)
    assert (
        weights[at["Linear1", 0], at["Linear2", 1]]
        == (result.model.parameters["Linear2.weight"][1, 0])
    )
    assert found[-1, 3] == 3
    assert "Stopped" in view.twin()[0]["text/plain"]


def test_divergence_is_shown_and_raised():
    layers = [Linear(3, 2), Linear(2, 1), Sigmoid()]
    made = make_data(60, 3)
    data = made["features"], made["labels"]
    network = NNWorkflow(layers, learning_rate=1e36, momentum=0.99, normalize="none", cost_every=1)
    view = live_neurons(network, data)
    with pytest.raises(DivergenceError):
        view.train()
    assert frames(view)[0][-1, 3] == 4
    assert "Diverged" in view.twin()[0]["text/plain"]


# ---- rows ----


def test_row_set_later_changes_the_activations_alone(view):
    view.train()
    before, scene = frames(view)
    view.row = 7
    after, _ = frames(view)
    assert after.shape == before.shape  # the replay too
    weights, _, activations = drawn(after[-1], scene)
    old_weights, _, old_activations = drawn(before[-1], scene)
    assert weights == old_weights
    assert (activations != old_activations).any()
    assert "row 7" in view.widget.row_label


def test_row_from_the_end_is_counted_from_the_end(network, data):
    assert live_neurons(network, data, row=-1).row == 568


@pytest.mark.parametrize("row", [569, -570, 1.5, "3", None, True, 10**30])
def test_row_that_is_not_there_is_a_plan_error(network, data, row):
    with pytest.raises(PlanError, match=r"row: expected a whole number from 0 to 568.*got"):
        live_neurons(network, data, row=row)


def test_row_out_of_range_leaves_the_view_as_it_was(view):
    with pytest.raises(PlanError):
        view.row = 10_000
    assert view.row == 3


def test_data_of_another_width_is_a_data_error(network):
    with pytest.raises(DataError, match="expected 5 features, which 'small' takes, got 7"):
        live_neurons(network, (np.zeros((4, 7)), np.array([0, 1, 0, 1])))


def test_initial_weights_that_do_not_fit_are_a_network_error(network, data):
    with pytest.raises(NetworkError):
        live_neurons(network, data, initial={"Linear1.weight": np.zeros((2, 2))})


# ---- clicks ----


def test_click_reaches_python_with_all_there_is_to_know(view):
    heard = []
    view.on_click(heard.append)
    assert view.selected is None
    result = view.train()
    view.widget.selected = places(view, view.widget.scene)["Linear2", 1]
    (neuron,) = heard
    assert view.selected == neuron
    assert (neuron["layer"], neuron["unit"], neuron["name"]) == ("Linear2", 1, "Linear2, neuron 1")
    assert neuron["bias"] == result.model.parameters["Linear2.bias"][1]
    weights = result.model.parameters["Linear2.weight"][1]
    assert neuron["inputs"] == {f"Linear1, neuron {k}": weights[k] for k in range(3)}
    assert [*neuron["inputs"].values()] == sorted(weights, key=abs, reverse=True)
    view.widget.selected = -1
    assert view.selected is None
    assert len(heard) == 1


def test_clicked_input_has_its_name_and_no_bias(view, data):
    view.widget.selected = 2
    assert view.selected["layer"] == "inputs"
    assert view.selected["name"] == data.feature_names[2]
    assert view.selected["bias"] is None
    assert view.selected["inputs"] == {}


# ---- what is sent ----


def test_widget_is_made_once_and_again_after_it_was_closed(view):
    first = view.widget
    assert view.widget is first
    close_family(first)
    assert view.widget is not first
    assert len(frames(view)[0]) == 1


def test_two_shows_share_a_widget_and_leave_a_twin_each(view, monkeypatch):
    import IPython.display

    sent = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, **o: sent.append((bundle, o)))
    view._ipython_display_()
    view._ipython_display_()
    models = [b["application/vnd.jupyter.widget-view+json"]["model_id"] for b, _ in sent[1::2]]
    assert models == [view.widget.model_id] * 2
    sent.clear()
    view.train()
    assert [options["update"] for _, options in sent] == [True, True]
    assert all("Trained" in bundle["text/plain"] for bundle, _ in sent)
    sent.clear()
    view.row = 9
    assert ["row 9" in bundle["text/plain"] for bundle, _ in sent] == [True, True]


def test_show_shows_and_trains(network, data, monkeypatch):
    import IPython.display

    monkeypatch.setattr(IPython.display, "display", lambda bundle, **options: None)
    view = live_neurons(network, data)
    assert view.show() is view.result
    assert view.result.epochs_done == 60
    view.close()


def test_frames_are_sent_at_most_twenty_times_a_second(network, data):
    long = network.replace(epochs=200_000, cost_every=200)
    view = live_neurons(long, data)
    sent = []
    view.widget.observe(lambda change: sent.append(len(change["new"])), "frames")
    result = view.train()
    assert 2 <= len(sent) <= result.seconds / live_film.GAP_S * 1.5 + 4
    assert len(set(sent[:-1])) == 1  # one frame each, but for the last
    view.close()


def test_network_of_many_events_wants_a_few_a_second(network, data):
    assert not live_neurons(network, data).batched
    assert live_neurons(network, data, every=1).network.cost_every == 1
    assert live_neurons(network.replace(epochs=5000), data, every=1).batched


# ---- film ----


def moment(number, size=1):
    return Moment((number,), {"w": np.zeros(size, np.float32)})


def test_film_keeps_first_and_last_and_not_too_many():
    film = Film(moment(0))
    for number in range(1, 10_000):
        film.add(moment(number))
    kept = [one.head[0] for one in film.moments]
    assert kept[0] == 0
    assert kept[-1] == 9999
    assert len(kept) <= live_film.MOST + 1
    assert len({*np.diff(kept[:-1])}) == 1  # evenly over the whole training
    assert film.last is film.moments[-1]


def test_film_of_large_networks_keeps_fewer_moments():
    film = Film(moment(0, 4_000_000))
    for _ in range(20):
        film.add(film.last)
    assert len(film.moments) <= live_film.MOST_BYTES / 16_000_000 + 1


def test_film_that_takes_too_long_is_not_due(monkeypatch):
    film = Film(moment(0))
    now = live_film.time.perf_counter() + 1
    monkeypatch.setattr(live_film.time, "perf_counter", lambda: now)
    assert film.due
    film.sent(0.0)
    assert not film.due  # sent just now
    now += 1
    assert film.due
    film.sent(1.0)
    now += 1
    assert not film.due  # it has taken its share


# ---- wide and strange ----


def test_wide_network_is_folded():
    rng = np.random.default_rng(0)
    data = rng.random((40, 784)), np.arange(40) % 2
    layers = [Linear(784, 128), ReLU(), Linear(128, 10), ReLU(), Linear(10, 1), Sigmoid()]
    view = live_neurons(NNWorkflow(layers, epochs=2, batches=2), data)
    view.train()
    found, scene = frames(view)
    assert len(scene["neurons"]) == 15 + 15 + 10 + 1
    assert len(scene["edges"]) == 2 * (15 * 15 + 15 * 10 + 10)
    assert np.isfinite(found[-1, HEAD : HEAD + len(scene["edges"]) // 2]).all()
    assert [text["text"] for text in scene["texts"] if text["style"] == "fold"] == ["+769", "+113"]
    view.close()


def test_ten_thousand_columns_are_drawn_folded():
    rng = np.random.default_rng(0)
    data = rng.random((30, 10_000)), np.arange(30) % 2
    view = live_neurons(NNWorkflow([Linear(10_000, 1), Sigmoid()], epochs=2, batches=2), data)
    view.train()
    assert len(view.widget.frames) < 100_000
    view.close()


def test_markup_in_names_is_words(network):
    import pandas as pd

    names = ["<b>x</b>", "\u202eabc", "\u05d0\u05d1\u05d2", "a\nb", "&amp;"]
    frame = pd.DataFrame(np.random.default_rng(0).random((20, 5)), columns=names)
    frame["<i>label</i>"] = np.arange(20) % 2
    view = live_neurons(network.replace(name="<script>alert(1)</script>", batches=2), frame)
    html = view.twin()[0]["text/html"]
    assert "<script" not in html
    assert "<b>x" not in html
    assert view.widget.scene["title"] == "<script>alert(1)</script>"
    view.close()
