"""How a run shows itself."""

from __future__ import annotations

__all__ = ["RunShown"]


class RunShown:
    """The views of a run; an implementer is a `Run`."""
