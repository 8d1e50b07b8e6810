"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.network import NNWorkflow

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  no public name


class Hyperparameter(NamedTuple):
    """How one hyperparameter is written on the command line."""

    parse: Callable[[str], Any]
    metavar: str
    help: str


def widths(text: str) -> tuple[int, ...]:
    """Read hidden layer widths: ``3`` is one hidden layer, ``8,4`` are two."""
    return tuple(int(part) for part in text.split(","))


widths.__name__ = "list of widths"  # argparse names it so in "invalid list of widths value"

HYPERPARAMETERS = {
    "learning_rate": Hyperparameter(float, "RATE", "step size of the optimizer"),
    "momentum": Hyperparameter(float, "M", "momentum of the optimizer, 0 to 1"),
    "weight_decay": Hyperparameter(float, "RATE", "how strongly weights are drawn to 0"),
    "optimizer": Hyperparameter(str, "NAME", "SGD, Nesterov, Adam or AdamW"),
    "schedule": Hyperparameter(str, "NAME", "Constant, StepDecay, CosineDecay, ReduceOnPlateau"),
    "early_stopping": Hyperparameter(int, "N", "end after so many epochs without a better cost"),
    "epochs": Hyperparameter(int, "N", "passes over the training rows"),
    "batches": Hyperparameter(int, "N", "parts that the rows are cut into"),
    "seed": Hyperparameter(int, "N", "seed of the initial weights and of the shuffle"),
    "hidden": Hyperparameter(widths, "WIDTHS", "width of the hidden layer, or 8,4 for two"),
}


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    """Add a command whose help ends with an example.

    Parameters
    ----------
    commands : argparse subparsers
        Where the command is added.
    name : str
        The word typed after ``dlaaw``.
    run : callable
        Takes the parsed arguments and returns the exit code.
    summary : str
        One sentence, also shown in the list of commands.
    example : str
        One or more lines to type.
    """
    lines = "\n".join(f"  {line}" for line in example.strip().splitlines())
    parser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """Add SPEC and DATA, and the options of every command that trains."""
    parser.add_argument("spec", metavar="SPEC.json", type=Path, help="the network (see dlaaw spec)")
    add_data_options(parser)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add DATA, ``--label``, ``--target`` and ``--json``."""
    parser.add_argument("data", metavar="DATA", help="CSV file, URL or name of a data set")
    parser.add_argument(
        "--label",
        metavar="COLUMN",
        type=_column,
        help="label column: its name, or its position from 0 (default: the last)",
    )
    parser.add_argument("--target", default="cpu", help="where to run (default: cpu)")
    add_json_option(parser)


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document on stdout, for machines"
    )


def add_hyperparameters(parser: argparse.ArgumentParser, *, several: bool) -> None:
    """Add an option for each hyperparameter, taking one value or, for a sweep, several."""
    title = "grid: one point for every combination" if several else "instead of the SPEC's values"
    group = parser.add_argument_group(title)
    for name, (parse, metavar, help_) in HYPERPARAMETERS.items():
        group.add_argument(
            "--" + name.replace("_", "-"),
            nargs="+" if several else None,
            type=parse,
            metavar=metavar,
            help=help_,
        )


def given_hyperparameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """Give the hyperparameters that were typed, by name."""
    values = {name: getattr(arguments, name) for name in HYPERPARAMETERS}
    return {name: value for name, value in values.items() if value is not None}


def load_network(arguments: argparse.Namespace, *, replace: bool = True) -> NNWorkflow:
    """Read the SPEC file, with the hyperparameters typed put in place of its own.

    Raises
    ------
    FormatError
        If the file is missing or is not a specification.
    NetworkError
        If a hyperparameter is out of its range.
    """
    from dlaaw_nb import NNWorkflow

    network = NNWorkflow.from_spec(arguments.spec)
    changes = given_hyperparameters(arguments) if replace else {}
    return network.replace(**changes) if changes else network


def find_data(text: str) -> str | Dataset:
    """Give the data set of that name, unless there is a file of that name.

    Raises
    ------
    MissingDataError, DownloadError
        If a data set of that name exists, but neither here nor at its source.
    """
    from dlaaw_nb.nn import datasets

    if text in datasets.names() and not Path(text).exists():
        return datasets.load(text)
    return text


def label_column(arguments: argparse.Namespace, default: Any = -1) -> Any:
    """Give the label column that was typed, or the default of the command."""
    return default if arguments.label is None else arguments.label


def _column(text: str) -> str | int:
    try:
        return int(text)
    except ValueError:
        return text
