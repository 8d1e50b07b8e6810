"""The one file that speaks SSH, through paramiko: connections, commands, files."""

from __future__ import annotations

import base64
import getpass
import hashlib
import io
import logging
import posixpath
import secrets
import socket
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from dlaaw_nb.errors import RemoteError, TargetError

if TYPE_CHECKING:
    from dlaaw_nb.targets.settings import BoardSettings

__all__ = ["Connection", "HostKey", "Process", "Ran", "fingerprint_of", "host_key", "trust"]

_CONNECT_S, _LOGIN_S = 8.0, 15.0
_SILENT_MS = 5000  # without an answer of the other end's TCP the connection is dead
_STDERR_LINES, _LINE = 20, 2000
_MOST_OUTPUT = 1 << 20


class HostKey(NamedTuple):
    """What a host shows to prove who it is.

    Attributes
    ----------
    kind : str
        Such as ``ssh-ed25519``.
    fingerprint : str
        ``SHA256:...``, as ssh-keygen shows it.
    line : str
        For a known_hosts file.
    """

    kind: str
    fingerprint: str
    line: str


class Ran(NamedTuple):
    """What a command did: exit status (-1: the connection was lost), output and errors."""

    status: int
    out: bytes
    err: str


def _paramiko() -> Any:
    try:
        import paramiko
    except ImportError as error:
        raise TargetError(
            "target over SSH: paramiko is not installed. pip install 'dlaaw-nb[remote]'."
        ) from error
    # Without a handler, Python prints paramiko's tracebacks beside our own words.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    return paramiko


def fingerprint_of(key: Any) -> str:
    """Give the fingerprint of a key, as ssh-keygen -l shows it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class _Route(NamedTuple):
    """One hop: where it is, and as whom."""

    alias: str
    host: str
    port: int
    user: str
    keys: list[str] | None
    known_as: str


def _route(settings: BoardSettings) -> list[_Route]:
    """Work out the hops to a machine from its settings and the SSH configuration."""
    paramiko = _paramiko()
    file = settings.config_file or Path("~/.ssh/config").expanduser()
    config = paramiko.SSHConfig()
    if file.is_file():
        try:
            config = paramiko.SSHConfig.from_path(str(file))
        except Exception as error:
            raise RemoteError(
                f"{settings.name}: {file}: cannot be read as an SSH configuration: {error}",
                settings.name,
            ) from error
    user, _, host = settings.host.rpartition("@")
    name, _, port = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
    found = config.lookup(name)
    jumps = settings.proxy_jump or found.get("proxyjump") or ""
    if jumps.lower() == "none":
        jumps = ""
    route = [_hop(config, jump.strip()) for jump in jumps.split(",") if jump.strip()]
    keys = [settings.identity_file] if settings.identity_file else found.get("identityfile")
    route.append(
        _Route(
            settings.name,
            found.get("hostname", name),
            settings.port or int(port or found.get("port", 22)),
            settings.user or user or found.get("user") or getpass.getuser(),
            [str(Path(key).expanduser()) for key in keys] if keys else None,
            found.get("hostkeyalias", found.get("hostname", name)),
        )
    )
    return route


def _hop(config: Any, text: str) -> _Route:
    user, _, host = text.rpartition("@")
    name, _, port = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
    found = config.lookup(name)
    hostname = found.get("hostname", name)
    return _Route(
        text,
        hostname,
        int(port or found.get("port", 22)),
        user or found.get("user") or getpass.getuser(),
        found.get("identityfile"),
        found.get("hostkeyalias", hostname),
    )


def _known_hosts(settings: BoardSettings) -> Path:
    return settings.known_hosts or Path("~/.ssh/known_hosts").expanduser()


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
        self._sftp: Any = None
        self._lock = threading.Lock()
        route = _route(settings)
        self.user = route[-1].user
        try:
            sock = _socket(route[0])
            for place, hop in enumerate(route):
                client = self._client(hop, sock)
                self._clients.append(client)
                if place + 1 < len(route):
                    target = route[place + 1]
                    sock = client.get_transport().open_channel(
                        "direct-tcpip", (target.host, target.port), ("", 0), timeout=_CONNECT_S
                    )
        except BaseException as error:
            self.close()
            hop = route[min(len(self._clients), len(route) - 1)]
            _explain(settings, hop, error)

    def _client(self, hop: _Route, sock: Any) -> Any:
        paramiko = _paramiko()
        client = paramiko.SSHClient()
        known = _known_hosts(self._settings)
        if known.is_file():
            client.load_host_keys(str(known))
        elif self._settings.known_hosts is None:
            client.load_system_host_keys()
        client.set_missing_host_key_policy(_Refuse(self._settings, hop))
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

    @property
    def _files(self) -> Any:
        if self._sftp is None:
            try:
                self._sftp = self._clients[-1].open_sftp()
            except Exception as error:
                raise RemoteError(
                    f"{self.name}: files cannot be sent over SFTP: {error}. Is `Subsystem sftp` in "
                    "the server's sshd_config, and does the login shell print nothing?",
                    self.name,
                ) from error
            self._sftp.get_channel().settimeout(_LOGIN_S)
        return self._sftp

    def home(self) -> str:
        """Give the folder in which a login begins."""
        with self._lock:
            return str(self._files.normalize("."))

    def size(self, path: str) -> int | None:
        """Give the size of a file; None where there is none."""
        with self._lock:
            try:
                return int(self._files.stat(path).st_size or 0)
            except OSError:
                return None

    def make_folder(self, path: str) -> None:
        """Make a private folder and those above it.

        Raises
        ------
        OSError
            When that is not allowed.
        """
        with self._lock:
            missing = []
            while path not in ("", "/"):
                try:
                    self._files.stat(path)
                    break
                except FileNotFoundError:
                    missing.append(path)
                    path = posixpath.dirname(path)
            for folder in reversed(missing):
                try:
                    self._files.mkdir(folder, 0o700)
                except OSError:
                    self._files.stat(folder)  # somebody else was faster, or it raises

    def is_private(self, path: str) -> bool:
        """Tell whether a folder is the login's own, and nobody else may write to it."""
        with self._lock:
            own, there = self._files.stat("."), self._files.stat(path)
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
        with self._lock:
            files = self._files
            try:
                with files.open(part, "wb") as file:
                    file.chmod(0o600)
                    file.set_pipelined(True)
                    file.write(content)
                if files.stat(part).st_size != len(content):
                    raise OSError("it was not written whole")  # noqa: TRY301
                files.posix_rename(part, path)
            except BaseException:
                with suppress(OSError, EOFError):
                    files.remove(part)
                raise

    def get(self, path: str) -> bytes:
        """Read a file.

        Raises
        ------
        OSError
            When it cannot be read.
        """
        with self._lock:
            content = io.BytesIO()
            self._files.getfo(path, content)
            return content.getvalue()

    def close(self) -> None:
        """End it, and all that runs through it."""
        for client in reversed(self._clients):
            with suppress(Exception):
                client.close()


