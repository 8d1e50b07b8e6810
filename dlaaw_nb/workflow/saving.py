"""Workflows to files and back, and what the person trusts of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import GraphError
from dlaaw_nb.store.files import write_text
from dlaaw_nb.workflow.file_reading import build, make_real, read_document
from dlaaw_nb.workflow.trust import is_harmless, is_trusted, remember
from dlaaw_nb.workflow.workflow_file import checked_document, document_of, document_text

if TYPE_CHECKING:
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["load_workflow", "save_workflow", "trust_workflow"]


def save_workflow(workflow: Workflow, path: str | os.PathLike[str]) -> Path:
    """Write a workflow to a file, whole or not at all; see ``Workflow.save``."""
    document = checked_document(workflow)
    final = Path(path)
    final = final if final.suffix else final.with_suffix(".dlaaw")
    written = write_text(final, document_text(document))
    if workflow.trusted and is_harmless(workflow):  # a workflow inside may be from elsewhere
        remember(document)
    return written


def load_workflow(source: Any) -> Workflow:
    """Read a workflow from a document, its text or a file; see ``Workflow.from_document``."""
    file = Path(source) if isinstance(source, os.PathLike) else None
    document = read_document(source)
    trusted = is_trusted(document)
    made = build(document, trusted=trusted, label="workflow" if file is None else file.stem)
    if file is not None:
        made.folder = file.absolute().parent
    return made


def trust_workflow(workflow: Workflow) -> None:
    """Trust a workflow, and have the code run that its file brought; see ``Workflow.trust``."""
    document: dict[str, Any] | None
    try:
        document = document_of(workflow)
    except GraphError:  # code of several files can be joined only once it has run
        document = None
    if not (workflow.trusted and is_harmless(workflow)):
        make_real(workflow, workflow.name)
    remember(document_of(workflow) if document is None else document)
