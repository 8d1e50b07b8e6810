"""``dlaaw train``: one training, with its costs as they come, and the model saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.progress import Progress
from dlaaw_nb.errors import DivergenceError

if TYPE_CHECKING:
    import argparse

    from dlaaw_nb.nn.network import NNWorkflow
    from dlaaw_nb.nn.results import TrainingResult

EXAMPLE = """
dlaaw train network.json breast_cancer --epochs 2000 -o model.json
dlaaw train network.json patients.csv --label diagnosis --target cpu --json
"""


def register(commands: options.Commands) -> None:
    """Add ``train`` to the commands."""
    parser = options.add_command(
        commands, "train", run, "train a network and test it on rows it has not seen", EXAMPLE
    )
    options.add_plan_options(parser)
    parser.add_argument("-o", "--output", metavar="MODEL.json", type=Path, help="save the model")
    test = parser.add_mutually_exclusive_group()
    test.add_argument("--test", metavar="DATA", help="test on this data")
    test.add_argument(
        "--test-fraction",
        metavar="SHARE",
        type=float,
        help="test on this share of the rows, 0 to 1 (default: on the last batch)",
    )
    options.add_hyperparameters(parser, several=False)


def run(arguments: argparse.Namespace) -> int:
    """Train, print the figures, save the model."""
    output.check_writable(arguments.output)
    network = options.load_network(arguments)
    with Progress(costs=not arguments.json) as progress:
        result = _train(network, arguments, progress)
    saved = arguments.output is not None and result.diverged_at is None
    if saved:
        result.model.save(arguments.output)
    if arguments.json:
        print(result.to_json())
    else:
        print()
        output.print_figures(output.figures(result))
        if arguments.output is not None:
            state = f"saved to {arguments.output}" if saved else "not saved, since it diverged"
            output.print_figures([("model", state)])
    return output.code_of_trials([result], stopped=result.stopped)


def _train(
    network: NNWorkflow, arguments: argparse.Namespace, progress: Progress
) -> TrainingResult:
    try:
        return network.train(
            options.find_data(arguments.data),
            target=arguments.target,
            label=options.label_column(arguments),
            test=None if arguments.test is None else options.find_data(arguments.test),
            test_fraction=arguments.test_fraction,
            callback=progress,
        )
    except DivergenceError as error:
        return cast("TrainingResult", error.result)
