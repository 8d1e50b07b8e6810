"""Writing files so that a reader sees the old content or the new, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from dlaaw_nb.errors import SaveError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.store.blob import Buffer

__all__ = ["explained", "write_bytes", "write_text"]

_MENDS = {
    errno.ENOSPC: "The disk is full. Free some space, or choose a folder on another disk.",
    errno.EDQUOT: "The disk quota is used up. Free some space, or choose another disk.",
    errno.EROFS: "The folder is read-only. Choose one that can be written.",
    errno.EACCES: "There is no permission to write there. Choose a folder of your own.",
    errno.EPERM: "There is no permission to write there. Choose a folder of your own.",
    errno.EFBIG: "Files of that size are not allowed there. Choose another disk.",
    errno.ENOENT: "There is no such folder. Make it first.",
    errno.ENOTDIR: "A part of the path is a file, not a folder. Choose another path.",
    errno.EISDIR: "That is a folder. Add the name of a file.",
    errno.ENAMETOOLONG: "The name is too long. Choose a shorter one.",
}


def explained(error: Exception) -> str:
    """Say why something could not be written, and what to do.

    Parameters
    ----------
    error : Exception
        What the system raised.

    Returns
    -------
    str
        ``(No space left on device). The disk is full. ...``
    """
    number = getattr(error, "errno", None) or 0
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"({reason}). {_MENDS.get(number, 'Choose another path.')}"


def write_bytes(
    path: str | os.PathLike[str], chunks: Sequence[Buffer], *, private: bool = False
) -> Path:
    """Write a file whole or not at all.

    The bytes go to a new file in the same folder, are forced to the disk, and then take the place
    of what stood there. A link keeps pointing where it did, and a file keeps its permissions.

    Parameters
    ----------
    path : str or path
        The file to write or replace.
    chunks : sequence of bytes, bytearray or memoryview
        Its new content, in pieces.
    private : bool
        Whether nobody else may read it, whatever permissions it had.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    SaveError
        When it cannot be written; what stood there before is untouched, and no part is left behind.
    """
    shown = Path(path)
    try:
        final = Path(os.path.realpath(shown))  # a link is followed, not replaced
        if final.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _replace(final, chunks, private=private)
    except (OSError, ValueError) as error:
        raise SaveError(f"{shown}: could not be written {explained(error)}") from error
    return shown


def write_text(path: str | os.PathLike[str], text: str, *, private: bool = False) -> Path:
    """Write a UTF-8 file whole or not at all; see `write_bytes`.

    Parameters
    ----------
    path : str or path
        The file to write or replace.
    text : str
        Its new content.
    private : bool
        Whether nobody else may read it, whatever permissions it had.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    SaveError
        When it cannot be written; what stood there before is untouched.
    """
    return write_bytes(path, [text.encode()], private=private)


def _replace(final: Path, chunks: Sequence[Buffer], *, private: bool) -> None:
    part = final.with_name(f".dlaaw-{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as file:
            if private:
                part.chmod(0o600)  # before there is anything to read
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            part.chmod(0o600 if private else stat.S_IMODE(final.stat().st_mode))
        part.replace(final)
    except BaseException:  # KeyboardInterrupt too must leave no part behind
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    _sync_folder(final.parent)


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk, where the system lets a folder be opened (not on Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
