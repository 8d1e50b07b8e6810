"""Cost curves of the networks that a run trains, drawn anew as their costs come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlaaw_nb.workflow.run import Run

__all__ = ["CostCurves"]


class CostCurves:
    """The curves of one run; each is a message for pages.

    A message has ``type`` ("costs"), ``run``, ``task``, ``svg`` (a whole SVG document, to be shown
    as a picture), and ``text``, which says the last cost in words.

    Parameters
    ----------
    run : Run
        Under way or over.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._told: dict[str, int] = {}

    def news(self) -> Iterator[dict[str, Any]]:
        """Draw the curves that have grown since they were given last."""
        for name, costs in self._costs():
            if self._told.get(name) != len(costs):
                self._told[name] = len(costs)
                yield self._drawn(name, costs)

    def all(self) -> Iterator[dict[str, Any]]:
        """Draw every curve."""
        for name, costs in self._costs():
            yield self._drawn(name, costs)

    def _costs(self) -> Iterator[tuple[str, tuple[tuple[int, float], ...]]]:
        for name, task in self._run.tasks.items():
            costs = task.costs
            if costs:
                yield name, costs

    def _drawn(self, name: str, costs: tuple[tuple[int, float], ...]) -> dict[str, Any]:
        from dlaaw_nb.views.live_chart import live_chart
        from dlaaw_nb.views.text import number_text

        epoch, cost = costs[-1]
        title = f"Cost of {name}"
        svg = live_chart([costs], title=title, x_label="epoch", y_label="cost", x_end=epoch)
        text = f"{title}: {number_text(cost, 4)} after epoch {epoch:,}"
        return {"type": "costs", "run": self._run.id, "task": name, "svg": svg, "text": text}
