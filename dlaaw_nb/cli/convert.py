"""``dlaaw convert``: a network or model file of one system as that of another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.exits import ExitCode

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
dlaaw convert spec.json network.json
dlaaw convert model.json model_dataview.json --to dataview
"""


def register(commands: options.Commands) -> None:
    """Add ``convert`` to the commands."""
    parser = options.add_command(
        commands, "convert", run, "rewrite a network or model file for another system", EXAMPLE
    )
    parser.add_argument("source", metavar="IN.json", type=Path, help="the file to read")
    parser.add_argument("result", metavar="OUT.json", type=Path, help="the file to write")
    parser.add_argument(
        "--to", metavar="FORMAT", default="dlaaw", help="dlaaw (default) or dataview"
    )
    parser.add_argument(
        "--scale-by",
        metavar="DATA",
        help="data that a model of DATAVIEW was trained on, for it does not say how it is scaled",
    )


def run(arguments: argparse.Namespace) -> int:
    """Read, write, and say what was made."""
    from dlaaw_nb import convert
    from dlaaw_nb.convert.dataview_model import DataviewModel

    output.check_writable(arguments.result)
    thing = convert.load(arguments.source)
    if isinstance(thing, DataviewModel) and arguments.to == "dlaaw":
        if arguments.scale_by is None:
            thing.save(arguments.result)  # says why not
        else:
            thing = thing.fixed(options.find_data(arguments.scale_by))
    convert.save(arguments.result, thing, arguments.to)
    print(f"{thing!r}\nsaved to {arguments.result}")
    return ExitCode.OK
