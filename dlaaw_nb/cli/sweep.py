"""``dlaaw sweep``: train at many settings and see which is best."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.exits import ExitCode
from dlaaw_nb.cli.progress import Progress
from dlaaw_nb.errors import PlanError

if TYPE_CHECKING:
    import argparse

    from dlaaw_nb.nn.results import Sweep

EXAMPLE = """
dlaaw sweep network.json breast_cancer --learning-rate 0.1 0.01 --momentum 0 0.9 --hidden 3 8
dlaaw sweep network.json breast_cancer --learning-rate 1 0.1 0.01 --seed 0 1 2 --sample 5 --folds 5
"""


def register(commands: options.Commands) -> None:
    """Add ``sweep`` to the commands."""
    parser = options.add_command(
        commands, "sweep", run, "train at many settings and say which is best", EXAMPLE
    )
    options.add_plan_options(parser)
    parser.add_argument("--folds", metavar="K", type=int, help="cross-validate every point")
    parser.add_argument("--stratified", action="store_true", help="same class shares in each fold")
    parser.add_argument("--sample", metavar="N", type=int, help="take N points at random")
    parser.add_argument(
        "--sample-seed", metavar="N", type=int, default=0, help="seed of that choice (default: 0)"
    )
    parser.add_argument("-o", "--output", metavar="TABLE.csv", type=Path, help="save the table")
    parser.add_argument(
        "--best-model", metavar="MODEL.json", type=Path, help="save the best point's model"
    )
    options.add_hyperparameters(parser, several=True)


def run(arguments: argparse.Namespace) -> int:
    """Sweep and print one line for each point, and the best."""
    if arguments.best_model is not None and arguments.folds is not None:
        raise PlanError(
            "--best-model: a point with folds has one model for each fold. "
            "Leave out --folds, or train at the best settings with dlaaw train."
        )
    output.check_writable(arguments.output)
    output.check_writable(arguments.best_model)
    network = options.load_network(arguments, replace=False)
    with Progress(costs=False) as progress:
        sweep = network.sweep(
            options.find_data(arguments.data),
            folds=arguments.folds,
            stratified=arguments.stratified,
            target=arguments.target,
            sample=arguments.sample,
            sample_seed=arguments.sample_seed,
            label=options.label_column(arguments),
            callback=progress,
            **_grid(arguments),
        )
    if arguments.output is not None:
        output.save_table(arguments.output, sweep.table())
    if arguments.best_model is not None:
        sweep.best.model.save(arguments.best_model)
    if arguments.json:
        print(sweep.to_json())
    else:
        _print(sweep, arguments.best_model)
    return _code(sweep)


def _grid(arguments: argparse.Namespace) -> dict[str, Any]:
    grid = options.given_hyperparameters(arguments)
    if not grid:
        raise PlanError(
            "sweep: nothing to vary. Give at least one option with its values, "
            "such as --learning-rate 0.1 0.01."
        )
    return grid


def _print(sweep: Sweep, saved: Path | None) -> None:
    from dlaaw_nb.views.text import counted, seconds_text, settings_text

    output.print_table(sweep.table())
    count = sum(len(point.trials) for point in sweep.points)
    pairs = [("time", f"{seconds_text(sweep.seconds)} for {counted(count, 'training')}")]
    if any(point.diverged < len(point.trials) for point in sweep.points):
        name = sweep.score_name
        best = settings_text(sweep.best.settings)
        pairs = [("best", best), (name, output.score_text(name, sweep.best.mean)), *pairs]
    if saved is not None:
        pairs.append(("model", f"saved to {saved}"))
    print()
    output.print_figures(pairs)


def _code(sweep: Sweep) -> ExitCode:
    """Divergence is an answer too in a sweep; only where nothing else came out is it a failure."""
    trials = [trial for point in sweep.points for trial in point.trials]
    code = output.code_of_trials(trials, stopped=sweep.stopped)
    some_finished = any(trial.diverged_at is None for trial in trials)
    return ExitCode.OK if code is ExitCode.DIVERGED and some_finished else code
