"""A chain of layers seen as one task."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dlaaw_nb.nn.placing import hidden_widths
from dlaaw_nb.workflow.task import Task
from dlaaw_nb.workflow.workflow import Workflow

if TYPE_CHECKING:
    from dlaaw_nb.nn.layers import NNTask

__all__ = ["LayerChain"]


class LayerChain(Task):
    """What follows from the layers alone: widths, and arrays to train.

    An implementer must set `layers` to placed layers before anything here is asked.

    Attributes
    ----------
    layers : tuple of NNTask
        The placed layers, from first to last.
    """

    layers: tuple[NNTask, ...] = ()

    @property
    def in_features(self) -> int:
        """Columns that the first layer takes."""
        return self.layers[0].in_features or 0

    @property
    def out_features(self) -> int:
        """Columns that the last layer puts out."""
        return self.layers[-1].out_features or 0

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the hidden layers: `out_features` of every Linear layer but the last."""
        return hidden_widths(self.layers)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every trained array, by names such as ``"Linear1.weight"``, in order."""
        return {
            f"{layer.name}.{name}": shape
            for layer in self.layers
            for name, shape in layer.parameter_shapes.items()
        }

    @property
    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every array of a trained model: parameters, and what is kept beside them."""
        return {
            f"{layer.name}.{name}": shape
            for layer in self.layers
            for name, shape in {**layer.parameter_shapes, **layer.buffer_shapes}.items()
        }

    @property
    def parameter_count(self) -> int:
        """How many numbers training changes."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def graph(self) -> Workflow:
        """The layers as tasks of a new workflow, joined by edges."""
        graph = Workflow(self.name)
        placed = [graph.place(layer, layer.name) for layer in self.layers]
        for before, after in itertools.pairwise(placed):
            graph.connect(before, after)
        return graph
