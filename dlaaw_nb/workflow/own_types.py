"""Port types of a person's own, as text."""

from __future__ import annotations

from typing import Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.literals import literal
from dlaaw_nb.workflow.port_type import PortType, register_port_type

__all__ = ["registration"]


def registration(name: str, value: PortType, where: str) -> Any:
    """Write what registers a port type.

    Parameters
    ----------
    name : str
        What it is called where it is used.
    value : PortType
        The type.
    where : str
        The task, for messages.

    Returns
    -------
    Definition
        Of the name.

    Raises
    ------
    GraphError
        When its codec was made with something that a file cannot hold.
    """
    from dlaaw_nb.workflow.definitions import Definition

    needs: dict[str, Any] = {"PortType": PortType, "register_port_type": register_port_type}
    codec = literal(value.codec)
    if codec is None:
        kind = type(value.codec)
        if vars(value.codec):
            raise GraphError(
                f"{where}: the codec of port type {value.name} has values of its own, which a file "
                "cannot hold. Make them attributes of its class."
            )
        needs[kind.__name__] = kind
        codec = f"{kind.__name__}()"
    parts = [literal(value.name), literal(value.description), literal(value.wider)]
    parts += [literal(value.classes), codec]
    text = f"{name} = register_port_type(PortType({', '.join(str(part) for part in parts)}))"
    return Definition(name, text, needs, frozenset(needs))
