"""Puts figures, tables and files out in one manner for all commands."""

from __future__ import annotations

import math
import os
import sys
from typing import TYPE_CHECKING

from dlaaw_nb.cli.exits import ExitCode
from dlaaw_nb.errors import SaveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pandas import DataFrame

    from dlaaw_nb.nn.results import TrainingResult

__all__ = [
    "check_writable",
    "code_of_trials",
    "figures",
    "percent",
    "print_figures",
    "print_table",
    "save_table",
    "score_text",
]


def percent(share: float | None) -> str:
    """Write a share as a percentage, or a dash where there is none."""
    from dlaaw_nb.views.text import MISSING

    return MISSING if share is None or math.isnan(share) else f"{100 * share:.1f} %"


def score_text(name: str, value: float | None) -> str:
    """Write a score: an accuracy as a percentage, R2 as a number."""
    from dlaaw_nb.views.text import number_text

    return percent(value) if name == "accuracy" else number_text(value, 4)


def print_figures(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    for name, value in pairs:
        print(f"{name:<11} {value}")


def print_table(table: DataFrame) -> None:
    """Print a table whole, with numbers to 4 significant digits, without columns that are empty."""
    from dlaaw_nb.views.text import MISSING

    table = table.dropna(axis="columns", how="all").astype(object)
    print(table.to_string(index=False, float_format=lambda number: f"{number:.4g}", na_rep=MISSING))


def figures(result: TrainingResult) -> list[tuple[str, str]]:
    """Give what a person wants to know of one training, as names and values."""
    from dlaaw_nb.nn.result_parts import device_text
    from dlaaw_nb.views.text import counted, number_text, seconds_text

    epochs = counted(result.epochs_done, "epoch")
    pairs = [("R2", score_text(result.score_name, result.score))]
    if result.classes:
        tested = 0 if math.isnan(result.accuracy) else len(result.test_labels)
        correct = round(result.accuracy * tested) if tested else 0
        pairs = [
            (
                "accuracy",
                f"{percent(result.accuracy)} ({correct} of {counted(tested, 'test row')})",
            ),
            ("precision", percent(result.precision)),
            ("recall", percent(result.recall)),
            ("AUC", number_text(result.auc, 4)),
        ]
    else:
        pairs += [("RMSE", number_text(result.rmse, 4)), ("MAE", number_text(result.mae, 4))]
    return [
        *pairs,
        ("cost", f"{number_text(result.cost, 4)} after {epochs}"),
        ("time", f"{seconds_text(result.seconds)} on {device_text(result.device)}"),
    ]


def check_writable(path: Path | None) -> None:
    """Make sure before a long run that its result can be saved afterwards.

    Raises
    ------
    SaveError
        If the folder is missing or read-only, or the path is a folder.
    """
    if path is None:
        return
    folder = path.absolute().parent
    if path.is_dir():
        raise SaveError(f"{path} is a folder. Name a file in it, such as {path / 'model.json'}.")
    if not folder.is_dir():
        raise SaveError(f"{path} cannot be written: there is no folder {folder}. Make it first.")
    if not os.access(folder, os.W_OK):
        raise SaveError(f"{path} cannot be written: {folder} is read-only for you.")


def save_table(path: Path, table: DataFrame) -> None:
    """Write a table as CSV; a file that was there is replaced at once or not at all.

    Raises
    ------
    SaveError
        If it cannot be written.
    """
    from dlaaw_nb.store.files import write_text

    write_text(path, table.to_csv(index=False))


def code_of_trials(trials: Sequence[TrainingResult], *, stopped: bool) -> ExitCode:
    """Give the exit code for trainings that ended, and say on stderr if they did not end well.

    Parameters
    ----------
    trials : sequence of TrainingResult
        Those that ran.
    stopped : bool
        Whether the user stopped the plan.
    """
    diverged = [trial.diverged_at for trial in trials if trial.diverged_at is not None]
    if diverged:
        print(
            f"dlaaw: {len(diverged)} of {len(trials)} trainings diverged, the first in epoch "
            f"{min(diverged)}. Try a smaller --learning-rate.",
            file=sys.stderr,
        )
    if stopped:
        print("dlaaw: interrupted; these are the figures up to there", file=sys.stderr)
        return ExitCode.INTERRUPTED
    return ExitCode.DIVERGED if diverged else ExitCode.OK
