"""``dlaaw runs``, ``show``, ``lineage``, ``diff``, ``prov``, ``trust``, ``tasks``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.cli import options
from dlaaw_nb.cli.exits import ExitCode
from dlaaw_nb.cli.workflow_run import add_store_option

if TYPE_CHECKING:
    import argparse


def register(commands: options.Commands) -> None:
    """Add the commands that look at workflows and their runs."""
    _add_runs(commands)
    parser = options.add_command(
        commands, "show", show, "show a run, a product or a workflow file",
        "dlaaw show 20261125-10\ndlaaw show ensemble.dlaaw",
    )  # fmt: skip
    parser.add_argument("what", metavar="RUN|HASH|FILE", help="a run, a product, or a file")
    parser.add_argument("--log", metavar="TASK", help="what a task of the run printed")
    add_store_option(parser)
    options.add_json_option(parser)
    parser = options.add_command(
        commands, "lineage", lineage, "say which data, code and network made a file",
        "dlaaw lineage votes.csv\ndlaaw lineage 3f2a91 --prov lineage.json",
    )  # fmt: skip
    parser.add_argument("what", metavar="FILE|HASH", help="a file that a run made or read")
    add_store_option(parser)
    parser = options.add_command(
        commands, "diff", diff, "say what changed between two runs", "dlaaw diff 20261124 20261125"
    )
    parser.add_argument("first", metavar="RUN", help="a run, or the beginning of its id")
    parser.add_argument("second", metavar="RUN", help="another one")
    add_store_option(parser)
    parser = options.add_command(
        commands, "prov", prov, "write a run as W3C PROV", "dlaaw prov 20261125 -o run.provn"
    )
    parser.add_argument("run_id", metavar="RUN", help="a run, or the beginning of its id")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True,
                        help="file to write: .json or .provn")  # fmt: skip
    add_store_option(parser)
    parser = options.add_command(
        commands, "trust", trust, "trust the code in a workflow file, once you have read it",
        "dlaaw show ensemble.dlaaw\ndlaaw trust ensemble.dlaaw",
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE.dlaaw", type=Path, help="the workflow")
    options.add_command(commands, "tasks", tasks, "list the ready tasks", "dlaaw tasks")


def _add_runs(commands: options.Commands) -> None:
    parser = options.add_command(
        commands, "runs", runs, "list the runs of workflows, newest first",
        "dlaaw runs\ndlaaw runs ensemble --limit 5",
    )  # fmt: skip
    parser.add_argument("workflow", metavar="NAME", nargs="?", help="of this workflow only")
    parser.add_argument("--limit", metavar="N", type=int, default=20, help="at most (default: 20)")
    add_store_option(parser)
    options.add_json_option(parser)


def runs(arguments: argparse.Namespace) -> int:
    """List runs."""
    import pandas as pd

    from dlaaw_nb.cli import output

    store = _store(arguments)
    found = store.runs(arguments.limit, arguments.workflow)
    gone = {run.id for run in store.provenance.interrupted()}
    lines = [
        {
            "run": run.id,
            "workflow": run.workflow,
            "state": "interrupted" if run.id in gone else run.state,
            "started": _when(run.started),
            "seconds": None if run.finished is None else run.finished - run.started,
            "executor": run.executor,
        }
        for run in found
    ]
    if arguments.json:
        import json

        print(json.dumps(lines))
    elif lines:
        output.print_table(pd.DataFrame(lines))
    else:
        print("No runs yet. Start one: dlaaw run FILE.dlaaw")
    return ExitCode.OK


def show(arguments: argparse.Namespace) -> int:
    """Show a run with its tasks, a product, or a workflow file with its code."""
    path = Path(arguments.what)
    if path.is_file() and path.suffix == ".dlaaw":
        from dlaaw_nb.workflow import Workflow

        print(Workflow.load(path).to_code())
        return ExitCode.OK
    store = _store(arguments)
    if _is_hash(arguments.what):
        from dlaaw_nb.errors import DlaawError

        try:
            product = store.product(arguments.what)
        except DlaawError:
            pass
        else:
            print(f"{product!r}\n{product.type}, {product.size_bytes:,} bytes: {product.preview}")
            return ExitCode.OK
    run = store.provenance.run(arguments.what)
    found = store.provenance.tasks(run.id)
    if arguments.log is not None:
        return _show_log(found, arguments.log)
    if arguments.json:
        import json
        from dataclasses import asdict

        print(json.dumps({"run": asdict(run), "tasks": [asdict(task) for task in found]}))
    else:
        _print_run(run, found)
    return ExitCode.OK


def _print_run(run: Any, found: list[Any]) -> None:
    import pandas as pd

    from dlaaw_nb.cli import output

    output.print_figures(
        [
            ("run", run.id), ("workflow", run.workflow), ("state", run.state),
            ("started", _when(run.started)),
            ("executor", f"{run.executor}, planner {run.planner}"),
            ("target", f"{run.target}, seed {run.seed}"),
            ("python", f"{run.python} on {run.host}"),
        ]
    )  # fmt: skip
    for title, hashes in (("inputs", run.inputs), ("outputs", run.outputs)):
        for name, hash_ in hashes.items():
            given = run.arguments.get(name, "")
            print(f"{title:<11} {name}: {hash_[:12]} {given if isinstance(given, str) else ''}")
    lines = [
        {
            "task": task.name, "kind": task.kind, "state": task.state, "seconds": task.seconds,
            "why": (task.error.splitlines() or [task.why])[0] if task.error else task.why,
        }
        for task in found
    ]  # fmt: skip
    if lines:
        output.print_table(pd.DataFrame(lines))


def _show_log(found: list[Any], name: str) -> int:
    from dlaaw_nb.errors import RunError

    task = next((task for task in found if task.name == name), None)
    if task is None:
        raise RunError(f"{name!r}: the run has no task of that name. It has: "
                       f"{', '.join(task.name for task in found[:20])}.")  # fmt: skip
    print(task.log, end="" if task.log.endswith("\n") else "\n")
    if task.error:
        print(task.error)
    return ExitCode.OK


def lineage(arguments: argparse.Namespace) -> int:
    """Say what made a file."""
    print(_store(arguments).lineage(arguments.what).to_text())
    return ExitCode.OK


def diff(arguments: argparse.Namespace) -> int:
    """Say what changed between two runs."""
    print(_store(arguments).diff(arguments.first, arguments.second).to_text())
    return ExitCode.OK


def prov(arguments: argparse.Namespace) -> int:
    """Write a run as W3C PROV."""
    from dlaaw_nb.cli import output

    output.check_writable(arguments.output)
    document = _store(arguments).to_prov(arguments.run_id)
    form = "provn" if arguments.output.suffix == ".provn" else "json"
    document.serialize(str(arguments.output), format=form)
    print(f"saved to {arguments.output}")
    return ExitCode.OK


def trust(arguments: argparse.Namespace) -> int:
    """Trust a workflow file."""
    from dlaaw_nb.workflow.trust import trust as trust_file

    trust_file(arguments.file)
    print(f"{arguments.file}: its code may run now. A change of it asks again.")
    return ExitCode.OK


def tasks(arguments: argparse.Namespace) -> int:
    """List the ready tasks with their ports."""
    del arguments
    from inspect import getdoc

    from dlaaw_nb.workflow.library import find_kind, ready_kinds

    for name in ready_kinds():
        first = (getdoc(find_kind(name)) or "").partition("\n")[0]
        print(f"{name:<18} {first}")
    return ExitCode.OK


def _store(arguments: argparse.Namespace) -> Any:
    from dlaaw_nb.store import Store

    return Store(arguments.store)


def _when(seconds: float) -> str:
    moment = dt.datetime.fromtimestamp(seconds, tz=dt.timezone.utc).astimezone()
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _is_hash(text: str) -> bool:
    return len(text) >= 6 and all(letter in "0123456789abcdef" for letter in text)
