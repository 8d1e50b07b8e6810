"""A sweep by hand: move a slider, and the network is trained again at once."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.errors import DlaawError, PlanError
from dlaaw_nb.nn.data import as_dataset
from dlaaw_nb.notebook.explorer_choices import Choices
from dlaaw_nb.notebook.explorer_work import Points, Worker, key_of
from dlaaw_nb.views.text import counted, seconds_text, value_text

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from dlaaw_nb.nn.cross_validation import CrossValidation
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.results import Sweep
    from dlaaw_nb.notebook.live import Twin

__all__ = ["SweepExplorer", "sweep_explorer"]

_ASK_ABOVE = 1000  # trainings of a grid that are not started without a second click


def sweep_explorer(
    network: NNWorkflow,
    data: Any,
    folds: int = 5,
    *,
    target: str = "cpu",
    label: int | str | None = -1,
    **values: Any,
) -> SweepExplorer:
    """Make sliders for a network's hyperparameters that train it again as they move.

    Parameters
    ----------
    network : NNWorkflow
        The network; its own settings are where the sliders begin.
    data : str, Path, DataFrame, Dataset, array or pair of arrays
        Features and labels, as for ``network.train``.
    folds : int
        Of the cross-validation of each setting.
    target : str
        Where to run.
    label : int, str or None
        Position or name of the label column.
    **values : iterable
        Values to choose from by name: learning_rate, momentum, epochs, batches, hidden, normalize,
        seed. Usual ones where none are given. Also weight_decay, optimizer and schedule, which are
        shown only where values are given.

    Returns
    -------
    SweepExplorer
        It shows itself; ``sweep``, ``selected`` and ``model`` give what was found.

    Raises
    ------
    DataError
        When the data cannot be used.
    PlanError
        When a name is unknown, or there are fewer rows than folds.
    NetworkError
        When a value is out of its range.
    """
    return SweepExplorer(network, data, folds, {"target": target}, label, values)


class SweepExplorer:
    """Sliders, the curve of the setting they stand at, and all settings tried so far.

    Parameters
    ----------
    network, data, folds, label, values
        As for `sweep_explorer`.
    options : mapping
        What else ``cross_validate`` takes.
    """

    def __init__(
        self,
        network: NNWorkflow,
        data: Any,
        folds: int,
        options: Mapping[str, Any],
        label: int | str | None,
        values: Mapping[str, Any],
    ) -> None:
        self.network, self.dataset = network, as_dataset(data, label=label)
        self._given = data
        self._choices = Choices(network, folds, values)
        self._points = Points(network, self.dataset, options)
        self._worker = Worker(self._redraw_twins)
        self._twins: list[Twin] = []
        self._widget: Any = None
        self._settings = self._choices.settings({})
        self._number = 0
        # The first is trained here, so that what cannot be is heard of in the cell.
        self._train_first()

    def _train_first(self) -> None:
        import threading

        self._points.train(self._settings, threading.Event())

    @property
    def selected(self) -> tuple[dict[str, Any], CrossValidation]:
        """The settings that are looked at, and their cross-validation."""
        return dict(self._settings), self._points.known[key_of(self._settings)]

    @property
    def model(self) -> Model:
        """Of the settings that are looked at, the model of the fold that did best."""
        trials = self.selected[1].trials
        return max(trials, key=lambda trial: np.nan_to_num(trial.score, nan=-np.inf)).model

    @property
    def sweep(self) -> Sweep:
        """All settings that were trained, as ``network.sweep`` would give them."""
        from dlaaw_nb.nn.results import Sweep, SweepPoint

        known = [*self._points.known.items()]
        points = tuple(SweepPoint(dict(key), result.trials) for key, result in known)
        return Sweep(points, sum(result.seconds for _, result in known))

    @property
    def call(self) -> str:
        """Python that does the same as the settings that are looked at."""
        names = _names_of(self.network, self._given)
        own = self._choices.settings({})
        changes = ", ".join(
            f"{name}={value!r}"
            for name, value in self._settings.items()
            if name != "folds" and value != own[name]
        )
        network = f"{names[0]}.replace({changes})" if changes else names[0]
        return f"result = {network}.cross_validate({names[1]}, folds={self._settings['folds']})"

    @property
    def widget(self) -> Any:
        """The widget, made when it is first asked for, and again if it was closed."""
        if self._widget is None or self._widget.comm is None:
            from dlaaw_nb.notebook.explorer_widget import ExplorerWidget

            self._widget = ExplorerWidget(
                title=f"{self.network.name} on {self.dataset.source}",
                choices=self._choices.plain(),
            )
            self._widget.on_msg(lambda _widget, content, _buffers: self._hear(content))
            self._tell()
        return self._widget

    def twin(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw what was found, for where no widget lives.

        Returns
        -------
        data, metadata : dict
            A MIME bundle of ``text/plain``, ``text/html`` and ``image/png``, and its metadata.
        """
        many = len(self._points.known) > 1
        shown: Any = self.sweep if many else self.selected[1]
        bundle: tuple[dict[str, Any], dict[str, Any]] = shown._repr_mimebundle_()
        return bundle

    def close(self) -> None:
        """Take the widget away and end its thread; its picture stays."""
        self._worker.close()
        if self._widget is not None:
            self._widget.close()

    def __repr__(self) -> str:
        tried = counted(len(self._points.known), "setting")
        return f"<SweepExplorer of {self.network.name!r}: {tried} tried>"

    def _ipython_display_(self) -> None:
        from dlaaw_nb.notebook.live import show

        self._twins = [*self._twins[-3:], show(self.widget, *self.twin())]

    def _redraw_twins(self) -> None:
        picture = self.twin() if self._twins else ({}, {})
        for twin in self._twins:
            twin.update(*picture)

    def _hear(self, message: Mapping[str, Any]) -> None:
        """Take a message of the page; the kernel must be free again at once."""
        kind = message.get("kind")
        self._number = int(message.get("number", self._number))
        try:
            settings = self._choices.settings(message.get("places", {}))
            if kind == "train":
                self._worker.ask(lambda stop: self._train(settings, stop))
            elif kind == "grid":
                self._grid(settings, [str(n) for n in message.get("names", [])], message)
            elif kind == "neurons":
                self._tell(neurons=self._neurons())
            elif kind == "stop":
                self._worker.ask(lambda _stop: self._tell())
        except DlaawError as error:
            self._tell(words=str(error))

    def _train(self, settings: dict[str, Any], stop: threading.Event) -> None:
        try:
            self._points.train(settings, stop)
        except KeyboardInterrupt:
            return  # stopped before anything was trained
        except Exception as error:  # noqa: BLE001 - told in the page, whatever it is
            self._tell(words=str(error))
            return
        if not stop.is_set():
            self._settings = settings
            self._tell()

    def _grid(self, settings: dict[str, Any], names: list[str], message: Mapping[str, Any]) -> None:
        known = self._choices.values
        if len(names) != 2 or names[0] == names[1] or not all(n in known for n in names):
            raise PlanError("Choose two different hyperparameters for the map.")
        if "folds" in names:
            raise PlanError("Folds cannot be an axis of the map: choose another hyperparameter.")
        pairs = itertools.product(*(known[name] for name in names))
        many = [{**settings, **dict(zip(names, pair, strict=True))} for pair in pairs]
        trainings = settings["folds"] * sum(key_of(one) not in self._points.known for one in many)
        if trainings > _ASK_ABOVE and not message.get("sure"):
            last = self.selected[1]
            guess = last.seconds / max(1, len(last.trials)) * trainings
            words = f"That is {trainings:,} trainings, some {seconds_text(guess)}."
            self._tell(words=f"{words} Click once more to start them.", sure=True)
            return
        self._worker.ask(lambda stop: self._train_grid(settings, many, stop))

    def _train_grid(
        self, settings: dict[str, Any], many: list[dict[str, Any]], stop: threading.Event
    ) -> None:
        def told() -> None:
            left = sum(key_of(one) not in self._points.known for one in many)
            self._tell(words=f"{len(many) - left} of {len(many)} settings" if left else "")

        try:
            self._points.train_all(many, stop, told)
        except KeyboardInterrupt:
            return
        except Exception as error:  # noqa: BLE001 - told in the page, whatever it is
            self._tell(words=str(error))
            return
        self._train(settings, stop)

    def _neurons(self) -> str:
        from dlaaw_nb.notebook.neuron_graph import neuron_graph

        html: str = neuron_graph(self.model, self.dataset).twin()[0]["text/html"]
        return html[html.index("data:image/svg") :].split('"', 1)[0]

    def _tell(self, *, words: str = "", sure: bool = False, neurons: str = "") -> None:
        if self._widget is None:
            return
        settings, result = self.selected
        lost = f"{counted(result.diverged, 'fold')} diverged" if result.diverged else ""
        self._widget.state = {
            "number": self._number,
            "words": words or lost,
            "sure": sure,
            "neurons": neurons,
            "places": self._choices.places(settings),
            "curves": [[[e, _plain(c)] for e, c in trial.costs] for trial in result.trials],
            "score": result.score_name,
            "mean": _plain(result.mean),
            "deviation": _plain(math.sqrt(result.variance)),
            "seconds": seconds_text(result.seconds),
            "call": self.call,
            "points": [self._point(dict(key), found) for key, found in self._all()],
        }

    def _all(self) -> list[tuple[Any, CrossValidation]]:
        return [*self._points.known.items()]

    def _point(self, settings: dict[str, Any], result: CrossValidation) -> dict[str, Any]:
        return {
            "places": self._choices.places(settings),
            "values": [value_text(value) for value in settings.values()],
            "mean": _plain(result.mean),
            "variance": _plain(result.variance),
        }


def _plain(value: float) -> float | None:
    """JSON knows no NaN."""
    return float(value) if math.isfinite(value) else None


def _names_of(network: Any, data: Any) -> tuple[str, str]:
    """Find the person's own names for the network and its data."""
    import sys

    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython is not None else None
    space = dict(shell.user_ns) if shell is not None else {}
    found = [
        next((k for k, v in space.items() if v is thing and not k.startswith("_")), default)
        for thing, default in ((network, "net"), (data, "data"))
    ]
    return found[0], found[1]
