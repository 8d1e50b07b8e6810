"""The plain types of ports, each with the codec that keeps its values."""

from __future__ import annotations

from dlaaw_nb.workflow.port_type import PortType, register_port_type

__all__ = [
    "ANY", "ARRAY", "BOOL", "FIGURE", "FILE", "FLOAT", "INT", "LIST", "MAPPING", "STR", "TABLE",
]  # fmt: skip

_CODECS = "dlaaw_nb.store.codecs:"

ANY = register_port_type(PortType("any", "whatever comes"))
INT = register_port_type(
    PortType(
        "int", "a whole number", ("float",), ("builtins:int", "numpy:integer"), f"{_CODECS}INT"
    )
)
FLOAT = register_port_type(
    PortType(
        "float",
        "a number",
        (),
        ("builtins:float", "builtins:int", "numpy:floating", "numpy:integer"),
        f"{_CODECS}FLOAT",
    )
)
STR = register_port_type(PortType("str", "text", (), ("builtins:str",), f"{_CODECS}STR"))
BOOL = register_port_type(
    PortType("bool", "true or false", (), ("builtins:bool", "numpy:bool"), f"{_CODECS}BOOL")
)
FILE = register_port_type(
    PortType(
        "file",
        "the path of a file",
        (),
        ("pathlib:PurePath", "pathlib._local:PurePath", "builtins:str"),
        f"{_CODECS}FILE",
    )
)
ARRAY = register_port_type(
    PortType("array", "a NumPy array", (), ("numpy:ndarray",), f"{_CODECS}ARRAY")
)
TABLE = register_port_type(
    PortType(
        "table",
        "a pandas DataFrame",
        (),
        ("pandas:DataFrame", "pandas.core.frame:DataFrame"),
        f"{_CODECS}TABLE",
    )
)
MAPPING = register_port_type(
    PortType(
        "mapping", "values by name", (), ("builtins:dict", "collections.abc:Mapping"),
        f"{_CODECS}MAPPING",
    )
)  # fmt: skip
LIST = register_port_type(
    PortType("list", "a list of values", (), ("builtins:list", "builtins:tuple"), f"{_CODECS}LIST")
)
FIGURE = register_port_type(
    PortType(
        "figure",
        "a picture",
        (),
        (
            "matplotlib.figure:Figure",
            "dlaaw_nb.store.picture:Picture",
            "dlaaw_nb.views.canvas:View",
            "dlaaw_nb.views.drawing:Drawing",
        ),
        f"{_CODECS}FIGURE",
    )
)
