"""``dlaaw predict``: use a saved model on new rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.exits import ExitCode

if TYPE_CHECKING:
    import argparse

    from dlaaw_nb.nn.results import Prediction

EXAMPLE = """
dlaaw predict model.json new_patients.csv -o predictions.csv
dlaaw predict model.json new_patients.csv | head
"""


def register(commands: options.Commands) -> None:
    """Add ``predict`` to the commands."""
    parser = options.add_command(
        commands, "predict", run, "use a trained model on new rows, labelled or not", EXAMPLE
    )
    parser.add_argument("model", metavar="MODEL.json", type=Path, help="the trained model")
    options.add_data_options(parser)
    parser.add_argument(
        "-o", "--output", metavar="OUT.csv", type=Path, help="save as CSV (default: print it)"
    )
    parser.add_argument(
        "--outputs",
        metavar="LAYER",
        nargs="+",
        default=[],
        help="also give what these layers put out, such as ReLU1",
    )


def run(arguments: argparse.Namespace) -> int:
    """Predict, and put the rows out as CSV or JSON."""
    from dlaaw_nb import convert
    from dlaaw_nb.errors import FormatError
    from dlaaw_nb.nn.model import Model

    output.check_writable(arguments.output)
    model = convert.load(arguments.model)
    if not isinstance(model, Model):
        raise FormatError(
            f"{arguments.model}: expected a trained model, got a network. Train it: dlaaw train."
        )
    prediction = model.predict(
        options.find_data(arguments.data),
        outputs=tuple(arguments.outputs),
        label=options.label_column(arguments, default="auto"),
        target=arguments.target,
    )
    table = prediction.to_frame(outputs=bool(arguments.outputs))
    if arguments.output is not None:
        output.save_table(arguments.output, table)
    if arguments.json:
        print(prediction.to_json())
    elif arguments.output is None:
        table.to_csv(sys.stdout, index=False)
        print(_summary(prediction), file=sys.stderr)
    else:
        print(_summary(prediction))
        print(f"saved to {arguments.output}")
    return ExitCode.OK


def _summary(prediction: Prediction) -> str:
    from dlaaw_nb.views.text import counted

    parts = [f"{counted(len(prediction.labels), 'row')} predicted"]
    if prediction.dropped_rows:
        parts.append(f"{counted(prediction.dropped_rows, 'row')} with empty cells left out")
    if prediction.score is not None:
        score = output.score_text(prediction.score_name, prediction.score)
        parts.append(f"{prediction.score_name} {score}")
    return ", ".join(parts)
