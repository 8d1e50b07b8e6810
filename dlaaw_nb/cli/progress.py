"""Shows a run while it goes on: a bar for a person at a terminal, costs as they come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Progress"]


class Progress:
    """A callback for plans that shows their events.

    The bar goes to stderr, if that is a terminal; costs go to stdout.

    Parameters
    ----------
    costs : bool
        Whether each cost event prints a line.

    Examples
    --------
    >>> with Progress(costs=True) as progress:
    ...     result = network.train(data, callback=progress)
    """

    def __init__(self, *, costs: bool) -> None:
        self.costs = costs
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event; kinds that need no showing are passed over."""
        if event["event"] == "progress":
            self._progress(event)
        elif event["event"] == "cost" and self.costs:
            self._cost(event)

    def _progress(self, event: dict[str, Any]) -> None:
        if self._bar is None:
            if not sys.stderr.isatty():
                return
            from tqdm import tqdm

            self._bar = tqdm(total=event["total"], unit=" epochs", leave=False, file=sys.stderr)
        self._bar.update(event["done"] - self._bar.n)

    def _cost(self, event: dict[str, Any]) -> None:
        line = f"epoch {event['epoch']:>7}   cost {event['cost']:.6f}"
        if self._bar is None:
            print(line, flush=True)
        else:
            self._bar.write(line, file=sys.stdout)  # steps around the bar
