"""``dlaaw run``: run a saved workflow."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.cli import options
from dlaaw_nb.cli.exits import ExitCode

if TYPE_CHECKING:
    from dlaaw_nb.workflow.run import Run

EXAMPLE = """
dlaaw run ensemble.dlaaw
dlaaw run ensemble.dlaaw --input data=new_patients.csv --output prediction=votes.csv
dlaaw run ensemble.dlaaw --executor threads --force
"""


def register(commands: options.Commands) -> None:
    """Add ``run`` to the commands."""
    parser = options.add_command(commands, "run", run, "run a saved workflow", EXAMPLE)
    parser.add_argument("file", metavar="FILE.dlaaw", type=Path, help="the workflow")
    parser.add_argument(
        "-i", "--input", metavar="NAME=VALUE", action="append", default=[], type=_pair,
        help="another value for an input: a path, a URL, a number, text",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="NAME=FILE", action="append", default=[], type=_pair,
        help="save an output; only what these need is run",
    )  # fmt: skip
    parser.add_argument("--executor", help="processes (default), threads, serial or mpi")
    parser.add_argument("--workers", metavar="N", type=int, help="tasks at once (default: cores)")
    parser.add_argument("--planner", default="in_order", help="in_order (default), longest_path")
    parser.add_argument("--target", default="cpu", help="where networks run (default: cpu)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of random numbers")
    parser.add_argument(
        "--force", metavar="TASK", nargs="*", help="run tasks again even if nothing has changed"
    )
    parser.add_argument(
        "--resume", metavar="RUN", default="", help="go on with a run that ended early"
    )
    parser.add_argument(
        "--trust", action="store_true", help="trust the code in the file; read it first: dlaaw show"
    )
    add_store_option(parser)
    options.add_json_option(parser)


def add_store_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--store``."""
    parser.add_argument(
        "--store", metavar="PLACE", help="folder or URL of results and records (default: your own)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run, print what came out, and say what ran and why."""
    from dlaaw_nb.workflow import Workflow

    workflow = Workflow.load(arguments.file)
    if arguments.trust:
        workflow.trust()
    wanted = dict(arguments.output)
    done = workflow.run(
        executor=arguments.executor,
        workers=arguments.workers,
        planner=arguments.planner,
        target=arguments.target,
        seed=arguments.seed,
        store=arguments.store,
        force=arguments.force or arguments.force is not None,
        outputs=[*wanted] or None,
        resume=arguments.resume,
        inputs={name: _value(workflow, name, text) for name, text in arguments.input},
        callback=None if arguments.json else _Told(sys.stderr),
        check=False,
    )
    saved = {}
    if done.state == "finished":
        saved = {name: str(done.save(name, path)) for name, path in wanted.items()}
    if arguments.json:
        print(_json(done, saved))
    else:
        _show(done, saved)
    if done.state == "cancelled":
        return ExitCode.INTERRUPTED
    done.check()
    return ExitCode.OK


class _Told:
    """Tells on a terminal how tasks end, one line each."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __call__(self, event: dict[str, Any]) -> None:
        if event["event"] == "task" and event["state"] in ("failed", "cancelled"):
            self._stream.write(f"{event['task']}: {event['state']}\n")


def _show(done: Run, saved: dict[str, str]) -> None:
    from dlaaw_nb.views.text import seconds_text

    counts: dict[str, int] = {}
    for task in done.tasks.values():
        counts[task.state] = counts.get(task.state, 0) + 1
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    print(f"{done.workflow.name}: {done.state} in {seconds_text(done.seconds)}, tasks: {told}")
    print(f"run {done.id}")
    for name in done.workflow.outputs if done.state == "finished" else ():
        if name in saved:
            print(f"\n{name}: saved to {saved[name]}")
        elif not saved:
            product = done.product(name)
            print(f"\n{name}: {product.type}, {product.preview}")
            _print_value(done, name, product.type)
    if done.trouble:
        print(f"dlaaw: note: the record is not complete: {done.trouble}", file=sys.stderr)


def _print_value(done: Run, name: str, kind: str) -> None:
    if kind == "table":
        table = done.outputs[name]
        print(table.head(10).to_string())
        if len(table) > 10:
            print(f"... {len(table) - 10:,} more rows; all of them: --output {name}=FILE.csv")
    elif kind in ("int", "float", "str", "bool", "mapping", "list"):
        print(done.outputs[name])


def _json(done: Run, saved: dict[str, str]) -> str:
    import json

    tasks = {
        task.name: {
            "state": task.state,
            "why": task.why,
            "seconds": task.seconds,
            "error": task.error,
        }
        for task in done.tasks.values()
    }
    kept = done.workflow.outputs if done.state == "finished" else ()
    skipped = {name for name in kept if saved and name not in saved}
    outputs = {name: done.product(name).hash for name in kept if name not in skipped}
    content = {
        "format": "dlaaw-nb/run", "version": 1, "id": done.id, "workflow": done.workflow.name,
        "state": done.state, "seconds": done.seconds, "tasks": tasks, "outputs": outputs,
        "saved": saved,
    }  # fmt: skip
    return json.dumps(content)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def _value(workflow: Any, name: str, text: str) -> Any:
    """Read what was typed as what the input takes: a number, or text, which may be a path."""
    declared = workflow.inputs.get(name)
    kinds = set() if declared is None else workflow.input_types(name)
    if kinds & {"int", "float", "bool", "list", "mapping"} and "str" not in kinds:
        import json

        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
