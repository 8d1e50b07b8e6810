"""Keys, and an SSH client's files: what a person who may log in to test machines has in ~/.ssh."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from box import program

PASSPHRASE = "correct horse"  # noqa: S105 - of keys that a test makes and throws away


def make_key(path: Path, passphrase: str = "") -> Path:
    """Make an Ed25519 key in the file ``path``, and its public half beside it; give ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in (path, public(path)):
        if old.exists():
            old.unlink()
    keygen = [program("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", passphrase]
    # One round of the passphrase's hash instead of 16, which take a tenth of a second.
    subprocess.run([*keygen, "-a", "1", "-C", path.name, "-f", str(path)], check=True)
    return path


def public(key: Path) -> Path:
    """Name the file of a key's public half."""
    return key.with_name(key.name + ".pub")


def public_text(key: Path) -> str:
    """Give the public half of a key, as known_hosts has it: kind and key."""
    return " ".join(public(key).read_text().split()[:2])


def fingerprint(key: Path) -> str:
    """Give a key's fingerprint as OpenSSH shows it: ``SHA256:...``."""
    command = [program("ssh-keygen", "openssh-client"), "-lf", str(public(key))]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().split()[1]


@contextlib.contextmanager
def agent(*keys: Path) -> Iterator[str]:
    """Run an SSH agent that holds keys (those with ``PASSPHRASE`` too); give its SSH_AUTH_SOCK."""
    # Not in the test's folder: the name of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="agent") as folder:
        ask = Path(folder, "ask")
        ask.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n")
        ask.chmod(0o700)
        environment = {**os.environ, "SSH_AUTH_SOCK": f"{folder}/socket"}
        environment.update(SSH_ASKPASS=str(ask), SSH_ASKPASS_REQUIRE="force")
        command = [program("ssh-agent", "openssh-client"), "-D", "-a", f"{folder}/socket"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                while not Path(folder, "socket").exists() and process.poll() is None:
                    time.sleep(0.01)
                add = [program("ssh-add", "openssh-client"), "-q", *map(str, keys)]
                subprocess.run(add, check=True, env=environment)
                yield f"{folder}/socket"
            finally:
                process.terminate()


class Client:
    """The side of a person who logs in: a home with ``.ssh`` in it, which no other program reads.

    Attributes
    ----------
    home : the home; set the environment's HOME to it, so that ``~/.ssh`` is this one
    config : OpenSSH's configuration, with each machine that was added under its name
    known_hosts : the keys of the machines that were added
    key : the key that the machines accept, without a passphrase
    locked_key : another that they accept, with the passphrase ``PASSPHRASE``
    strange_key : a key that no machine accepts
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / ".ssh"
        self.config = self.folder / "config"
        self.known_hosts = self.folder / "known_hosts"
        self.key = make_key(self.folder / "id_ed25519")
        self.locked_key = make_key(self.folder / "locked", PASSPHRASE)
        self.strange_key = make_key(self.folder / "strange")
        self.known_hosts.touch(mode=0o600)
        self.config.touch(mode=0o600)

    def authorized_keys(self) -> str:
        """Give the lines that let this person in."""
        return "".join(public(key).read_text() for key in (self.key, self.locked_key))

    def add(self, name: str, host: str, port: int, user: str, jump: str = "") -> None:
        """Write a machine into the configuration, under ``name``."""
        lines = [
            f"Host {name}",
            f"  HostName {host}",
            f"  Port {port}",
            f"  User {user}",
            f"  IdentityFile {self.key}",
            "  IdentitiesOnly yes",
            "  IdentityAgent none",
            f"  UserKnownHostsFile {self.known_hosts}",
            "  GlobalKnownHostsFile /dev/null",
            "  StrictHostKeyChecking yes",
            "  BatchMode yes",
            "  LogLevel ERROR",
        ]
        if jump:
            lines.append(f"  ProxyJump {jump}")
        with self.config.open("a") as file:
            file.write("\n".join(lines) + "\n\n")

    def know(self, names: Sequence[str], port: int, host_key: Path) -> None:
        """Write a machine's key into known_hosts, under all its names."""
        labels = [name if port == 22 else f"[{name}]:{port}" for name in names]
        with self.known_hosts.open("a") as file:
            file.write(f"{','.join(labels)} {public_text(host_key)}\n")

    def ssh(self, name: str, *command: str) -> List[str]:
        """Give the command line of OpenSSH's own client for a machine of this configuration."""
        return [program("ssh", "openssh-client"), "-F", str(self.config), name, *command]

    def environment(self) -> Dict[str, str]:
        """Give the environment for programs of this person."""
        return {**os.environ, "HOME": str(self.home), "SSH_AUTH_SOCK": ""}
