"""The base class of layers: a layer is a task."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from dlaaw_nb.nn.ports import ACTIVATIONS
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.task import Task

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ElementwiseLayer", "NNTask", "SameWidthLayer"]

_SHAPE = ("in_features", "out_features")


@dataclass(frozen=True, repr=False)
class NNTask(Task):
    """A layer: a task with one port `input` and one port `output`.

    Layers are immutable, and equal when their class and hyperparameters are. A network places a
    copy of each, which has a name and knows its shapes.

    An implementer derives a frozen dataclass, decorates it with ``register_layer``, and declares
    each hyperparameter as a field; the fields `in_features` and `out_features` of a layer that
    fixes its own width are declared anew, as ``Linear`` does. An implementer must check the
    hyperparameters in ``__post_init__`` and raise ``NetworkError``; must override `fitted`, or
    derive from ``ElementwiseLayer`` or ``SameWidthLayer``; may override `parameter_shapes` and
    `buffer_shapes`; and must not compute anything, for arithmetic is the kernels' work.

    Attributes
    ----------
    cuda_source : str or None
        Of a layer from another package: the text of its header, as those in ``kernels_cu/layers/``.
    reference : Layer or None
        The same in NumPy, from ``dlaaw_nb.engine.reference``.
    name : str
        Name by kind and count once it stands in a network (``"Linear1"``); empty before.
    in_features : int or None
        Columns of the input; None while unknown.
    out_features : int or None
        Columns of the output; None while unknown.
    """

    cuda_source: ClassVar[str | None] = None
    reference: ClassVar[Any] = None
    name: str = field(default="", init=False, compare=False)
    in_features: int | None = field(default=None, init=False, compare=False)
    out_features: int | None = field(default=None, init=False, compare=False)

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The port `input`: activations, shape (rows, in_features)."""
        return (Port("input", ACTIVATIONS, "input", (None, self.in_features)),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The port `output`: activations, shape (rows, out_features)."""
        return (Port("output", ACTIVATIONS, "output", (None, self.out_features)),)

    @classmethod
    def own_widths(cls) -> tuple[str, ...]:
        """Which of `in_features` and `out_features` the constructor takes."""
        return tuple(name for name in _given(cls) if name in _SHAPE)

    @property
    def fixes_width(self) -> bool:
        """Whether it was made for one width of input, so that a network can begin with it."""
        return "in_features" in _given(type(self))

    @property
    def spec_kind(self) -> str:
        """What specifications call its kind: the name of the class."""
        return self.kind

    @property
    def hyperparameters(self) -> dict[str, object]:
        """What it was made with besides its widths, by name; plain numbers, words and booleans."""
        return {name: getattr(self, name) for name in _given(type(self)) if name not in _SHAPE}

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each trained array by its name (``{"weight": (3, 5), "bias": (3,)}``)."""
        return {}

    @property
    def buffer_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each array that training keeps besides those it trains."""
        return {}

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes."""
        return sum(prod(shape) for shape in self.parameter_shapes.values())

    def fitted(self, in_features: int) -> Self:
        """Make the layer of this kind that takes a given width and is otherwise the same.

        Parameters
        ----------
        in_features : int
            Columns of the input.

        Returns
        -------
        NNTask
            The fitting layer, with `in_features` and `out_features` known; unplaced.
        """
        raise NotImplementedError(f"{self.kind} must say how it fits a width: override fitted()")

    def __repr__(self) -> str:
        names = _given(type(self))
        shown = [repr(getattr(self, name)) for name in names if name in _SHAPE]
        shown += [f"{name}={getattr(self, name)!r}" for name in names if name not in _SHAPE]
        return f"{self.kind}({', '.join(shown)})"


@dataclass(frozen=True, repr=False)
class SameWidthLayer(NNTask):
    """A layer that puts out as many numbers as come in."""

    def fitted(self, in_features: int) -> Self:
        """Make the layer of this kind for a given width.

        Parameters
        ----------
        in_features : int
            Columns of the input, and so of the output.

        Returns
        -------
        SameWidthLayer
            The same layer, with both widths known.
        """
        twin = self.placed("")
        object.__setattr__(twin, "in_features", in_features)
        object.__setattr__(twin, "out_features", in_features)
        return twin


@dataclass(frozen=True, repr=False)
class ElementwiseLayer(SameWidthLayer):
    """A layer that works on each number by itself."""


def _given(kind: type[Any]) -> tuple[str, ...]:
    """Names of what the constructor of a layer takes."""
    return tuple(item.name for item in fields(kind) if item.init)
