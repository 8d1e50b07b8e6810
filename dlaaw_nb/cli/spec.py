"""``dlaaw spec``: write the file that describes a network."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.exits import ExitCode

if TYPE_CHECKING:
    from dlaaw_nb.nn.layers import NNTask

ACTIVATIONS = ("relu", "tanh", "sigmoid")

EXAMPLE = """
dlaaw spec 5-3-1 -o network.json
dlaaw spec 13-8-5-3-1 --activation tanh --epochs 500 --learning-rate 0.01 -o grid.json
"""


def register(commands: options.Commands) -> None:
    """Add ``spec`` to the commands."""
    parser = options.add_command(
        commands, "spec", run, "write the file that describes a network", EXAMPLE
    )
    parser.add_argument(
        "sizes",
        metavar="SIZES",
        type=_sizes,
        help="features, hidden widths and the one output, such as 5-3-1",
    )
    parser.add_argument(
        "-o", "--output", metavar="SPEC.json", type=Path, help="save it (default: print it)"
    )
    parser.add_argument("--name", default="network", help="name of the network")
    parser.add_argument(
        "--activation",
        choices=ACTIVATIONS,
        default="relu",
        help="after each hidden layer (default: relu); the last layer has a sigmoid",
    )
    for name, (parse, metavar, help_) in options.HYPERPARAMETERS.items():
        if name != "hidden":
            option = "--" + name.replace("_", "-")
            parser.add_argument(option, type=parse, metavar=metavar, help=help_)


def run(arguments: argparse.Namespace) -> int:
    """Make the network and write its specification."""
    import json

    from dlaaw_nb import NNWorkflow

    output.check_writable(arguments.output)
    names = [name for name in options.HYPERPARAMETERS if name != "hidden"]
    network = NNWorkflow(
        _layers(arguments.sizes, arguments.activation),
        name=arguments.name,
        **{name: getattr(arguments, name) for name in names},
    )
    if arguments.output is None:
        print(json.dumps(network.spec(), indent=2))
    else:
        network.save(arguments.output)
        print(f"{network!r}\nsaved to {arguments.output}")
    return ExitCode.OK


def _layers(sizes: list[int], activation: str) -> list[NNTask]:
    from dlaaw_nb import Linear, ReLU, Sigmoid, Tanh

    hidden = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}[activation]
    layers: list[NNTask] = []
    for before, after in itertools.pairwise(sizes):
        layers += [Linear(before, after), hidden()]
    return [*layers[:-1], Sigmoid()]


def _sizes(text: str) -> list[int]:
    sizes = [int(part) for part in text.split("-")]
    if len(sizes) < 2:
        raise argparse.ArgumentTypeError(
            f"expected at least features and outputs, such as 5-3-1, got {text!r}"
        )
    return sizes


_sizes.__name__ = "list of sizes"  # argparse names it so in "invalid list of sizes value"
