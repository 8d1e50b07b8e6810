"""What ``%load_ext dlaaw_nb`` does: it registers the magics, and loads nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics; twice does no harm.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    from dlaaw_nb.notebook.magics import NetworkMagics

    shell.register_magics(NetworkMagics)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    from dlaaw_nb.notebook.magics import NetworkMagics

    known: dict[str, dict[str, Any]] = shell.magics_manager.magics
    for kind, names in NetworkMagics.magics.items():
        for name in names:
            known[kind].pop(name, None)