class Process:
    """A command under way on another machine.

    Parameters
    ----------
    channel : paramiko Channel
        With the command started.
    command : str
        What was started.

    Attributes
    ----------
    timeout_s : float
        A read that waits longer than that raises TimeoutError.
    """

    def __init__(self, channel: Any, command: str) -> None:
        self._channel, self.command = channel, command
        self.timeout_s = 60.0
        self._errors: deque[str] = deque(maxlen=_STDERR_LINES)
        self._reader = threading.Thread(target=self._keep, name="dlaaw-stderr", daemon=True)
        self._reader.start()

    def _keep(self) -> None:
        rest = ""
        while True:
            try:
                piece = self._channel.recv_stderr(65536)
            except OSError:
                piece = b""
            if not piece:
                break
            *lines, rest = (rest + piece.decode(errors="replace")).split("\n")
            self._errors.extend(line[:_LINE] for line in lines)
            rest = rest[:_LINE]
        if rest:
            self._errors.append(rest)

    def read(self, count: int) -> bytes:
        """Read at most so many bytes of its output; none at its end.

        Raises
        ------
        TimeoutError
            When nothing comes for `timeout_s`.
        """
        self._channel.settimeout(self.timeout_s)
        found: bytes = self._channel.recv(count)
        return found

    def send(self, content: bytes) -> None:
        """Send to its input.

        Raises
        ------
        OSError
            When it does not listen any more.
        """
        self._channel.settimeout(self.timeout_s)
        self._channel.sendall(content)

    def wait(self, timeout_s: float) -> int:
        """Give its exit status; -1 where it has none, or not in time."""
        if not self._channel.status_event.wait(timeout_s):
            return -1
        self._reader.join(1.0)
        return int(self._channel.exit_status)

    def last_words(self) -> str:
        """Give the last lines that it wrote to standard error."""
        return "\n".join(self._errors).strip()

    def close(self) -> None:
        """Close its input and output; what listens to that ends."""
        with suppress(Exception):
            self._channel.close()


def _socket(hop: _Route) -> Any:
    sock = socket.create_connection((hop.host, hop.port), _CONNECT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_MS)
    return sock


class _Refuse:
    """Refuses a host that is not known, with its fingerprint."""

    def __init__(self, settings: BoardSettings, hop: _Route) -> None:
        self._settings, self._hop = settings, hop

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> NoReturn:  # noqa: ARG002
        """Raise; see ``paramiko.MissingHostKeyPolicy``."""
        raise _UnknownHostError(
            f"{self._settings.name}: {self._hop.host} port {self._hop.port} is not known yet. It "
            f"shows the {key.get_name()} key {fingerprint_of(key)}. If that is the key of this "
            "machine (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, there), accept it: "
            f"dlaaw targets trust {self._settings.name} --fingerprint {fingerprint_of(key)}",
            self._settings.name,
        )


class _UnknownHostError(RemoteError):
    """A host that is in no known_hosts file."""


