"""Makes a layer class of two CUDA functions: compiled and checked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dlaaw_nb.nn.layers.own import OwnActivation, definition_of, hand_over, own_class
from dlaaw_nb.nn.layers.own_check import check_compiles, check_values
from dlaaw_nb.nn.layers.own_trust import trust_here
from dlaaw_nb.nn.layers.registry import replace_own, require_free

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.engine.elementwise import CompiledElementwise

__all__ = ["activation"]


def activation(
    name: str,
    source: str,
    hyperparameters: Mapping[str, float] | None = None,
    *,
    check: bool = True,
    first_line: int = 1,
) -> type[OwnActivation]:
    """Make a layer of two CUDA functions of one number; it trains on every target.

    Parameters
    ----------
    name : str
        Of the class, such as ``"Swish"``. One that was made so before is replaced; models that
        were trained with it keep it.
    source : str
        ``__device__ float forward(float x)`` and ``__device__ float backward(float x, float dy)``,
        which gives ``dy`` times the derivative of ``forward`` at ``x``. Hyperparameters follow as
        more floats. C's functions of a float are there: expf, logf, tanhf and erff give the same
        bits on every target.
    hyperparameters : mapping of str to float, or None
        Their defaults by name, in the order in which the functions take them.
    check : bool
        Whether ``backward`` is compared with differences of ``forward``; False for a derivative
        that is meant to be another one. Both are called in any case, with x from -20 to 20, in a
        process of their own.
    first_line : int
        Number of the source's first line where the person wrote it, for messages.

    Returns
    -------
    subclass of NNTask
        The class; ``Swish()`` and ``Swish(beta=2.0)`` are layers.

    Raises
    ------
    NetworkError
        When the name is taken, the compiler refuses the source, a function does not come to an end
        or ends its process, or the derivative is wrong.
    BuildError
        When there is no C++ compiler.

    Examples
    --------
    >>> from dlaaw_nb.nn.layers import activation
    >>> Square = activation(
    ...     "Square",
    ...     "__device__ float forward(float x) { return x * x; }"
    ...     "__device__ float backward(float x, float dy) { return dy * 2.0f * x; }",
    ... )
    >>> Square()
    Square()
    """
    from dlaaw_nb.engine.reference import LAYERS

    definition = definition_of(name, source, hyperparameters)
    require_free(definition.name)
    hand_over(definition)
    layer = cast("CompiledElementwise", LAYERS[definition.kind])
    check_compiles(layer, definition, first_line)
    check_values(layer, definition, derivative=check)
    trust_here(definition)
    kind = own_class(definition)
    replace_own(kind)
    return kind
