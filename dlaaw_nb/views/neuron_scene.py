"""Where the neurons of a network stand in a picture.

Plain numbers in. Wide layers are folded: of their neurons the first and the last are drawn, and a
sign between them says how many are not.
"""

from __future__ import annotations

import itertools
import unicodedata
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from dlaaw_nb.views.shapes import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.views.drawing import Drawing
    from dlaaw_nb.views.shapes import Anchor

__all__ = ["Column", "Label", "Neuron", "NeuronScene"]

WHOLE: Final = 16
"""The widest layer of which all neurons are drawn, where nothing else is said."""

_STEPS = (
    (64, 15),
    (48, 15),
    (32, 15),
    (24, 15),
    (16, 15),
    (12, 11),
    (8, 7),
    (6, 5),
    (4, 3),
    (2, 1),
)
_ROOM = 600.0  # height that tall columns are pressed into, as far as _CLOSEST allows
_GRID = 32  # neurons above each other in an unfolded layer that is wider than 2 * _GRID
_CLOSEST, _WIDEST = 13.0, 60.0  # pitch
_TOP, _BOTTOM, _SIDE = 44.0, 14.0, 30.0
_LETTER, _LONGEST = 6.8, 24  # width of a letter, and how many of a name are written


class Column(NamedTuple):
    """A layer, or the inputs.

    Attributes
    ----------
    name : str
        By which it is known.
    note : str
        What stands under the name.
    units : int
        Neurons.
    labels : sequence of str
        Name of each neuron; empty for numbers.
    """

    name: str
    note: str
    units: int
    labels: Sequence[str] = ()


class Neuron(NamedTuple):
    """A neuron that is drawn: its column and number from 0, its place, its name."""

    column: int
    unit: int
    x: float
    y: float
    name: str


class Label(NamedTuple):
    """Words in the picture; the style is ``strong``, ``dim``, ``fold`` or empty."""

    x: float
    y: float
    text: str
    style: str
    anchor: Anchor


