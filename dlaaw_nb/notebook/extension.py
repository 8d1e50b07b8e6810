"""What ``%load_ext dlaaw_nb`` does: it registers the magics, and loads nothing else.

In a notebook a network then shows itself as a graph that answers to clicks, and a run that is under
way as it goes on.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load_ipython_extension", "unload_ipython_extension"]

_NETWORK = "dlaaw_nb.nn.network", "NNWorkflow"
_RUN = "dlaaw_nb.workflow.run", "Run"


def _show(network: Any) -> None:
    from IPython.display import display

    from dlaaw_nb.notebook.layer_graph import layer_graph

    display(layer_graph(network))


def _show_run(run: Any) -> None:
    if run.finished is not None:
        raise NotImplementedError  # by which IPython is told to show its static forms
    from dlaaw_nb.notebook.workflow_monitor import watch

    watch(run)


def _magics() -> tuple[Any, ...]:
    from dlaaw_nb.notebook.activation_magics import ActivationMagics
    from dlaaw_nb.notebook.compose_magics import ComposeMagics
    from dlaaw_nb.notebook.cuda_magics import CudaMagics
    from dlaaw_nb.notebook.magics import NetworkMagics
    from dlaaw_nb.notebook.workflow_magics import WorkflowMagics

    return ActivationMagics, ComposeMagics, CudaMagics, NetworkMagics, WorkflowMagics


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics; twice does no harm.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    shell.register_magics(*_magics())
    formatter: Any = shell.display_formatter
    if hasattr(shell, "kernel"):
        formatter.ipython_display_formatter.for_type_by_name(*_NETWORK, _show)
        formatter.ipython_display_formatter.for_type_by_name(*_RUN, _show_run)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away.

    Parameters
    ----------
    shell : InteractiveShell
        IPython's.
    """
    if hasattr(shell, "kernel"):
        formatter: Any = shell.display_formatter
        for place in (_NETWORK, _RUN):
            with suppress(KeyError):
                formatter.ipython_display_formatter.pop(".".join(place))
    known: dict[str, dict[str, Any]] = shell.magics_manager.magics
    for magics in _magics():
        for kind, names in magics.magics.items():
            for name in names:
                known[kind].pop(name, None)
