"""Takes the command line apart, runs one command, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from typing import TYPE_CHECKING, TextIO

from dlaaw_nb.cli import (
    convert,
    cv,
    demo,
    machine,
    predict,
    provenance,
    spec,
    sweep,
    targets,
    train,
    workflow_run,
)
from dlaaw_nb.cli.exits import ExitCode
from dlaaw_nb.errors import DlaawError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAMILIES = (
    demo, spec, train, cv, sweep, predict, convert, workflow_run, provenance, targets,
    machine,
)  # fmt: skip

DESCRIPTION = "Neural networks as workflows: train, cross-validate, sweep, save and reuse them."

EPILOG = """\
a first session:
  dlaaw spec 5-3-1 -o network.json
  dlaaw train network.json breast_cancer -o model.json
  dlaaw predict model.json breast_cancer -o predictions.csv

a workflow, and what made its result:
  dlaaw run ensemble.dlaaw -o prediction=votes.csv
  dlaaw lineage votes.csv

DATA is a CSV file, a URL, or the name of a data set such as breast_cancer.

exit codes:
  0    all went well
  1    something is wrong with the input or the machine; one line on stderr says what to do
  2    the command line could not be understood
  3    a training diverged (cv: in a fold; sweep: at every point)
  130  interrupted; what was trained so far was printed, and saved where -o asked for it
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one ``dlaaw`` command.

    Parameters
    ----------
    argv : sequence of str or None
        The arguments after the program's name; None means those of this process.

    Returns
    -------
    int
        The exit code, one of :class:`~dlaaw_nb.cli.exits.ExitCode`.
    """
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse has printed the help or the usage
        return stop.code if isinstance(stop.code, int) else ExitCode.USAGE
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a terminal that has no dash or micro sign
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(arguments)


def build_parser() -> argparse.ArgumentParser:
    """Make the parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="dlaaw",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for family in FAMILIES:
        family.register(commands)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    try:
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except DlaawError as error:
        print("dlaaw: error: " + " ".join(str(error).split()), file=sys.stderr)
        return ExitCode.ERROR
    except KeyboardInterrupt:
        print("dlaaw: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`dlaaw ... | head`). Python would complain again on closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001  the signature is Python's
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Show a warning as a sentence, without the place in our source."""
    print(f"dlaaw: note: {message}", file=file or sys.stderr)


class _Version(argparse.Action):
    """Prints the version; read only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from dlaaw_nb import __version__

        print(f"dlaaw {__version__}")
        parser.exit()