class NeuronScene:
    """What is drawn of a network, and where; sizes are CSS pixels.

    Parameters
    ----------
    columns : sequence of Column
        From the inputs to the last layer; every neuron listens to all of the column before.
    whole : int
        The widest layer of which all neurons are drawn.
    kept : int
        Neurons drawn of a wider layer.
    unfold : mapping of int to int
        Places of columns of which more is drawn, and how many neurons at most.
    pitch : float
        Distance of two neurons in a column, where there is room; a third of it is their radius.

    Attributes
    ----------
    columns : sequence of Column
        As given.
    width, height, radius : float
        Sizes of the picture and of a neuron.
    neurons : list of Neuron
        From left to right and top to bottom.
    labels : list of Label
        The words.
    folds : dict of int to Label
        Of the folded columns the sign, which is among the labels too.
    edges : int64 array, shape (edges, 2)
        From which of `neurons` to which.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        whole: int = WHOLE,
        kept: int = WHOLE - 1,
        unfold: Mapping[int, int] | None = None,
        pitch: float = 27.0,
    ) -> None:
        self.columns = columns
        opened = dict(unfold or {})
        self.shown = [
            _shown(column.units, opened.get(at, whole), opened.get(at, kept))
            for at, column in enumerate(columns)
        ]
        self._slots = [
            len(shown) + (len(shown) < column.units)
            for shown, column in zip(self.shown, columns, strict=True)
        ]
        tallest = max(min(_GRID, n) if n > 2 * _GRID else n for n in (3, *self._slots))
        close = max(_CLOSEST, min(pitch, _ROOM / tallest))
        self.radius = round(close / 3, 1)
        self.neurons: list[Neuron] = []
        self.labels: list[Label] = []
        self.folds: dict[int, Label] = {}
        self._lay_out(tallest * close, close)
        self.edges = self._edges()

    @classmethod
    def within(
        cls,
        columns: Sequence[Column],
        limit: int,
        unfold: Sequence[int] = (),
        pitch: float = 27.0,
    ) -> NeuronScene:
        """Draw as many neurons as a limit allows.

        Parameters
        ----------
        columns : sequence of Column
            As for the class.
        limit : int
            Most neurons, labels and edges together. Columns that are unfolded take most of it, so
            that of the edges `strongest` must choose; and so it is where layers are too many.
        unfold : sequence of int
            Places of the columns that are unfolded.
        pitch : float
            As for the class.

        Returns
        -------
        NeuronScene
            Its columns folded above 64 neurons, or above fewer where many layers are wide.
        """
        room = limit * 6 // 10 // max(1, len(unfold))
        opened = dict.fromkeys(unfold, max(room, 64))
        for whole, kept in _STEPS:
            counts = [min(c.units, whole if c.units <= whole else kept) for c in columns]
            edges = sum(a * b for a, b in itertools.pairwise(counts))
            if edges + sum(counts) + counts[0] + counts[-1] + 3 * len(counts) <= limit:
                break
        return cls(columns, whole=whole, kept=kept, unfold=opened, pitch=pitch)

    def _lay_out(self, inner: float, close: float) -> None:
        columns = self.columns
        wide = [(-(-n // _GRID) - 1) * close if n > 2 * _GRID else 0.0 for n in self._slots]
        self._named = [bool(c.labels) and not w for c, w in zip(columns, wide, strict=True)]
        step = min(220.0, max(96.0, 640.0 / max(1, len(columns) - 1)))
        x = before = self._side(0)
        for at in range(len(columns)):
            self._title(at, x + wide[at] / 2, step + wide[at])
            self._place(at, x, inner, close)
            x += step + wide[at]
        after = self._side(-1)
        self.width = round(max(x - step + after, before + after))
        self.height = round(_TOP + inner + _BOTTOM)

    def _side(self, at: int) -> float:
        least = max(_SIDE + 30.0, self.radius + 50.0)
        if not self._named[at]:
            return least
        names = [self.columns[at].labels[unit] for unit in self.shown[at]]
        return max(least, self.radius + 16.0 + _LETTER * max(map(_letters, names), default=0.0))

    def _title(self, at: int, x: float, room: float) -> None:
        column, letters = self.columns[at], max(8, int(room / 7.4))
        name, note = shortened(column.name, letters), shortened(column.note, letters + 2)
        self.labels.append(Label(x, 12.0, name, "strong", "middle"))
        self.labels.append(Label(x, 27.0, note, "dim", "middle"))

    def _place(self, at: int, x: float, inner: float, close: float) -> None:
        column, shown, slots = self.columns[at], self.shown[at], self._slots[at]
        rows = _GRID if slots > 2 * _GRID else slots
        pitch = close if slots > 2 * _GRID else min(_WIDEST, inner / slots)
        top = _TOP + inner / 2 - pitch * (rows - 1) / 2

        def spot(slot: int) -> tuple[float, float]:
            return x + slot // rows * close, top + slot % rows * pitch

        slot, before = 0, -1
        for unit in (*shown, column.units):
            if unit != before + 1:
                # Short, for edges pass on both sides.
                more = f"+{unit - before - 1:,}"
                self.folds[at] = Label(*spot(slot), more, "fold", "middle")
                self.labels.append(self.folds[at])
                slot += 1
            if unit < column.units:
                self.neurons.append(Neuron(at, unit, *spot(slot), _name(column, unit)))
                if self._named[at]:
                    self._write(at, unit, *spot(slot))
            slot, before = slot + 1, unit

    def _write(self, at: int, unit: int, x: float, y: float) -> None:
        text = shortened(self.columns[at].labels[unit], _LONGEST)
        away = self.radius + 8.0
        first = at == 0
        self.labels.append(
            Label(x - away if first else x + away, y, text, "", "end" if first else "start")
        )

    def _edges(self) -> np.ndarray:
        first = np.cumsum([0, *map(len, self.shown)])
        parts = []
        for at in range(1, len(self.columns)):
            sources = np.arange(first[at - 1], first[at])
            targets = np.arange(first[at], first[at + 1])
            parts.append(
                np.stack([np.tile(sources, len(targets)), np.repeat(targets, len(sources))], axis=1)
            )
        return np.concatenate([np.empty((0, 2), np.int64), *parts]).astype(np.int64)

    def strongest(self, weights: np.ndarray, limit: int) -> np.ndarray:
        """Choose the edges to draw where not all can be.

        Parameters
        ----------
        weights : float array, shape (edges,)
            Of each edge; NaN counts as 0.
        limit : int
            Most neurons, labels and edges together.

        Returns
        -------
        int64 array
            Places of edges, the weakest first.
        """
        order = np.argsort(np.abs(np.nan_to_num(weights)), kind="stable")
        room = max(0, limit - len(self.neurons) - len(self.labels))
        return order[max(0, len(order) - room) :]

    def plain(self) -> dict[str, Any]:
        """Say it in what JSON knows.

        Returns
        -------
        dict
            ``width``, ``height``, ``radius``, ``columns`` (names), ``neurons`` (c, x, y, name),
            ``texts`` (x, y, text, style, anchor), ``edges`` (from, to, from, to, ...).
        """
        return {
            "width": self.width,
            "height": self.height,
            "radius": self.radius,
            "columns": [column.name for column in self.columns],
            "neurons": [
                {"c": n.column, "x": round(n.x, 1), "y": round(n.y, 1), "name": n.name}
                for n in self.neurons
            ],
            "texts": [label._asdict() for label in self.labels],
            "edges": self.edges.ravel().tolist(),
        }

    def draw(
        self, weights: np.ndarray, biases: np.ndarray, activations: np.ndarray, label: str
    ) -> Drawing:
        """Draw a state; see `dlaaw_nb.views.neuron_drawing.draw_neurons`.

        Parameters
        ----------
        weights, biases, activations : float array
            Of each edge; of each neuron.
        label : str
            What the picture says.

        Returns
        -------
        Drawing
            The picture.
        """
        from dlaaw_nb.views.neuron_drawing import draw_neurons

        return draw_neurons(self, weights, biases, activations, label)


def _shown(units: int, whole: int, kept: int) -> list[int]:
    if units <= whole:
        return [*range(units)]
    last = kept * 4 // 15
    return [*range(kept - last), *range(units - last, units)]


def _letters(text: str) -> float:
    text = shortened(text, _LONGEST)
    if text.isascii():
        return len(text)
    return sum(1.0 + 0.8 * (unicodedata.east_asian_width(c) in "WF") for c in text)


def _name(column: Column, unit: int) -> str:
    return column.labels[unit] if column.labels else f"{column.name}, neuron {unit}"
