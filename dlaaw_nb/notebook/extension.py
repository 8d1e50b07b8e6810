"""What ``%load_ext dlaaw_nb`` does: it registers the magics, and loads nothing else.

In a notebook a network then shows itself as a graph that answers to clicks.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load_ipython_extension", "unload_ipython_extension"]

_NETWORK = "dlaaw_nb.nn.network", "NNWorkflow"


def _show(network: Any) -> None:
    from IPython.display import display

    from dlaaw_nb.notebook.layer_graph import layer_graph

    display(layer_graph(network))


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics; twice does no harm.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    from dlaaw_nb.notebook.magics import NetworkMagics

    shell.register_magics(NetworkMagics)
    formatter: Any = shell.display_formatter
    if hasattr(shell, "kernel"):
        formatter.ipython_display_formatter.for_type_by_name(*_NETWORK, _show)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    from dlaaw_nb.notebook.magics import NetworkMagics

    if hasattr(shell, "kernel"):
        formatter: Any = shell.display_formatter
        with suppress(KeyError):
            formatter.ipython_display_formatter.pop(".".join(_NETWORK))
    known: dict[str, dict[str, Any]] = shell.magics_manager.magics
    for kind, names in NetworkMagics.magics.items():
        for name in names:
            known[kind].pop(name, None)
