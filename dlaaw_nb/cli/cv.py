"""``dlaaw cv``: k-fold cross-validation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.progress import Progress

if TYPE_CHECKING:
    import argparse

    from dlaaw_nb.nn.results import CrossValidation

EXAMPLE = """
dlaaw cv network.json breast_cancer --folds 5 --stratified
"""


def register(commands: options.Commands) -> None:
    """Add ``cv`` to the commands."""
    parser = options.add_command(
        commands, "cv", run, "cross-validate a network: every row is tested once", EXAMPLE
    )
    options.add_plan_options(parser)
    parser.add_argument("--folds", metavar="K", type=int, default=5, help="folds (default: 5)")
    parser.add_argument("--stratified", action="store_true", help="same class shares in each fold")
    parser.add_argument(
        "-o", "--output", metavar="TABLE.csv", type=Path, help="save the table of folds"
    )
    options.add_hyperparameters(parser, several=False)


def run(arguments: argparse.Namespace) -> int:
    """Cross-validate and print one line for each fold, the mean and the variance."""
    output.check_writable(arguments.output)
    network = options.load_network(arguments)
    with Progress(costs=False) as progress:
        validation = network.cross_validate(
            options.find_data(arguments.data),
            arguments.folds,
            stratified=arguments.stratified,
            target=arguments.target,
            label=options.label_column(arguments),
            callback=progress,
        )
    if arguments.output is not None:
        output.save_table(arguments.output, validation.table())
    if arguments.json:
        print(validation.to_json())
    else:
        _print(validation)
    return output.code_of_trials(validation.trials, stopped=validation.stopped)


def _print(validation: CrossValidation) -> None:
    from dlaaw_nb.views.text import counted, number_text, seconds_text

    output.print_table(validation.table().drop(columns="stopped"))
    name = validation.score_name
    trainings = counted(len(validation.trials), "training")
    print()
    output.print_figures(
        [
            (name, f"{output.score_text(name, validation.mean)} on average"),
            ("variance", number_text(validation.variance, 5)),
            ("time", f"{seconds_text(validation.seconds)} for {trainings}"),
        ]
    )
