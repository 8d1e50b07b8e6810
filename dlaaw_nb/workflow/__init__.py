"""Workflows: tasks with typed ports, joined by edges, run by any executor, every result traceable.

Knows no network and no notebook.
"""

from dlaaw_nb.workflow import types as _types  # the plain port types are registered
from dlaaw_nb.workflow.boundary import WorkflowInput
from dlaaw_nb.workflow.composite import Map, SubWorkflow
from dlaaw_nb.workflow.function import FunctionTask, task
from dlaaw_nb.workflow.graph import Edge, Graph
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.port import Port, Shape
from dlaaw_nb.workflow.port_type import PortType, port_type, port_types, register_port_type
from dlaaw_nb.workflow.task import Source, Task, counted_name
from dlaaw_nb.workflow.types import ANY, ARRAY, TABLE
from dlaaw_nb.workflow.workflow import Workflow

__all__ = [
    "ANY",
    "ARRAY",
    "TABLE",
    "Edge",
    "FunctionTask",
    "Graph",
    "Map",
    "Policy",
    "Port",
    "PortType",
    "Shape",
    "Source",
    "SubWorkflow",
    "Task",
    "Workflow",
    "WorkflowInput",
    "counted_name",
    "port_type",
    "port_types",
    "register_port_type",
    "task",
]

del _types
