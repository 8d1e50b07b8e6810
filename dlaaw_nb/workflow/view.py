"""Where the tasks and ends of a workflow are drawn on a canvas; what runs does not depend on it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.documents import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["FARTHEST", "add_view", "copy_view", "view_of"]

FARTHEST: Final = 10_000_000
"""How far from the origin something may stand, in CSS pixels; the schema says the same."""


def view_of(workflow: Workflow) -> dict[str, Any]:
    """Write where things are drawn.

    Parameters
    ----------
    workflow : Workflow
        Any.

    Returns
    -------
    dict
        ``tasks``, ``inputs`` and ``outputs``, each of them ``{name: [x, y]}`` in whole pixels and
        in the order of the workflow, without names that are gone; those that are empty are left
        out.

    Raises
    ------
    GraphError
        When a place is no two numbers in range.
    """
    known = {"tasks": workflow.tasks, "inputs": workflow.inputs, "outputs": workflow.outputs}
    view = {
        side: {name: _whole(name, places[name]) for name in known[side] if name in places}
        for side, places in _sides(workflow).items()
    }
    return {side: places for side, places in view.items() if places}


def add_view(workflow: Workflow, view: Mapping[str, Any]) -> None:
    """Take over where a document says that things are drawn.

    Parameters
    ----------
    workflow : Workflow
        It is changed; names that it does not have are left out.
    view : mapping
        That obeys the schema.

    Raises
    ------
    GraphError
        When a place is no two numbers in range.
    """
    known = {"tasks": workflow.tasks, "inputs": workflow.inputs, "outputs": workflow.outputs}
    for side, places in _sides(workflow).items():
        for name, place in view.get(side, {}).items():
            if name in known[side]:
                x, y = _whole(name, place)
                places[name] = (x, y)


def copy_view(source: Workflow, target: Workflow) -> None:
    """Draw things of one workflow where those of the same names in another one are drawn."""
    ours = _sides(target)
    for side, places in _sides(source).items():
        ours[side].update(places)


def _sides(workflow: Workflow) -> dict[str, dict[str, tuple[float, float]]]:
    return {
        "tasks": workflow.places,
        "inputs": workflow.input_places,
        "outputs": workflow.output_places,
    }


def _whole(name: str, place: Any) -> list[int]:
    try:
        x, y = (float(number) for number in place)
        if max(abs(x), abs(y)) <= FARTHEST:  # so that NaN does not pass
            # As a browser rounds, so that both write the same file.
            return [math.floor(x + 0.5), math.floor(y + 0.5)]
    except (TypeError, ValueError, OverflowError):
        pass
    raise GraphError(
        f"place of {name}: expected two numbers from -{FARTHEST:,} to {FARTHEST:,}, got "
        f"{shown(place)}."
    )
