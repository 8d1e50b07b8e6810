"""The ``dlaaw`` command: one module for each family of commands.

Nothing heavy is imported until a command runs, so that ``dlaaw --help`` answers at once.
"""

from dlaaw_nb.cli.app import main

__all__ = ["main"]
