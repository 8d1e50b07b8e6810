"""Networks and models of other systems, such as DATAVIEW's, as documents of a canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["converted"]


def converted(text: Any, path: Any) -> dict[str, Any]:
    """Draw a network or a trained model of any format that is known; nothing of it is executed.

    Parameters
    ----------
    text : str
        What the file holds.
    path : str
        Its name, for the workflow's name and where it reads a model again.

    Returns
    -------
    dict
        Document of a workflow: a specification is a network that trains on its data, a model is
        one that predicts.

    Raises
    ------
    FormatError
        When it is none, or broken; the message names the place.
    """
    from dlaaw_nb.convert.mappers import read_text
    from dlaaw_nb.nn.model import Model

    if not isinstance(text, str) or not isinstance(path, str):
        raise FormatError("convert: expected the text of a file, and its name.")
    found, document = read_text(text)
    name = path.rpartition("/")[2] or "network"
    flow = _flow(name.partition(".")[0] or name)
    if isinstance(found, Model):
        _add_model(flow, found, name)
    else:
        _add_network(flow, found, document)
    return flow.document


def _flow(name: str) -> Workflow:
    from dlaaw_nb.workflow.workflow import Workflow

    return Workflow(name)


def _add_network(flow: Workflow, network: Any, document: Mapping[str, Any]) -> None:
    from dlaaw_nb.workflow.boundary import NOTHING

    told = document.get("wIpt")  # of DATAVIEW's specifications alone
    data = flow.input("data", told if isinstance(told, str) and told else NOTHING, type="file")
    placed = flow.add(network, data, name="network")
    for port in ("model", "prediction", "report"):
        flow.output(port, placed[port])


def _add_model(flow: Workflow, model: Any, file: str) -> None:
    from dlaaw_nb.tasks import ReadModel

    data = flow.input("data", type="file")
    read = flow.add(ReadModel(), flow.input("model", file, type="file"), name="read_model")
    network = model.network.as_task("predict")
    placed = flow.add(network, dataset=data, model=read, name="network")
    for port in ("prediction", "report"):
        flow.output(port, placed[port])
