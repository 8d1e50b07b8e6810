"""The neurons of a network while it trains."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import DataError
from dlaaw_nb.nn.data import as_dataset
from dlaaw_nb.notebook.live_film import Film
from dlaaw_nb.notebook.live_state import STOPPED, TRAINING, LiveState
from dlaaw_nb.notebook.network_scene import NetworkScene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.training_result import TrainingResult
    from dlaaw_nb.notebook.live import Twin

__all__ = ["LiveNeurons", "live_neurons"]

MANY = 500  # events of a training; of more, a few a second are enough
SHORT_S = 1.5  # a training that was shorter is played once more, slowly


def live_neurons(
    network: NNWorkflow,
    data: Any,
    *,
    row: int = 0,
    every: int | None = None,
    **train_arguments: Any,
) -> LiveNeurons:
    """Make a picture of a network's neurons that follows its training.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    data : str, Path, DataFrame, Dataset, array or pair of arrays
        What it trains on, as for ``network.train``.
    row : int
        Row of the data whose activations are shown; negative counts from the end.
    every : int or None
        Epochs between two frames; None takes the network's ``cost_every``.
    **train_arguments : object
        What else ``network.train`` takes: test_fraction, initial, callback, ...

    Returns
    -------
    LiveNeurons
        The picture; shown in a cell, it trains when told to: ``view.train()``.

    Raises
    ------
    DataError
        When the data cannot be used with this network.
    PlanError
        When there is no such row.

    Examples
    --------
    >>> from dlaaw_nb import Linear, NNWorkflow, Sigmoid, datasets, live_neurons
    >>> network = NNWorkflow([Linear(5, 1), Sigmoid()], epochs=50)
    >>> view = live_neurons(network, datasets.load("breast_cancer"), row=3)
    >>> result = view.train()
    """
    chosen = network if every is None else network.replace(cost_every=every)
    return LiveNeurons(chosen, data, row, train_arguments)


class LiveNeurons:
    """Neurons and weights of a network, as they are at this moment of its training.

    As the value of a cell it answers to mouse and keys, and leaves a picture of the last state in
    the saved notebook. As a callback it follows a training that is started elsewhere.

    Parameters
    ----------
    network : NNWorkflow
        The network.
    data : object
        As for ``network.train``.
    row : int
        Row whose activations are shown.
    arguments : mapping
        What else ``network.train`` takes.

    Attributes
    ----------
    network : NNWorkflow
        The network.
    dataset : Dataset
        The data.
    result : TrainingResult or None
        What the last `train` gave.
    """

    def __init__(
        self, network: NNWorkflow, data: Any, row: int, arguments: Mapping[str, Any]
    ) -> None:
        self.network = network
        self.dataset = _dataset(network, data, arguments.get("label", -1))
        self.result: TrainingResult | None = None
        self._arguments = {name: value for name, value in arguments.items() if name != "label"}
        self._state = LiveState(network, self.dataset, self._arguments)
        self._scene = NetworkScene(network, self.dataset)
        self._film = Film(self._state.moment)
        self._widget: Any = None
        self._twins: list[Twin] = []
        self._clicks: list[Callable[[dict[str, Any]], object]] = []
        self.row = row

    def train(self) -> TrainingResult:
        """Train the network from its first weights; the picture follows.

        Returns
        -------
        TrainingResult
            As ``network.train`` gives it.

        Raises
        ------
        DlaawError
            As `NNWorkflow.train`.
        """
        other = self._arguments.get("callback")

        def both(event: dict[str, Any]) -> None:
            self(event)
            if other is not None:
                other(event)

        both.batched = self.batched  # type: ignore[attr-defined]
        arguments = {**self._arguments, "callback": both}
        self.result = self.network.train(self.dataset, **arguments)
        if self.result.stopped:
            self._state.settle(self.result)
            self._finish()
        return self.result

    def show(self) -> TrainingResult:
        """Show the picture here, and train.

        Returns
        -------
        TrainingResult
            As `train` gives it.
        """
        self._ipython_display_()
        return self.train()

    @property
    def row(self) -> int:
        """Row of the data whose activations are shown; may be set."""
        return self._state.row

    @row.setter
    def row(self, row: int) -> None:
        self._state.row = row
        self._send(replay=False)
        self._redraw_twins()

    @property
    def selected(self) -> dict[str, Any] | None:
        """The neuron that was clicked, as `on_click` gives it; None for none."""
        at = -1 if self._widget is None else self._widget.selected
        return None if at < 0 else self._scene.neuron(at, self._state)

    def on_click(self, call: Callable[[dict[str, Any]], object]) -> None:
        """Have a function called when a neuron is clicked.

        Parameters
        ----------
        call : callable
            Takes a dict: ``layer`` (``"inputs"`` for an input), ``unit`` (the neuron's number from
            0), ``name``, ``activation``, ``bias`` (None for an input), and ``inputs``: weight by
            the name of each neuron that it listens to, the largest first.
        """
        self._clicks.append(call)

    @property
    def batched(self) -> bool:
        """Whether a few events a second are enough: where each would be more than can be kept."""
        return self.network.epochs / self.network.cost_every > MANY

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take an event of a training, as a callback does.

        Parameters
        ----------
        event : mapping
            See ``dlaaw_nb.nn.collector``; of several trials the first is followed.
        """
        kind = event["event"]
        if kind == "begin":
            self._start(event["networks"][0])
        elif event.get("trial", 0) != 0:
            return
        elif kind == "cost" and "parameters" in event:
            self._follow(event)
        elif kind == "trial":
            self._state.end(event)
            self._finish()
        elif kind == "end" and self._state.state == TRAINING:
            self._state.state = STOPPED  # after an interrupt no trial is told
            self._finish()

    def _start(self, network: NNWorkflow) -> None:
        self._state.start(network)
        self._film = Film(self._state.moment)

    def _follow(self, event: Mapping[str, Any]) -> None:
        self._state.follow(event)
        self._film.add(self._state.moment)
        if self._film.due:  # the last state is sent in any case
            begin = time.perf_counter()
            self._send(replay=False)
            self._film.sent(time.perf_counter() - begin)

    def _finish(self) -> None:
        self._film.add(self._state.moment)
        self._send(replay=self._film.seconds < SHORT_S)
        self._redraw_twins()

    def _redraw_twins(self) -> None:
        picture = self.twin() if self._twins else ({}, {})
        for twin in self._twins:
            twin.update(*picture)

    def _send(self, *, replay: bool) -> None:
        if self._widget is None:
            return
        under_way = self._state.state == TRAINING
        moments = [self._film.last] if under_way else self._film.moments
        with self._widget.hold_sync():
            self._widget.replay = replay
            self._widget.row_label = self._state.row_label
            self._widget.frames = self._scene.frames(moments, self._state)

    @property
    def widget(self) -> Any:
        """The widget, made when it is first asked for, and again if it was closed."""
        if self._widget is None or self._widget.comm is None:
            from dlaaw_nb.notebook.live_neurons_widget import LiveNeuronsWidget

            self._widget = LiveNeuronsWidget(
                scene=self._scene.plain(), score_name=self._state.score_name
            )
            self._widget.observe(self._clicked, "selected")
            self._send(replay=False)
        return self._widget

    def twin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw the last state for where no widget lives.

        Returns
        -------
        data, metadata : dict
            A MIME bundle of ``text/plain``, ``text/html`` and ``image/png``, and its metadata.
        """
        return self._scene.picture(self._state)

    def close(self) -> None:
        """Take the widget away; its picture stays. Shown again, it gets a new one."""
        from dlaaw_nb.notebook.cells import close_family

        if self._widget is not None:
            close_family(self._widget)
            self._widget = None

    def __repr__(self) -> str:
        return f"<LiveNeurons of {self.network.name!r}: {self._state.caption}>"

    def _ipython_display_(self) -> None:
        from dlaaw_nb.notebook.live import show

        self._twins = [*self._twins[-3:], show(self.widget, *self.twin())]

    def _clicked(self, change: Mapping[str, Any]) -> None:
        if change["new"] >= 0:
            for call in self._clicks:
                call(self._scene.neuron(change["new"], self._state))


def _dataset(network: NNWorkflow, data: Any, label: int | str | None) -> Dataset:
    dataset = as_dataset(data, label=label)
    if dataset.n_features != network.in_features:
        raise DataError(
            f"{dataset.source}: expected {network.in_features} features, which {network.name!r} "
            f"takes, got {dataset.n_features}. Change the first layer, or choose label=.",
            source=dataset.source,
        )
    return dataset
