"""The magic of activations: two CUDA functions in a cell become a layer."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from dlaaw_nb.errors import DlaawError

__all__ = ["ActivationMagics"]

_FIRST_LINE = 2  # of the cell's body: the magic is on line 1


@magics_class
class ActivationMagics(Magics):
    """Layers from cells: ``%%activation``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell

    @magic_arguments()
    @argument("--no-check", action="store_true", help="do not compare backward with differences")
    @argument("--quiet", action="store_true", help="show no picture")
    @argument("name", help="name of the layer's class, such as Swish")
    @argument("hyperparameters", nargs="*", help="names with their defaults, such as beta=1.0")
    @cell_magic
    def activation(self, line: str, cell: str) -> Any:
        """Make a layer of two CUDA functions of one number.

        Example::

            %%activation Swish beta=1.0
            __device__ float forward(float x, float beta) {
              return x / (1.0f + expf(-beta * x));
            }
            __device__ float backward(float x, float dy, float beta) {
              const float s = 1.0f / (1.0f + expf(-beta * x));
              return dy * (s + beta * x * s * (1.0f - s));
            }
        """
        from dlaaw_nb.nn.layers.own_activation import activation
        from dlaaw_nb.nn.layers.own_plot import plot_activations

        arguments = parse_argstring(self.activation, line)
        given = dict(_default(text) for text in arguments.hyperparameters)
        try:
            kind = activation(
                arguments.name,
                cell,
                given,
                check=not arguments.no_check,
                first_line=_FIRST_LINE,
            )
        except DlaawError as error:
            raise UsageError(str(error)) from error
        self._shell.push({arguments.name: kind})
        return None if arguments.quiet else plot_activations(kind())


def _default(text: str) -> tuple[str, float]:
    name, sign, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError as error:
        got = repr(text) if sign else f"{text!r}, which has no default"
        raise UsageError(
            f"%%activation: expected NAME=NUMBER, such as beta=1.0, got {got}."
        ) from error
