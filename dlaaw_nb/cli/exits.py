"""What the exit codes of the ``dlaaw`` command mean."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    """All went well."""
    ERROR = 1
    """The input or the machine is not as it must be; one line on stderr says what to do."""
    USAGE = 2
    """The command line could not be understood."""
    DIVERGED = 3
    """A training's numbers ran off: in a fold of ``cv``, at every point of ``sweep``."""
    INTERRUPTED = 130
    """Stopped by the user; what was trained so far is printed and saved."""
