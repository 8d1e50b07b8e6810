"""The graph core: tasks with typed ports, joined by edges. Knows no network and no notebook."""

from dlaaw_nb.workflow.graph import Edge, Workflow
from dlaaw_nb.workflow.port import (
    ANY,
    ARRAY,
    TABLE,
    Port,
    PortType,
    Shape,
    port_type,
    port_types,
    register_port_type,
)
from dlaaw_nb.workflow.task import Task, counted_name

__all__ = [
    "ANY",
    "ARRAY",
    "TABLE",
    "Edge",
    "Port",
    "PortType",
    "Shape",
    "Task",
    "Workflow",
    "counted_name",
    "port_type",
    "port_types",
    "register_port_type",
]
