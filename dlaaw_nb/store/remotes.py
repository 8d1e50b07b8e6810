"""File systems of other machines, by URL: every one that fsspec knows.

References
----------
fsspec, https://filesystem-spec.readthedocs.io
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store.libraries import library
from dlaaw_nb.store.text import one_line

__all__ = ["CONNECT_S", "STALL_S", "file_system", "is_url", "scheme", "shown_url"]

CONNECT_S: Final = 30.0
"""Seconds to wait for a connection."""

STALL_S: Final = 60.0
"""Seconds to wait for the next piece."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_INSTALLS = {
    "http": ("aiohttp", '"dlaaw-nb[http]"'),
    "https": ("aiohttp", '"dlaaw-nb[http]"'),
    "sftp": ("paramiko", '"dlaaw-nb[sftp]"'),
    "ssh": ("paramiko", '"dlaaw-nb[sftp]"'),
}


def is_url(text: object) -> bool:
    """Whether text is of the form ``scheme://...``; a path with a drive's letter is not."""
    return isinstance(text, str) and _SCHEME.match(text) is not None


def scheme(url: str) -> str:
    """Give the part of a URL before ``://``, in small letters; empty for a path."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else ""


def shown_url(url: str) -> str:
    """Write a URL without what may be secret: a password, and what follows ``?``.

    Parameters
    ----------
    url : str
        Any text.

    Returns
    -------
    str
        For messages and records.
    """
    short = re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:...@", url)
    return one_line(re.sub(r"[?#].*", "?...", short, flags=re.DOTALL))


def file_system(url: str) -> tuple[Any, str]:
    """Open the file system of a URL.

    Parameters
    ----------
    url : str
        Of a file or a folder, of any kind that fsspec knows.

    Returns
    -------
    system : fsspec.AbstractFileSystem
        Connected, where it connects at once.
    path : str
        The place in it.

    Raises
    ------
    StoreError
        When the kind is not known, its library is missing, the URL is a chain of several, or the
        machine does not answer or is not the one it claims to be.
    """
    kind, where = scheme(url), shown_url(url)
    if "::" in url:
        raise StoreError(f"{where}: expected one URL, got a chain. Unpack the file, and name it.")
    fsspec = library("fsspec", f"URL {where}", StoreError)
    if kind in _INSTALLS:
        library(_INSTALLS[kind][0], f"URL {where}", StoreError, _INSTALLS[kind][1])
    try:
        if kind in ("sftp", "ssh"):
            from dlaaw_nb.store.sftp import sftp_system

            return sftp_system(url)
        system, path = fsspec.core.url_to_fs(url, **_options(kind))
    except StoreError:
        raise
    except ImportError as error:
        raise StoreError(f"{where}: needs another library ({error}). Install it.") from error
    except Exception as error:
        # Each kind raises errors of its own: of the network, of its library, of its settings.
        raise StoreError(
            f"{where}: could not be opened ({type(error).__name__}: {one_line(str(error), 150)}). "
            "Check the URL and the network."
        ) from error
    return system, path


def _options(kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {"use_listings_cache": False}
    if kind in ("http", "https"):
        aiohttp = library("aiohttp", "http", StoreError, '"dlaaw-nb[http]"')
        # A large file may take hours, but never a minute without a byte.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=STALL_S)
        options["client_kwargs"] = {"timeout": timeout}
    return {} if kind in ("file", "local", "memory") else options


def has_password(url: str) -> bool:
    """Whether a URL carries a password."""
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return False
