"""``dlaaw targets``: where networks can run, and how machines elsewhere are added."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlaaw_nb.cli import options
from dlaaw_nb.cli.exits import ExitCode

if TYPE_CHECKING:
    import argparse

EXAMPLE = """
dlaaw targets
dlaaw targets add jetson1 --ssh user@192.168.0.12
dlaaw targets test jetson1
dlaaw targets add lab --nodes jetson1,xavier --launch mpi
dlaaw cv network.json breast_cancer --target lab
"""

ADD_EXAMPLE = """
dlaaw targets add jetson1 --ssh user@192.168.0.12
dlaaw targets add lab --nodes jetson1,xavier
"""


def register(commands: options.Commands) -> None:
    """Add ``targets`` to the commands."""
    targets = options.add_command(
        commands, "targets", list_targets, "list, test, add or remove places to run on", EXAMPLE
    )
    options.add_json_option(targets)
    verbs = targets.add_subparsers(title="what to do", metavar="VERB")
    test = options.add_command(
        verbs,
        "test",
        test_target,
        "try a target: what it has, and how fast it is",
        "dlaaw targets test jetson1",
    )
    test.add_argument("name", help="of the target")
    options.add_json_option(test)
    _register_add(verbs)
    trust = options.add_command(
        verbs, "trust", trust_host, "note the key of a host as known", "dlaaw targets trust jetson1"
    )
    trust.add_argument("name", help="of the target")
    trust.add_argument("--fingerprint", help="of the key that you have compared, SHA256:...")
    remove = options.add_command(
        verbs, "remove", remove_target, "forget a target", "dlaaw targets remove jetson1"
    )
    remove.add_argument("name", help="of the target")


def _register_add(verbs: options.Commands) -> None:
    add = options.add_command(
        verbs,
        "add",
        add_target,
        "name a machine that is reached over SSH, or several of them",
        ADD_EXAMPLE,
    )
    add.add_argument("name", help="what to call it")
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("--ssh", metavar="[USER@]HOST[:PORT]", help="where it is, or a Host of ssh")
    what.add_argument("--nodes", metavar="A,B", help="targets that share a plan")
    for name, word, text in (
        ("--identity-file", "FILE", "private key"),
        ("--jump", "HOST", "host in between"),
        ("--python", "COMMAND", "interpreter there"),
        ("--cache", "FOLDER", "for what is uploaded there"),
        ("--head", "NODE", "node that runs mpiexec"),
        ("--mpiexec", "COMMAND", "there"),
    ):
        add.add_argument(name, metavar=word, help=text)
    add.add_argument("--device", choices=("auto", "cpu", "gpu"), help="what to use there")
    add.add_argument("--launch", choices=("ssh", "mpi"), help="how nodes are started")
    add.add_argument("--no-test", action="store_true", help="do not try it")


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


def _print_facts(facts: dict[str, Any], indent: str = "  ") -> None:
    for key, value in facts.items():
        if isinstance(value, dict):
            print(f"{indent}{key}")
            _print_facts(value, f"{indent}  ")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            print(f"{indent}{key:<16} {'-' if shown in (None, '') else shown}")


def test_target(arguments: argparse.Namespace) -> int:
    """Print what a target has, and how fast it is."""
    from dlaaw_nb import targets

    found = targets.test(arguments.name)
    if arguments.json:
        print(json.dumps(found, default=str))
    else:
        print(arguments.name)
        _print_facts(found)
    return ExitCode.OK


def add_target(arguments: argparse.Namespace) -> int:
    """Write a target into the user's file, and try it."""
    from dlaaw_nb.targets import targets_file

    if arguments.ssh:
        given = {
            "kind": "ssh", "host": arguments.ssh, "identity_file": arguments.identity_file,
            "proxy_jump": arguments.jump, "python": arguments.python, "device": arguments.device,
            "cache": arguments.cache,
        }  # fmt: skip
    else:
        nodes = [node.strip() for node in arguments.nodes.split(",") if node.strip()]
        given = {
            "kind": "cluster", "nodes": nodes, "launch": arguments.launch, "head": arguments.head,
            "mpiexec": arguments.mpiexec,
        }  # fmt: skip
    file = targets_file.add(
        arguments.name, {key: value for key, value in given.items() if value is not None}
    )
    print(f"{arguments.name} is in {file}")
    if arguments.no_test:
        return ExitCode.OK
    arguments.json = False
    return test_target(arguments)


def trust_host(arguments: argparse.Namespace) -> int:
    """Show the key of a host, or note it as known."""
    from dlaaw_nb.errors import TargetError
    from dlaaw_nb.targets import host_keys, targets_file
    from dlaaw_nb.targets.settings import BoardSettings

    settings = targets_file.named().get(arguments.name)
    if not isinstance(settings, BoardSettings):
        raise TargetError(f"target {arguments.name}: there is no machine over SSH of that name.")
    if arguments.fingerprint is None:
        found = host_keys.host_key(settings)
        print(f"{settings.host} shows the {found.kind} key {found.fingerprint}")
        print("Compare it with that of the machine itself (ssh-keygen -lf, there). Then:")
        print(f"dlaaw targets trust {arguments.name} --fingerprint {found.fingerprint}")
        return ExitCode.OK
    found = host_keys.trust(settings, arguments.fingerprint)
    print(f"{settings.host} is known by its {found.kind} key {found.fingerprint}")
    return ExitCode.OK


def remove_target(arguments: argparse.Namespace) -> int:
    """Remove a target from its file."""
    from dlaaw_nb.targets import targets_file

    print(f"{arguments.name} is no more in {targets_file.remove(arguments.name)}")
    return ExitCode.OK
