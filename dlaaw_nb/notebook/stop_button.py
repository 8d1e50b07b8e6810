"""A Stop button under a run.

A blocking run keeps the kernel from hearing the page, so there the page itself asks the server to
interrupt the kernel; a run in the background gets a message.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["StopButton"]

_NOTHING = {"text/html": "", "text/plain": ""}


class StopButton:
    """A button in a display of its own, until it is removed.

    Parameters
    ----------
    publish : callable
        The display publisher's ``publish``.
    stop : callable or None
        What a click calls; None interrupts the kernel.
    """

    def __init__(self, publish: Callable[..., object], stop: Callable[[], object] | None) -> None:
        self._publish = publish
        self._id = {"display_id": f"dlaaw-stop-{secrets.token_hex(8)}"}
        self.widget = _widget_class()(interrupts=stop is None)
        self.widget.on_msg(lambda _widget, content, _buffers: _clicked(content, stop))
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}
        self._publish(data, {}, transient=self._id)

    def remove(self) -> None:
        """Take the button away."""
        with suppress(Exception):
            self._publish(_NOTHING, {}, transient=self._id, update=True)
        self.widget.close()


def _clicked(content: Any, stop: Callable[[], object] | None) -> None:
    if stop is not None and isinstance(content, dict) and content.get("event") == "stop":
        stop()


@lru_cache(maxsize=1)
def _widget_class() -> Any:
    import anywidget
    import traitlets

    code = resources.files("dlaaw_nb.notebook").joinpath("static", "stop_button.js")

    class StopButtonWidget(anywidget.AnyWidget):
        _esm = code.read_text(encoding="utf-8")
        interrupts = traitlets.Bool(default_value=True).tag(sync=True)

    return StopButtonWidget
