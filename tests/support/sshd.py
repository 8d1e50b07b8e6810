"""A real sshd on loopback, with keys, configuration and a home folder of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from dlaaw_nb.targets.settings import BoardSettings

CONFIG = """Port {port}
ListenAddress 127.0.0.1
HostKey "{folder}/host_key"
AuthorizedKeysFile "{folder}/authorized_keys"
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 60
MaxSessions {sessions}
Subsystem sftp internal-sftp -d {home}
SetEnv "HOME={home}" "PATH={path}"
"""


def missing():
    """Say why there can be no sshd here; None where there can."""
    for tool in ("ssh-keygen", "sshd"):
        if program(tool) is None:
            return f"no {tool} (apt-get install openssh-server)"
    return None if hasattr(os, "getuid") else "no POSIX system"


def require():
    """Skip a test where there is no sshd; in CI that is a failure."""
    reason = missing()
    if reason and os.environ.get("DLAAW_REQUIRE_CLUSTER"):
        pytest.fail(f"DLAAW_REQUIRE_CLUSTER is set, but there is {reason}")
    if reason:
        pytest.skip(reason)


def program(name):
    """Find a program, in the folders of the system's own too."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def make_key(file, passphrase=""):
    """Make a key pair."""
    for old in (file, file.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    command = [program("ssh-keygen"), "-q", "-t", "ed25519", "-N", passphrase, "-f", str(file)]
    subprocess.run(command, check=True)


class Sshd:
    """A server, which takes the key `key` alone.

    Parameters
    ----------
    folder : Path
        For its files.
    path : str or None
        PATH of what is started there; None for that of the tests.
    sessions : int
        How many it allows on one connection.

    Attributes
    ----------
    port : int
        On 127.0.0.1.
    home : Path
        Where logins begin.
    key, known_hosts : Path
        For a client.
    """

    def __init__(self, folder, path=None, sessions=60):
        self.folder = folder
        self.port = free_port()
        self.home, self.key, self.known_hosts = folder / "home", folder / "id", folder / "known"
        self.home.mkdir(parents=True, exist_ok=True)
        self._path, self._sessions = path or os.environ["PATH"], sessions
        make_key(self.key)
        shutil.copy(self.key.with_suffix(".pub"), folder / "authorized_keys")
        self._process = None
        self.change_key()

    def change_key(self):
        """Let the host have another key, which clients do not know yet."""
        make_key(self.folder / "host_key")
        self.restart()

    def know(self):
        """Let clients know the host's key."""
        kind, text = (self.folder / "host_key.pub").read_text().split()[:2]
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {text}\n")

    def restart(self):
        """Start it, again if need be, and wait until it listens."""
        self.close()
        config = self.folder / "sshd_config"
        config.write_text(
            CONFIG.format(
                port=self.port,
                folder=self.folder,
                home=self.home,
                sessions=self._sessions,
                path=self._path,
            )
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("sshd"), "-D", "-e", "-f", str(config)],
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        for _ in range(200):
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)
        raise RuntimeError("sshd does not listen")

    def close(self):
        """End it, with all connections."""
        if self._process is not None:
            server = psutil.Process(self._process.pid)
            for process in [*server.children(recursive=True), server]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait()
            self._process = None

    def settings(self, name="jetson1", **changes):
        """Settings of a target that is this server."""
        given = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": getpass.getuser(),
            "identity_file": str(self.key),
            "known_hosts": self.known_hosts,
            "config_file": Path("/nowhere"),
            "device": "cpu",
        }
        return BoardSettings(name, **{**given, **changes})
