"""What a canvas in a cell is made of: a workflow around a network, and the picture of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["around", "picture", "without_view"]


def around(network: NNWorkflow) -> Workflow:
    """Make a workflow that holds a network alone.

    Parameters
    ----------
    network : NNWorkflow
        One of a derived class is drawn as its layers.

    Returns
    -------
    Workflow
        With the network as its one task.
    """
    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.workflow.workflow import Workflow

    plain = NNWorkflow.from_parameters(network.unplaced().parameters)
    flow = Workflow(plain.name)
    flow.add(plain)
    return flow


def picture(
    workflow: Workflow, network: NNWorkflow | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a workflow, or a network by itself, for the static twin.

    Parameters
    ----------
    workflow : Workflow
        What is drawn where there is no network.
    network : NNWorkflow or None
        What is drawn instead.

    Returns
    -------
    tuple of dict
        A MIME bundle, and its metadata.
    """
    if network is None:
        return workflow.copy()._repr_mimebundle_()
    from dlaaw_nb.nn.summary import network_drawing, network_html

    drawing = network_drawing(network)
    data = {"text/plain": repr(network), "text/html": network_html(network)}
    return {**data, "image/png": drawing.to_png()}, {"image/png": drawing.png_metadata()}


def without_view(document: dict[str, Any]) -> dict[str, Any]:
    """Give a document without where things stand on the canvas."""
    return {key: value for key, value in document.items() if key != "view"}
