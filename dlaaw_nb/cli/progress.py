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

    The bar and notes go to stderr, the bar only if that is a terminal; costs go to stdout.

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
        show = {"log": self._log, "progress": self._progress, "cost": self._cost}.get(
            event.get("event", "")
        )
        if show is not None:
            show(event)

    def _log(self, event: dict[str, Any]) -> None:
        if event.get("level") in {"warning", "error"}:
            self._write(f"dlaaw: note: {event['message']}", sys.stderr)

    def _progress(self, event: dict[str, Any]) -> None:
        if self._bar is None:
            if not sys.stderr.isatty():
                return
            from tqdm import tqdm

            self._bar = tqdm(total=event["total"], unit=" epochs", leave=False, file=sys.stderr)
        self._bar.update(event["done"] - self._bar.n)

    def _cost(self, event: dict[str, Any]) -> None:
        if self.costs:
            self._write(f"epoch {event['epoch']:>7}   cost {event['cost']:.6f}", sys.stdout)

    def _write(self, line: str, stream: Any) -> None:
        if self._bar is None:
            print(line, file=stream, flush=True)
        else:
            self._bar.write(line, file=stream)  # steps around the bar
