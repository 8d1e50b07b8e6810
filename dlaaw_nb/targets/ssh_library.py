"""The one file that imports paramiko."""

from __future__ import annotations

import base64
import hashlib
import logging
from typing import Any

from dlaaw_nb.errors import TargetError

__all__ = ["fingerprint_of", "library"]

_SILENT = logging.NullHandler()


def library() -> Any:
    """Import paramiko.

    Returns
    -------
    module
        paramiko.

    Raises
    ------
    TargetError
        When it is not installed.
    """
    try:
        import paramiko
    except ImportError as error:
        raise TargetError(
            "target over SSH: paramiko is not installed. pip install 'dlaaw-nb[remote]'."
        ) from error
    # Without a handler, Python prints paramiko's tracebacks beside our own words.
    logging.getLogger("paramiko").addHandler(_SILENT)
    return paramiko


def fingerprint_of(key: Any) -> str:
    """Give the fingerprint of a key, as ssh-keygen -l shows it."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
