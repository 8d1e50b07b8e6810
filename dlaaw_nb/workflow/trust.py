"""Which workflow files may run code: those that the person trusts, by the digest of what is risky.

As with notebooks, what a person saves is trusted here; a file from elsewhere is once the person
says so. A digest covers code, commands, paths that leave the folder, and what feeds them
(`risky_parts`), so that other edits do not ask again. Of a document without any of that it covers
all but what is written and drawn.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import SaveError, TrustError
from dlaaw_nb.workflow.risks import Risks
from dlaaw_nb.workflow.risky_parts import risky_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["digest_of", "distrust", "is_digest_trusted", "is_harmless", "is_trusted", "remember",
           "remember_digest", "require_trust", "trust", "untrusted_reasons"]  # fmt: skip

_MOST_REASONS = 5


def trust(path: str | os.PathLike[str]) -> None:
    """Trust a workflow file: its code may run from now on, until something risky in it changes.

    Parameters
    ----------
    path : str or path
        The file, whose code the person has read.

    Raises
    ------
    FormatError, MissingDataError
        When it is no workflow file.
    SaveError
        When that cannot be written down.
    """
    from dlaaw_nb.workflow.file_reading import read_document

    remember(read_document(Path(path)))


def distrust(path: str | os.PathLike[str]) -> None:
    """Take back the trust in a workflow file.

    Raises
    ------
    FormatError, MissingDataError
        When it is no workflow file.
    SaveError
        When that cannot be written down.
    """
    from dlaaw_nb.workflow.file_reading import read_document

    place = _place(digest_of(read_document(Path(path))))
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        raise SaveError(
            f"{place}: trust could not be taken back ({error.strerror}). Remove that file."
        ) from error


def remember(document: Mapping[str, Any]) -> None:
    """Write down that a document is trusted.

    Each digest is a file of its own, so that two processes never lose each other's.

    Raises
    ------
    SaveError
        When that cannot be done.
    """
    remember_digest(digest_of(document))


def remember_digest(digest: str) -> None:
    """Write down that what has a digest is trusted: SHA-256 in hexadecimal.

    Raises
    ------
    SaveError
        When that cannot be done.
    """
    place = _place(digest)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.touch(mode=0o600)
    except OSError as error:
        raise SaveError(
            f"{place.parent}: trust could not be written down ({error.strerror}). Set DLAAW_TRUST "
            "to a folder of your own."
        ) from error


def is_trusted(document: Mapping[str, Any]) -> bool:
    """Whether a document was trusted before."""
    return is_digest_trusted(digest_of(document))


def is_digest_trusted(digest: str) -> bool:
    """Whether what has a digest was trusted before."""
    return _place(digest).is_file()


def digest_of(document: Mapping[str, Any]) -> str:
    """Hash what trust in a document is about: SHA-256 in hexadecimal."""
    parts = risky_parts(document)
    told = _body(document) if parts is None else {"risky": parts}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def require_trust(workflow: Workflow) -> None:
    """Refuse to run a workflow if what came from a file that is not trusted would run code.

    Raises
    ------
    TrustError
        When it would; the message names each task.
    """
    reasons = Risks(everywhere=False).of(workflow)
    if not reasons:
        return
    more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    raise TrustError(
        f"{workflow.name}: it came from a file that is not trusted: "
        f"{'; '.join(reasons[:_MOST_REASONS])}{more}. Read it first (workflow.to_code(), or dlaaw "
        "show FILE), then trust it: workflow.trust(), or dlaaw trust FILE."
    )


def is_harmless(workflow: Workflow) -> bool:
    """Whether nothing in it that came from files which are not trusted would run code."""
    return not Risks(everywhere=False).of(workflow)


def untrusted_reasons(workflow: Workflow) -> list[str]:
    """Say what a workflow does that a file from elsewhere may not do by itself.

    Parameters
    ----------
    workflow : Workflow
        Any, trusted or not.

    Returns
    -------
    list of str
        A phrase for each task that runs code or commands, and for each path that leaves the file's
        folder.
    """
    return Risks(everywhere=True).of(workflow)


def _body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is written about it; by place, for a parameter may have any name."""
    kept = {key: value for key, value in body.items() if key not in ("description", "view")}
    kept["inputs"] = [
        {key: value for key, value in given.items() if key != "description"}
        for given in body["inputs"]
    ]
    kept["tasks"] = [_task(task) for task in body["tasks"]]
    return kept


def _task(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in entry.items() if key != "place"}
    if "workflow" in kept:
        kept["workflow"] = _body(kept["workflow"])
    if "task" in kept:
        kept["task"] = _task(kept["task"])
    return kept


def _place(digest: str) -> Path:
    given = os.environ.get("DLAAW_TRUST")
    if given:
        return Path(given, digest)
    import platformdirs

    return Path(platformdirs.user_data_dir("dlaaw_nb"), "trusted", digest)