def _explain(settings: BoardSettings, hop: _Route, error: BaseException) -> NoReturn:
    """Raise what went wrong with a connection, in words that help."""
    paramiko = _paramiko()
    if isinstance(error, RemoteError) or not isinstance(error, Exception):
        raise error
    where = f"{settings.name}: {hop.user}@{hop.host} port {hop.port}"
    if hop.alias != settings.name:
        where = f"{settings.name}: on the way, {hop.user}@{hop.host} port {hop.port}"
    told = str(error) or type(error).__name__
    keys = ", ".join(hop.keys or ()) or "~/.ssh/id_*"
    if isinstance(error, paramiko.BadHostKeyException):
        told = (
            f"the host shows another key than before: {fingerprint_of(error.key)}, expected "
            f"{fingerprint_of(error.expected_key)}. Somebody may be in between. If the board was "
            f"set up anew: ssh-keygen -R '{_pattern(hop)}' -f {_known_hosts(settings)}, then "
            f"dlaaw targets trust {settings.name}"
        )
    elif isinstance(error, paramiko.PasswordRequiredException):
        told = f"the key ({keys}) has a passphrase. Give it to the agent once: ssh-add {keys}"
    elif isinstance(error, paramiko.BadAuthenticationType):
        allowed = ", ".join(error.allowed_types)
        told = f"the host takes {allowed} alone. Put a key there: ssh-copy-id {hop.user}@{hop.host}"
    elif isinstance(error, paramiko.AuthenticationException):
        told = (
            f"the host refuses user {hop.user!r} with what was offered ({keys}, the agent). Is "
            f"the user right? Put the key there: ssh-copy-id {hop.user}@{hop.host}"
        )
    elif isinstance(error, FileNotFoundError):
        told = f"{error.filename or keys}: there is no such key file. Name one in the target."
    elif isinstance(error, socket.gaierror):
        told = f"there is no host of that name ({told}). Look at `host` in the target."
    elif isinstance(error, TimeoutError):
        told = "no answer. Is it switched on, and the address right?"
    elif isinstance(error, paramiko.ssh_exception.NoValidConnectionsError | ConnectionError):
        told = f"nobody listens there ({told}). Is the port right, and sshd running?"
    elif isinstance(error, paramiko.ChannelException):
        told = f"the host in between cannot reach it ({told})."
    elif "No authentication methods" in told:
        told = f"there is no key to offer ({keys}, the agent). ssh-keygen makes one."
    raise RemoteError(f"{where}: {told}", settings.name) from error


def _pattern(hop: _Route) -> str:
    return hop.known_as if hop.port == 22 else f"[{hop.known_as}]:{hop.port}"


def host_key(settings: BoardSettings) -> HostKey:
    """Ask a machine for its key, without a login.

    Parameters
    ----------
    settings : BoardSettings
        Where; hops in between have to be known already.

    Returns
    -------
    HostKey
        What it shows; nothing proves that it is the right one.

    Raises
    ------
    RemoteError
        When it does not answer.
    """
    paramiko = _paramiko()
    route = _route(settings)
    between = None
    try:
        if len(route) > 1:
            jump = ",".join(hop.alias for hop in route[:-2]) or "none"
            last = route[-2]
            between = Connection(
                _replaced(settings, host=f"{last.user}@{last.host}:{last.port}", proxy_jump=jump)
            )
            sock = (
                between._clients[-1]
                .get_transport()
                .open_channel(
                    "direct-tcpip", (route[-1].host, route[-1].port), ("", 0), timeout=_CONNECT_S
                )
            )
        else:
            sock = _socket(route[-1])
        transport = paramiko.Transport(sock)
        try:
            transport.start_client(timeout=_LOGIN_S)
            key = transport.get_remote_server_key()
        finally:
            transport.close()
    except Exception as error:  # noqa: BLE001 (explained)
        _explain(settings, route[-1], error)
    finally:
        if between is not None:
            between.close()
    line = f"{_pattern(route[-1])} {key.get_name()} {key.get_base64()}"
    return HostKey(key.get_name(), fingerprint_of(key), line)


def _replaced(settings: BoardSettings, **changes: Any) -> BoardSettings:
    from dataclasses import replace

    return replace(settings, user=None, port=None, **changes)


def trust(settings: BoardSettings, fingerprint: str) -> HostKey:
    """Note the key of a machine as known.

    Parameters
    ----------
    settings : BoardSettings
        Which machine.
    fingerprint : str
        Of the key that the person has compared.

    Returns
    -------
    HostKey
        The key, which is in the known_hosts file now.

    Raises
    ------
    RemoteError
        When the machine shows another key.
    """
    found = host_key(settings)
    if found.fingerprint != fingerprint:
        raise RemoteError(
            f"{settings.name}: expected the key {fingerprint}, it shows {found.fingerprint}. "
            "Nothing was noted.",
            settings.name,
        )
    file = _known_hosts(settings)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    if found.line not in before.splitlines():
        with file.open("a", encoding="utf-8") as known:
            known.write(("" if before.endswith("\n") or not before else "\n") + found.line + "\n")
        file.chmod(0o600)
    return found
