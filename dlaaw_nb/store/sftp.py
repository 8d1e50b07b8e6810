"""Files of other machines over SSH, which must be known ones.

fsspec's own way accepts any machine that answers. Here a machine proves that it is the one in
``~/.ssh/known_hosts``, and names, ports and keys of ``~/.ssh/config`` hold, as for ``ssh`` itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.libraries import library
from dlaaw_nb.store.remotes import CONNECT_S, STALL_S, shown_url
from dlaaw_nb.store.text import one_line

__all__ = ["sftp_system"]


def sftp_system(url: str) -> tuple[Any, str]:
    """Connect to the machine of a URL.

    Parameters
    ----------
    url : str
        ``sftp://user@host:port/path``; the path begins at the root of the file system, or, as
        ``/~/path``, in the person's home.

    Returns
    -------
    system : fsspec.AbstractFileSystem
        Connected.
    path : str
        The place in it.

    Raises
    ------
    StoreError
        When the machine does not answer, is not known, or lets nobody in.
    """
    paramiko = library("paramiko", f"URL {shown_url(url)}", StoreError, '"dlaaw-nb[sftp]"')
    base = library("fsspec.implementations.sftp", "SFTP", StoreError, '"dlaaw-nb[sftp]"')
    parts = urlsplit(url)
    try:
        system = _system_class(paramiko, base.SFTPFileSystem)(
            host=parts.hostname or "", username=parts.username, port=parts.port
        )
    except (OSError, ValueError, EOFError, paramiko.SSHException) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(_refusal(url, parts.hostname or "", error, paramiko)) from error
    path = unquote(parts.path)
    return system, path.removeprefix("/~/") if path.startswith("/~/") else path


_classes: dict[int, Any] = {}


def _system_class(paramiko: Any, base: Any) -> Any:
    """Derive from fsspec's class, which can be imported only where its libraries are."""

    class KnownHosts(base):  # type: ignore[misc]
        cachable = False  # a connection that broke must not be found again

        def _connect(self) -> None:
            settings = _settings(paramiko, self.host)
            known = settings.pop("known_hosts")
            self.client = paramiko.SSHClient()
            for file in known:
                if file.is_file():
                    self.client.load_host_keys(str(file))
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            given = {name: value for name, value in self.ssh_kwargs.items() if value is not None}
            host = settings.pop("hostname")
            self.client.connect(host, **{**settings, **given}, **_TIMEOUTS)
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(STALL_S)

    return _classes.setdefault(id(base), KnownHosts)


_TIMEOUTS = {"timeout": CONNECT_S, "banner_timeout": CONNECT_S, "auth_timeout": CONNECT_S}


def _settings(paramiko: Any, host: str) -> dict[str, Any]:
    """Read what ``~/.ssh/config`` says of a host."""
    file = Path("~/.ssh/config").expanduser()
    config = paramiko.SSHConfig.from_path(str(file)) if file.is_file() else paramiko.SSHConfig()
    said = config.lookup(host)
    settings: dict[str, Any] = {"hostname": said.get("hostname", host)}
    if "user" in said:
        settings["username"] = said["user"]
    if "port" in said:
        settings["port"] = int(said["port"])
    if "identityfile" in said:
        settings["key_filename"] = said["identityfile"]
    if "proxycommand" in said:
        settings["sock"] = paramiko.ProxyCommand(said["proxycommand"])
    known = said.get("userknownhostsfile", "~/.ssh/known_hosts").split()
    files = ["/etc/ssh/ssh_known_hosts", *known]
    settings["known_hosts"] = [Path(name).expanduser() for name in files]
    return settings


def _refusal(url: str, host: str, error: Exception, paramiko: Any) -> str:
    where, reason = shown_url(url), one_line(str(error), 150) or type(error).__name__
    if isinstance(error, paramiko.BadHostKeyException):
        return (
            f"{where}: the machine shows another key than the one known of {host}, so it may be "
            "another machine. Ask who runs it; if the key was changed, ssh-keygen -R removes the "
            "old one."
        )
    if isinstance(error, paramiko.AuthenticationException):
        return f"{where}: nobody was let in ({reason}). Check user and key with: ssh {host}"
    if "not found in known_hosts" in str(error):
        return f"{where}: the machine is not known. Look at its key, and accept it: ssh {host}"
    return f"{where}: could not be reached ({reason}). Check host, port and network."
