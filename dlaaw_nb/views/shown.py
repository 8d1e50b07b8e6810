"""What makes an object show itself: as plain text, static HTML and PNG."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from dlaaw_nb.views.canvas import View

__all__ = ["Shown"]


class Shown(ABC):
    """Base of the results that a person looks at.

    A subclass must give `plot` (a figure), `_html` (the HTML around a picture's HTML) and
    ``__repr__`` (short text). It may add to the MIME bundle. It must not draw, or compute anything
    dear, when it is constructed.
    """

    __slots__ = ()

    @abstractmethod
    def plot(self) -> View:
        """Draw the result.

        Returns
        -------
        View
            A matplotlib figure, made without pyplot.
        """

    @abstractmethod
    def _html(self, picture: str) -> str:
        """Write the result as HTML, with this picture (HTML, may be empty) in it."""

    def _repr_html_(self) -> str:
        return self._html(self.plot().to_html())

    def _repr_png_(self) -> bytes:
        return self.plot().to_png()

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the static forms, all from one figure (https://ipython.readthedocs.io)."""
        view = self.plot()
        makers: dict[str, Callable[[], Any]] = {
            "text/plain": lambda: repr(self),
            "text/html": lambda: self._html(view.to_html()),
            "image/png": view.to_png,
        }
        data: dict[str, Any] = {}
        for kind, make in makers.items():
            if (include is None or kind in include) and (exclude is None or kind not in exclude):
                data[kind] = make()
                if kind == "text/html":
                    view.settle()
        metadata = {"image/png": view.png_metadata()} if "image/png" in data else {}
        return data, metadata
