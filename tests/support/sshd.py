"""A real OpenSSH server for a test: keys, logins, homes and programs of its own.

::

    with Sshd(tmp_path, banner="Welcome to the board") as board:
        client.connect(board.host, board.port, board.user, key_filename=str(board.key))

It runs in a box (see ``box``), so that all that was started through it ends with it, and that it
can have its own /etc/passwd (logins and their homes), mounts, and processes. Nobody's ``~/.ssh`` is
read or written. ``jump_pair`` gives two servers, one of which is reached through the other.
"""

from __future__ import annotations

import contextlib
import getpass
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from box import Box, BoxError, Running, program, unavailable
from furnishing import HERE, Options, furnish, remote_home, search_path, write_homes
from ssh_files import Client, fingerprint, make_key


class Sshd:
    """A running sshd on a free port of 127.0.0.1.

    Parameters
    ----------
    folder : where its files are put; empty, and of this server alone
    client : the person who may log in; by default a new one
    options : see ``Options``

    Attributes
    ----------
    host, port, user : where, and as whom, to log in
    key, locked_key, strange_key, known_hosts, config : the client's files, see ``Client``
    home : what the login has at home, as the test sees it (``mounts`` aside: ``inside``)
    remote_home : the same folder as the server knows it
    host_key : the file of the server's key
    """

    def __init__(self, folder: Path, client: Optional[Client] = None, **options: object) -> None:
        self.options = Options(**options)  # type: ignore[arg-type]
        self._daemon = program("sshd", "openssh-server")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.name = self.options.name
        self.client = client or Client(folder / "client")
        self.key, self.locked_key = self.client.key, self.client.locked_key
        self.strange_key = self.client.strange_key
        self.known_hosts, self.config = self.client.known_hosts, self.client.config
        self.user = getpass.getuser()
        self.host, self.port = self._place()
        self.home = folder / "homes" / self.user
        self.remote_home = remote_home(self.options, self.user)
        self.host_key = make_key(folder / "host_key")
        write_homes(self.options, self.homes())
        self.box = self._new_box()
        try:
            self._begin()
        except BaseException as error:
            self.box.close()
            if isinstance(error, BoxError) and type(self) is Sshd:
                unavailable(f"an sshd that starts: {error}")
            raise
        self._introduce()

    def __enter__(self) -> Sshd:  # noqa: PYI034 - Self needs a newer Python
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def log(self) -> str:
        """What sshd wrote of logins and refusals."""
        log = self.folder / "sshd.log"
        return log.read_text(errors="replace") if log.exists() else ""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the key that the server shows now."""
        return fingerprint(self.host_key)

    def homes(self) -> List[Path]:
        """Give the homes of all logins, as the test sees them; the first is ``home``."""
        return [self.folder / "homes" / user for user in (self.user, *self.options.users)]

    def inside(self, path: str) -> Path:
        """Give the path, for the test, of a file that the server knows as ``path`` (absolute)."""
        return self.box.inside(path)

    def processes(self) -> List[Running]:
        """List what runs there, without sshd's own processes."""
        return [p for p in self.box.processes() if p.command and not _of_sshd(p.command[0])]

    def change_key(self) -> None:
        """Give the server another key than known_hosts has, as a board set up anew."""
        make_key(self.host_key)
        self.stop()
        self.start()

    def stop(self) -> None:
        """End the server: connections are refused, those that are open go on."""
        self.box.run("kill $(cat /run/sshd.pid); while [ -e /run/sshd.pid ]; do sleep 0.01; done")

    def start(self) -> None:
        """Start the server after ``stop`` or ``kill``, on the same port and with the same homes."""
        if self.box.alive:
            self._listen()
        else:
            self.box = self._new_box()
            self._begin()

    def kill(self) -> None:
        """End the server and all that runs there at once; open connections close."""
        self.box.kill()

    def close(self) -> None:
        """End the server and all that runs there."""
        self.box.close()

    # ---- how it starts ----

    def _place(self) -> Tuple[str, int]:
        """Give the address and port of the server."""
        return "127.0.0.1", _free_port("127.0.0.1")

    def _introduce(self) -> None:
        """Write the server into the client's files."""
        self.client.add(self.name, self.host, self.port, self.user)
        self.client.know([self.host], self.port, self.host_key)

    def _new_box(self) -> Box:
        return Box()

    def _begin(self) -> None:
        """Furnish a new box and start sshd in it."""
        self._furnish()
        self._listen()

    def _furnish(self) -> None:
        furnish(self.box, self.options, self.user, self.folder, self.homes(), self.client)

    def _listen(self) -> None:
        """Start sshd and wait until it answers."""
        settings = "\n".join(self._settings(self.host)) + "\n"
        self.inside("/run/sshd_config").write_text(settings)
        self.box.run(f"{self._daemon} -E {HERE}/sshd.log -f /run/sshd_config")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
                return
            time.sleep(0.01)
        raise BoxError(f"sshd does not answer: {self.log}")

    def _settings(self, address: str) -> Iterator[str]:
        yield from self.options.settings
        yield from (f"ListenAddress {address}", f"Port {self.port}")
        yield from (f"HostKey {HERE}/host_key", "AuthorizedKeysFile /run/authorized_keys")
        yield "PidFile /run/sshd.pid"
        yield from ("UsePAM no", "StrictModes no", "PasswordAuthentication no")
        yield from ("PermitRootLogin prohibit-password", "KbdInteractiveAuthentication no")
        yield from ("MaxStartups 100", "MaxSessions 100", "MaxAuthTries 20", "PrintMotd no")
        yield f"SetEnv PATH={search_path(self.options)} LANG=C.UTF-8"
        if self.options.sftp:
            yield f"Subsystem sftp {self.options.sftp}"
        if _version(self._daemon) >= (9, 8):
            yield "PerSourcePenalties no"  # else logins that are meant to fail lock the test out


@contextlib.contextmanager
def jump_pair(folder: Path, **options: object) -> Iterator[Tuple[Sshd, Sshd]]:
    """Start two servers, "bastion" and "inner", whose name only the bastion can resolve.

    The client's configuration reaches the inner one by ``ProxyJump bastion``. ``options`` are the
    inner one's.
    """
    client, hosts = Client(folder / "client"), {"inner.lab": "127.0.0.1"}
    with Sshd(folder / "inner", client, name="direct", **options) as inner, Sshd(
        folder / "bastion", client, name="bastion", hosts=hosts
    ) as bastion:
        inner.host, inner.name = "inner.lab", "inner"
        client.add("inner", inner.host, inner.port, inner.user, jump="bastion")
        client.know([inner.host], inner.port, inner.host_key)
        yield bastion, inner


def behind_command(inner: Sshd, folder: Path) -> Path:
    """Write a configuration that reaches the inner server of a pair by ``ProxyCommand``.

    The command is the real ssh, which goes through the bastion.
    """
    config = folder / "command"
    command = f"ProxyCommand ssh -F {inner.config} -W %h:%p bastion"
    config.write_text(inner.config.read_text().replace("ProxyJump bastion", command))
    return config


def _of_sshd(command: str) -> bool:
    return command.startswith("sshd:") or Path(command).name.startswith("sshd")


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _version(daemon: str) -> Tuple[int, ...]:
    said = subprocess.run(
        [daemon, "-V"], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout
    found = re.search(rb"OpenSSH_(\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)
