"""``dlaaw targets``: what there is to run on; boards and clusters are tested, added, removed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.exits import ExitCode
from dlaaw_nb.errors import DlaawError, FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.targets.host_keys import HostKey

EXAMPLE = """
dlaaw targets
dlaaw targets add jetson1 --ssh nvidia@10.0.0.7
dlaaw targets test jetson1
"""
ADD_EXAMPLE = """
dlaaw targets add jetson1 --ssh nvidia@jetson1.local
dlaaw targets add jetson2 --ssh nvidia@10.0.0.8:2222 --jump gateway --python python3.8
dlaaw targets add lab --nodes jetson1,jetson2 --launch mpi --head jetson1
"""
TRUST_EXAMPLE = """
dlaaw targets trust jetson1
dlaaw targets trust jetson1 --fingerprint SHA256:EZ8YBMwRTdrvt8IKYTc8TLyYRsMcgvlYTZ0Xvhz9eVM
"""
HOW_TO_COMPARE = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"


def register(commands: options.Commands) -> None:
    """Add ``targets`` to the commands."""
    parser = options.add_command(
        commands, "targets", list_targets, "list, test, add and remove places to run on", EXAMPLE
    )
    options.add_json_option(parser)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    listed = options.add_command(
        actions, "list", list_targets, "list all (as without an action)", "dlaaw targets list"
    )
    _add_json(listed)
    test = options.add_command(
        actions, "test", test_target, "see whether a target can be used, and what it has",
        "dlaaw targets test jetson1",
    )  # fmt: skip
    test.add_argument("name", metavar="NAME", help="a target, or a cluster with all its nodes")
    _add_json(test)
    _register_add(actions)
    trust = options.add_command(
        actions, "trust", trust_target, "accept the host key of a board", TRUST_EXAMPLE
    )
    trust.add_argument("name", metavar="NAME", help="the board")
    trust.add_argument("--fingerprint", metavar="SHA256:...", help="what the board itself shows")
    remove = options.add_command(
        actions, "remove", remove_target, "take a target out of its file",
        "dlaaw targets remove jetson1",
    )  # fmt: skip
    remove.add_argument("name", metavar="NAME", help="the target")
    _add_project(remove)


def _register_add(actions: options.Commands) -> None:
    parser = options.add_command(
        actions, "add", add_target, "add a board or a cluster of boards, and test it", ADD_EXAMPLE
    )
    parser.add_argument("name", metavar="NAME", help="what to call it: --target NAME")
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--ssh", metavar="USER@HOST[:PORT]", help="a board; names of ~/.ssh/config count"
    )
    kind.add_argument("--nodes", metavar="A,B,C", help="a cluster of boards that were added")
    board = parser.add_argument_group("a board; ~/.ssh/config says what is not given")
    board.add_argument("--identity-file", metavar="FILE", help="private key to log in with")
    board.add_argument("--jump", metavar="HOST", help="a host to go through, or several: A,B")
    board.add_argument("--python", metavar="COMMAND", help="Python there (default: looks for one)")
    board.add_argument("--device", choices=("auto", "cpu", "gpu"), help="default: auto")
    board.add_argument("--cache", metavar="FOLDER", help="there, for what is uploaded")
    cluster = parser.add_argument_group("a cluster")
    cluster.add_argument("--launch", choices=("ssh", "mpi"), help="how it starts (default: ssh)")
    cluster.add_argument("--head", metavar="NAME", help="board that runs mpiexec (default: first)")
    cluster.add_argument("--mpiexec", metavar="COMMAND", help="there (default: mpiexec)")
    parser.add_argument("--no-test", action="store_true", help="only write it down")
    _add_project(parser)


def _add_json(parser: argparse.ArgumentParser) -> None:
    # Without a value of its own: `dlaaw targets --json list` would be overruled by it.
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON document"
    )


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project", action="store_true", help="in dlaaw-targets.toml of the project, not your own"
    )


def list_targets(arguments: argparse.Namespace) -> int:
    """Print every target with what is known of it."""
    from dlaaw_nb import targets

    found = targets.survey()
    if arguments.json:
        print(json.dumps(found, default=str))
        return ExitCode.OK
    for name, facts in found.items():
        print(name)
        _print_facts(facts)
    return ExitCode.OK


def _print_facts(facts: Mapping[str, Any], indent: str = "  ") -> None:
    for key, value in facts.items():
        if isinstance(value, dict):  # the nodes of a cluster
            print(f"{indent}{key}")
            _print_facts(value, f"{indent}  ")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            print(f"{indent}{key:<12} {shown}")


def test_target(arguments: argparse.Namespace) -> int:
    """Print what a target has, or why it cannot be used."""
    return _test(arguments.name, as_json=arguments.json)


def _test(name: str, *, as_json: bool = False) -> int:
    from dlaaw_nb.targets import test
    from dlaaw_nb.views.target_tables import targets_tested

    found = test(name)
    if as_json:
        print(json.dumps(found, default=str))
    else:
        print(targets_tested(name, found))
    unreachable = any(facts["state"] != "available" for facts in found.values())
    return ExitCode.ERROR if unreachable else ExitCode.OK


def add_target(arguments: argparse.Namespace) -> int:
    """Write a target down, and test it."""
    from dlaaw_nb.targets import targets_edit, targets_file

    name, path = arguments.name, _file(project=arguments.project)
    new = targets_edit.add(name, _table(arguments), path, project=arguments.project)
    print(f"{name}: {'added to' if new else 'is already in'} {path}")
    project = targets_file.project_file()
    if not arguments.project and project is not None and name in targets_file.tables(project):
        print(f"dlaaw: note: here {project} has a {name} too, which wins", file=sys.stderr)
    if arguments.no_test:
        return ExitCode.OK
    code = _test(name)
    if code != ExitCode.OK:
        print(
            f"dlaaw: {name} is kept, but cannot be used yet. When that is mended: "
            f"dlaaw targets test {name}", file=sys.stderr,
        )  # fmt: skip
    return code


def _table(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the table of a targets file from what was typed."""
    board = {
        "host": "ssh", "identity_file": "identity_file", "proxy_jump": "jump", "python": "python",
        "device": "device", "cache": "cache",
    }  # fmt: skip
    cluster = {"nodes": "nodes", "launch": "launch", "head": "head", "mpiexec": "mpiexec"}
    mine, other = (board, cluster) if arguments.ssh is not None else (cluster, board)
    for word in other.values():
        if getattr(arguments, word) is not None:
            raise FormatError(
                f"--{word.replace('_', '-')}: expected with "
                f"{'--nodes' if other is cluster else '--ssh'} only. Leave it out."
            )
    given = {key: getattr(arguments, word) for key, word in mine.items()}
    table = {key: value for key, value in given.items() if value is not None}
    if "nodes" in table:
        table["nodes"] = [node.strip() for node in table["nodes"].split(",") if node.strip()]
    if "identity_file" in table:
        table["identity_file"] = _absolute(table["identity_file"])
    return {"kind": "ssh" if mine is board else "cluster", **table}


