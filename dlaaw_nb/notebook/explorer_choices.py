"""What can be chosen in a sweep explorer: the values of each slider."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import PlanError
from dlaaw_nb.views.text import value_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["Choices"]

_LABELS = {
    "learning_rate": "learning rate",
    "momentum": "momentum",
    "weight_decay": "weight decay",
    "optimizer": "optimizer",
    "schedule": "schedule",
    "epochs": "epochs",
    "batches": "batches",
    "hidden": "hidden sizes",
    "normalize": "normalization",
    "folds": "folds",
    "seed": "seed",
}
_ASKED = ("weight_decay", "optimizer", "schedule")  # shown where values are given
_PARTS = ("optimizer", "schedule")
_USUAL: dict[str, tuple[Any, ...]] = {
    "learning_rate": (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
    "momentum": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99),
    "epochs": (50, 100, 200, 500, 1000, 2000, 5000),
    "batches": (2, 3, 4, 6, 8, 11, 16, 21),
    "normalize": ("minmax", "standard", "none"),
    "folds": (2, 3, 4, 5, 6, 8, 10),
    "seed": tuple(range(20)),
}


class Choices:
    """The values of each hyperparameter, and which of them are chosen.

    Parameters
    ----------
    network : NNWorkflow
        Its own values are chosen at the beginning.
    folds : int
        Likewise.
    given : mapping of str to iterable or None
        Values by name; None takes usual ones. The network's own are added.

    Attributes
    ----------
    values : dict of str to list
        By name, numbers by size.

    Raises
    ------
    PlanError
        When a name is unknown or a list empty.
    NetworkError
        When a value is out of its range.
    """

    def __init__(self, network: NNWorkflow, folds: int, given: Mapping[str, Any]) -> None:
        unknown = [name for name in given if name not in _LABELS or name == "folds"]
        if unknown:
            known = ", ".join(name for name in _LABELS if name != "folds")
            raise PlanError(f"sweep_explorer: expected some of {known}, got {unknown[0]!r}.")
        names = [n for n in _LABELS if n not in _ASKED or given.get(n) is not None]
        own = {name: getattr(network, name) for name in names if name != "folds"}
        own["folds"] = folds
        usual = {**_USUAL, "hidden": _usual_widths(network.hidden)}
        self.values: dict[str, list[Any]] = {}
        for name in names:
            wanted = given.get(name)
            listed = _listed(name, usual[name] if wanted is None else wanted)
            if name in _PARTS:
                listed = [getattr(network.replace(**{name: v}), name) for v in listed]
            self.values[name] = _with(listed, own[name])
        if not network.hidden:
            del self.values["hidden"]
        for name, values in self.values.items():
            for value in values if given.get(name) is not None else ():
                network.replace(**{name: value})
        self.start = {name: values.index(own[name]) for name, values in self.values.items()}

    def plain(self) -> list[dict[str, Any]]:
        """Say it in what JSON knows.

        Returns
        -------
        list of dict
            name, label, values (as text).
        """
        return [
            {"name": name, "label": _LABELS[name], "values": [value_text(v) for v in values]}
            for name, values in self.values.items()
        ]

    def settings(self, places: Mapping[str, Any]) -> dict[str, Any]:
        """Read what was chosen.

        Parameters
        ----------
        places : mapping of str to int
            Place of the value of each name; others stay at the beginning.

        Returns
        -------
        dict
            Value by name, folds among them.

        Raises
        ------
        PlanError
            When there is no such place.
        """
        found = {}
        for name, values in self.values.items():
            place = places.get(name, self.start[name])
            if not isinstance(place, int) or not 0 <= place < len(values):
                raise PlanError(
                    f"{name}: expected a place from 0 to {len(values) - 1}, got {place!r}."
                )
            found[name] = values[place]
        return found

    def places(self, settings: Mapping[str, Any]) -> dict[str, int]:
        """Say where the sliders stand for settings; the inverse of `settings`."""
        return {name: values.index(settings[name]) for name, values in self.values.items()}


def _listed(name: str, values: Any) -> list[Any]:
    if isinstance(values, str | type) or not isinstance(values, Iterable):
        values = [values]
    listed = [value.item() if hasattr(value, "item") else value for value in values]
    if name == "hidden":
        listed = [(value,) if isinstance(value, int) else tuple(value) for value in listed]
    if not listed:
        raise PlanError(f"sweep_explorer: {name}: expected at least one value, got none.")
    return list(dict.fromkeys(listed))


def _with(values: list[Any], own: Any) -> list[Any]:
    if own in values:
        return values
    if all(isinstance(value, int | float) for value in [*values, own]):
        return sorted([*values, own])
    return [own, *values]


def _usual_widths(hidden: tuple[int, ...]) -> list[tuple[int, ...]]:
    if len(hidden) == 1:
        return [(width,) for width in (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32)]
    scaled = ([max(1, round(width * share)) for width in hidden] for share in (0.5, 1, 1.5, 2, 3))
    return [tuple(widths) for widths in scaled]
