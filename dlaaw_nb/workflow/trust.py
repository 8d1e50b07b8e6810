"""Which workflow files may run code: those that the person trusts, by the digest of what they do.

As with notebooks, what a person saves is trusted here; a file from elsewhere is once the person
says so. A digest covers tasks, code, parameters, values and edges, but not where a task stands on a
canvas and what is written about it.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import SaveError, TrustError
from dlaaw_nb.workflow.composite import SubWorkflow
from dlaaw_nb.workflow.file_tasks import UnloadedTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["digest_of", "distrust", "is_trusted", "remember", "require_trust", "trust",
           "untrusted_reasons"]  # fmt: skip

_SILENT = ("description", "place")
_MOST_REASONS = 5


def trust(path: str | os.PathLike[str]) -> None:
    """Trust a workflow file: its code may run from now on, until the file changes.

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
    from dlaaw_nb.workflow.workflow_file import read_document

    remember(read_document(Path(path)))


def distrust(path: str | os.PathLike[str]) -> None:
    """Take back the trust in a workflow file."""
    from dlaaw_nb.workflow.workflow_file import read_document

    _place(digest_of(read_document(Path(path)))).unlink(missing_ok=True)


def remember(document: Mapping[str, Any]) -> None:
    """Write down that a document is trusted.

    Raises
    ------
    SaveError
        When that cannot be done.
    """
    place = _place(digest_of(document))
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
    return _place(digest_of(document)).is_file()


def digest_of(document: Mapping[str, Any]) -> str:
    """Hash what a document does: SHA-256 in hexadecimal."""
    text = json.dumps(_told(document), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def require_trust(workflow: Workflow) -> None:
    """Refuse to run a workflow from a file that is not trusted, if it would run code.

    Raises
    ------
    TrustError
        When it would; the message names each task.
    """
    if workflow.trusted:
        return
    reasons = untrusted_reasons(workflow)
    if not reasons:
        return
    more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    raise TrustError(
        f"{workflow.name}: it came from a file that is not trusted: "
        f"{'; '.join(reasons[:_MOST_REASONS])}{more}. Read it first (workflow.to_code(), or dlaaw "
        "show FILE), then trust it: workflow.trust(), or dlaaw trust FILE."
    )


def untrusted_reasons(workflow: Workflow) -> list[str]:
    """Say what a workflow does that a file from elsewhere may not do by itself.

    Parameters
    ----------
    workflow : Workflow
        Any.

    Returns
    -------
    list of str
        A phrase for each task that runs code or commands, and for each path that leaves the file's
        folder.
    """
    return list(_reasons(workflow, ""))


def _reasons(workflow: Workflow, prefix: str) -> Iterator[str]:
    for name, task in workflow.tasks.items():
        inner = getattr(task, "task", task)
        where = f"{prefix}{name}"
        if isinstance(inner, SubWorkflow):
            yield from _reasons(inner.workflow, f"{where}/")
        elif isinstance(inner, UnloadedTask):
            yield f"task {where} runs code of its own ({inner.kind})"
        elif inner.carries_code:
            yield f"task {where} ({inner.kind}) runs a command or sends data"
        for port, value in workflow.values(name).items():
            if task.input(port).type.name not in ("str", "any") and _leaves(value):
                yield f"task {where} reads {value!r:.100}"
    for name, declared in workflow.inputs.items():
        text = {"str", "any"} >= workflow.input_types(name)
        if not text and _leaves(declared.default):
            yield f"input {prefix}{name} reads {declared.default!r:.100}, outside of its folder"


def _leaves(value: Any) -> bool:
    """Whether a path leads out of the folder that its file is in."""
    if not isinstance(value, str):
        return False
    scheme, sign, _ = value.partition("://")
    if sign:
        return scheme.lower() not in ("http", "https")
    parts = value.replace("\\", "/").split("/")
    return value[:1] in ("/", "\\", "~") or ".." in parts or value[1:2] == ":"


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(item) for key, item in value.items() if key not in _SILENT}
    if isinstance(value, list):
        return [_told(item) for item in value]
    return value


def _place(digest: str) -> Path:
    given = os.environ.get("DLAAW_TRUST")
    if given:
        return Path(given, digest)
    import platformdirs

    return Path(platformdirs.user_data_dir("dlaaw_nb"), "trusted", digest)
