"""How far a plan is that several workers share: one count out of theirs."""

from __future__ import annotations

import threading
from typing import Any, Dict, List, Mapping, Sequence

__all__ = ["Progress"]


class Progress:
    """Epochs and rows that are done, of all workers together.

    Parameters
    ----------
    epochs : sequence of int
        Of each trial of the plan.
    """

    def __init__(self, epochs: Sequence[int]) -> None:
        self._epochs = list(epochs)
        self._settled = [0, 0]  # epochs and rows of shares that are over
        self._under_way: Dict[str, List[int]] = {}  # of a worker's share, likewise
        self.lock = threading.Lock()
        """To be held from `take` until what it gave is told, so that it never goes back."""

    def take(self, worker: str, event: Mapping[str, Any]) -> Dict[str, Any]:
        """Turn a worker's ``progress`` into that of the whole.

        Parameters
        ----------
        worker : str
            Whose.
        event : mapping
            done and rows, of its share.

        Returns
        -------
        dict
            The event.
        """
        self._under_way[worker] = [event["done"], event["rows"]]
        pairs = [self._settled, *self._under_way.values()]
        done, rows = (sum(numbers) for numbers in zip(*pairs))
        return {"event": "progress", "done": done, "total": sum(self._epochs), "rows": rows}

    def settle(self, worker: str, finished: Sequence[int]) -> None:
        """Note that a worker's share is over.

        Parameters
        ----------
        worker : str
            Whose.
        finished : sequence of int
            Trials of it that are finished; epochs of others count as not done.
        """
        with self.lock:
            rows = self._under_way.pop(worker, [0, 0])[1]
            self._settled[0] += sum(self._epochs[trial] for trial in finished)
            self._settled[1] += rows
