"""The engine: ``execute(spec, data, emit, stop)``, with nothing but Python 3.8 and NumPy.

It imports nothing else of the package, for it travels to boards as it is.
"""

from __future__ import annotations

__all__: list = []  # type: ignore[type-arg]
