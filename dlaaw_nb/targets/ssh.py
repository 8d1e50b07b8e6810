"""Connections over SSH: commands and files."""

from __future__ import annotations

import io
import posixpath
import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from dlaaw_nb.errors import RemoteError
from dlaaw_nb.targets.ssh_errors import Refuse, explain
from dlaaw_nb.targets.ssh_files import open_files
from dlaaw_nb.targets.ssh_library import library
from dlaaw_nb.targets.ssh_process import Process
from dlaaw_nb.targets.ssh_proxy import Proxy
from dlaaw_nb.targets.ssh_route import known_hosts, route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlaaw_nb.targets.settings import BoardSettings
    from dlaaw_nb.targets.ssh_route import Hop

__all__ = ["Connection", "Ran", "connected", "first_step"]

_CONNECT_S, _LOGIN_S = 8.0, 15.0
_SILENT_MS = 5000  # without an answer of the other end's TCP the connection is dead
_MOST_OUTPUT = 1 << 20


class Ran(NamedTuple):
    """What a command did: exit status (-1: the connection was lost), output and errors."""

    status: int
    out: bytes
    err: str


class Connection:
    """An SSH connection to a machine, over all hops that it takes.

    Parameters
    ----------
    settings : BoardSettings
        Where.

    Raises
    ------
    RemoteError
        When it cannot be made, with what to do.
    """

    def __init__(self, settings: BoardSettings) -> None:
        self.name = settings.name
        self._settings = settings
        self._clients: list[Any] = []
        self._proxy: Proxy | None = None
        self._sftp: Any = None
        self._lock = threading.Lock()
        hops = route(settings)
        self.user = hops[-1].user
        try:
            sock, self._proxy = first_step(hops[0])
            for hop, behind in zip(hops, [*hops[1:], None], strict=True):
                self._clients.append(self._client(hop, sock))
                if behind is not None:
                    sock = self.tunnel(behind)
        except BaseException as error:  # noqa: BLE001 (explained, or raised again)
            hop = hops[min(len(self._clients), len(hops) - 1)]
            first = self._proxy if not self._clients else None
            between = "" if first is None else first.last_words()
            self.close()
            explain(settings, hop, error, between)

    def tunnel(self, hop: Hop) -> Any:
        """Open a way through the machine to one behind it.

        Parameters
        ----------
        hop : Hop
            That one.

        Returns
        -------
        paramiko Channel
            In place of a socket.
        """
        transport = self._clients[-1].get_transport()
        return transport.open_channel(
            "direct-tcpip", (hop.host, hop.port), ("", 0), timeout=_CONNECT_S
        )

    def _client(self, hop: Hop, sock: Any) -> Any:
        paramiko = library()
        client = paramiko.SSHClient()
        known = known_hosts(self._settings)
        if known.is_file():
            client.load_host_keys(str(known))
        elif self._settings.known_hosts is None:
            client.load_system_host_keys()
        client.set_missing_host_key_policy(Refuse(self._settings, hop))
        client.connect(
            hop.known_as,
            hop.port,
            hop.user,
            key_filename=hop.keys,
            sock=sock,
            timeout=_CONNECT_S,
            banner_timeout=_LOGIN_S,
            auth_timeout=_LOGIN_S,
        )
        transport = client.get_transport()
        transport.set_keepalive(2)
        return client

    @property
    def alive(self) -> bool:
        """Whether it still stands, as far as is known."""
        transport = self._clients[-1].get_transport() if self._clients else None
        return transport is not None and transport.is_active()

    def start(self, command: str) -> Process:
        """Start a command.

        Parameters
        ----------
        command : str
            For the login shell: made of fixed words, and of paths that `shlex.quote` has seen.

        Returns
        -------
        Process
            Under way.
        """
        try:
            channel = self._clients[-1].get_transport().open_session(timeout=_CONNECT_S)
            channel.exec_command(command)
        except Exception as error:
            raise RemoteError(
                f"{self.name}: a command could not be started over SSH: {error}. The server may "
                "allow too few sessions (MaxSessions), or the connection was lost.",
                self.name,
                command,
            ) from error
        return Process(channel, command)

    def run(self, command: str, timeout_s: float = 60.0) -> Ran:
        """Run a command, and wait for its end.

        Parameters
        ----------
        command : str
            As of `start`.
        timeout_s : float
            At most so long without a byte.

        Returns
        -------
        Ran
            Output of at most a mebibyte.
        """
        process = self.start(command)
        process.timeout_s = timeout_s
        out = b""
        while len(out) < _MOST_OUTPUT:
            try:
                piece = process.read(65536)
            except OSError:
                break
            if not piece:
                break
            out += piece
        status = process.wait(5.0)
        return Ran(status, out, process.last_words())

    @contextmanager
    def _files(self) -> Iterator[Any]:
        """Give the SFTP session, to one thread at a time."""
        with self._lock:
            try:
                if self._sftp is None:
                    self._sftp = self._opened_files()
                yield self._sftp
            except (EOFError, library().SSHException) as error:
                raise ConnectionResetError(f"the connection was lost: {error}") from error

    def _opened_files(self) -> Any:
        try:
            files = open_files(self._clients[-1].get_transport())
        except Exception as error:
            raise RemoteError(
                f"{self.name}: files cannot be sent over SFTP: {error}. Is `Subsystem sftp` in "
                "the server's sshd_config?",
                self.name,
            ) from error
        files.get_channel().settimeout(_LOGIN_S)
        return files

    def home(self) -> str:
        """Give the folder in which a login begins."""
        with self._files() as files:
            return str(files.normalize("."))

    def size(self, path: str) -> int | None:
        """Give the size of a file; None where there is none.

        Raises
        ------
        OSError
            When the connection is lost.
        """
        with self._files() as files:
            try:
                return int(files.stat(path).st_size or 0)
            except (ConnectionError, TimeoutError):
                raise
            except OSError:
                return None

    def make_folder(self, path: str) -> None:
        """Make a private folder and those above it.

        Raises
        ------
        OSError
            When that is not allowed, or the connection is lost.
        """
        with self._files() as files:
            missing = []
            while path not in ("", "/"):
                try:
                    files.stat(path)
                    break
                except FileNotFoundError:
                    missing.append(path)
                    path = posixpath.dirname(path)
            for folder in reversed(missing):
                _make_folder(files, folder)

    def is_private(self, path: str) -> bool:
        """Tell whether a folder is the login's own, and nobody else may write to it."""
        with self._files() as files:
            own, there = files.stat("."), files.stat(path)
        return own.st_uid == there.st_uid and not (there.st_mode or 0) & 0o022

    def put(self, content: bytes, path: str) -> None:
        """Write a private file, which is there whole or not at all.

        Parameters
        ----------
        content : bytes
            All of it.
        path : str
            Where; what is there is replaced.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        part = f"{path}.part-{secrets.token_hex(6)}"
        with self._files() as files:
            try:
                with files.open(part, "wb") as file:
                    file.chmod(0o600)
                    file.set_pipelined(True)
                    file.write(content)
                if files.stat(part).st_size != len(content):
                    raise OSError("it was not written whole")  # noqa: TRY301
                files.posix_rename(part, path)
            except BaseException:
                with suppress(Exception):
                    files.remove(part)
                raise

    def get(self, path: str) -> bytes:
        """Read a file.

        Raises
        ------
        OSError
            When it cannot be read.
        """
        with self._files() as files:
            content = io.BytesIO()
            files.getfo(path, content)
            return content.getvalue()

    def close(self) -> None:
        """End it, and all that runs through it."""
        for client in reversed(self._clients):
            with suppress(Exception):
                client.close()
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            proxy.close()


def _make_folder(files: Any, folder: str) -> None:
    try:
        files.mkdir(folder, 0o700)
    except OSError:
        files.stat(folder)  # somebody else was faster, or it raises


def connected(hop: Hop) -> Any:
    """Give a socket that is connected to a host; it notices when nobody answers any more."""
    sock = socket.create_connection((hop.host, hop.port), _CONNECT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_MS)
    return sock


def first_step(hop: Hop) -> tuple[Any, Proxy | None]:
    """Make the way to the first hop.

    Parameters
    ----------
    hop : Hop
        It.

    Returns
    -------
    sock : socket or what stands for it
        Connected.
    proxy : Proxy or None
        To be closed behind the connection.
    """
    if hop.proxy is None:
        return connected(hop), None
    proxy = Proxy(hop)
    return proxy.sock, proxy