def _absolute(file: str) -> str:
    """Make a path hold from any working directory; ``~`` stays, for it is the person's own."""
    return file if file.startswith("~") else str(Path(file).absolute())


def _file(*, project: bool) -> Path:
    from dlaaw_nb.targets import targets_file

    if not project:
        return targets_file.user_file()
    return targets_file.project_file() or Path.cwd() / targets_file.PROJECT_FILE


def trust_target(arguments: argparse.Namespace) -> int:
    """Note the host key of a board, once the person says that it is the right one."""
    from dlaaw_nb.targets.checking import board_named
    from dlaaw_nb.targets.host_keys import host_key, trust

    settings = board_named(arguments.name)
    fingerprint = arguments.fingerprint
    if fingerprint is None:
        shown: HostKey = host_key(settings)
        output.print_figures([("host", settings.host), (shown.kind, shown.fingerprint)])
        if not _agreed(arguments.name, shown.fingerprint):
            return ExitCode.ERROR
        fingerprint = shown.fingerprint
    trusted = trust(settings, fingerprint)
    print(f"{arguments.name}: {trusted.kind} key {trusted.fingerprint} is trusted now")
    return ExitCode.OK


def _agreed(name: str, fingerprint: str) -> bool:
    """Ask on a terminal; a script has to say the fingerprint itself."""
    print(f"Compare it with what the board itself shows: {HOW_TO_COMPARE}")
    if not sys.stdin.isatty():
        print(
            f"dlaaw: nothing was trusted. If it is the same: "
            f"dlaaw targets trust {name} --fingerprint {fingerprint}", file=sys.stderr,
        )  # fmt: skip
        return False
    try:
        answer = input("Is it the same? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().casefold() in ("y", "yes"):
        return True
    print("dlaaw: nothing was trusted", file=sys.stderr)
    return False


def remove_target(arguments: argparse.Namespace) -> int:
    """Take a target out of its file."""
    from dlaaw_nb.targets import targets_edit, targets_file

    name, path = arguments.name, _file(project=arguments.project)
    if not arguments.project and name not in targets_file.tables(path):
        project = targets_file.project_file()
        if project is not None and name in targets_file.tables(project):
            raise FormatError(
                f"{path}: has no {name}, but the project's {project} has. "
                f"Add --project to take it out of there, for all who work on the project."
            )
    _check_unused(name)
    targets_edit.remove(name, path, project=arguments.project)
    print(f"{name}: removed from {path}")
    return ExitCode.OK


def _check_unused(name: str) -> None:
    """Refuse while a cluster of another file has it as a node."""
    from dlaaw_nb.targets import targets_file
    from dlaaw_nb.targets.settings import ClusterSettings

    try:
        found = targets_file.read()
    except DlaawError:
        return  # a mistake elsewhere must not keep anybody from removing
    for other in found.values():
        if isinstance(other, ClusterSettings) and any(node.name == name for node in other.nodes):
            raise FormatError(
                f"target {name}: the cluster {other.name} still uses it. "
                f"First: dlaaw targets remove {other.name}", name,
            )  # fmt: skip
