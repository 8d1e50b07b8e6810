"""Finds what the words of a workflow's magics stand for: the person's variables, stores, values."""

from __future__ import annotations

import ast
import difflib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dlaaw_nb.store import Store
    from dlaaw_nb.workflow.workflow import Workflow

__all__ = ["inputs_named", "store_named", "traced", "value_named", "workflow_named"]


def workflow_named(name: str, namespace: Mapping[str, Any]) -> Workflow:
    """Find a workflow by the name of its variable.

    Parameters
    ----------
    name : str
        The word.
    namespace : mapping
        The person's variables.

    Returns
    -------
    Workflow
        The workflow.

    Raises
    ------
    UsageError
        When there is none of that name; the message names those that there are.
    """
    from dlaaw_nb.workflow import Workflow

    found = namespace.get(name)
    if isinstance(found, Workflow):
        return found
    known = [
        key for key, value in namespace.items() if isinstance(value, Workflow) and key[0] != "_"
    ]
    there = f"Workflows here: {', '.join(known)}." if known else "There is none yet."
    got = "nothing of that name" if found is None else f"a {type(found).__name__}"
    raise UsageError(
        f"{name}: expected a workflow, got {got}. {there} Make one with %%workflow {name}."
    )


def value_named(word: str, namespace: Mapping[str, Any]) -> Any:
    """Read a value: a variable's, else a number, list or other literal, else the text itself.

    Parameters
    ----------
    word : str
        As it was typed.
    namespace : mapping
        The person's variables.

    Returns
    -------
    object
        The value.
    """
    if word in namespace:
        return namespace[word]
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return ast.literal_eval(word)
    return word


def inputs_named(words: Iterable[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Read the values of a workflow's inputs.

    Parameters
    ----------
    words : iterable of str
        ``name=value`` each; the value is one of `value_named`.
    namespace : mapping
        The person's variables.

    Returns
    -------
    dict of str to object
        Values by the names of the inputs.

    Raises
    ------
    UsageError
        When a word is no ``name=value``, or names an input a second time.
    """
    values: dict[str, Any] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not (name and sign) or name in values:
            raise UsageError(f"--input: expected name=value, each name once, got {word!r}.")
        values[name] = value_named(text, namespace)
    return values


def store_named(word: str | None, namespace: Mapping[str, Any]) -> Store:
    """Open a store.

    Parameters
    ----------
    word : str or None
        A variable that holds a `Store`, a folder or a URL; None for the person's own.
    namespace : mapping
        The person's variables.

    Returns
    -------
    Store
        The store.

    Raises
    ------
    UsageError
        When the variable holds something else.
    """
    from dlaaw_nb.store import Store

    found = namespace.get(word, word) if word is not None else None
    if isinstance(found, Store):
        return found
    if found is not None and not isinstance(found, str) and not hasattr(found, "__fspath__"):
        raise UsageError(
            f"--store {word}: expected a Store, a folder or a URL, got a {type(found).__name__}."
        )
    return Store(found)


def traced(word: str, namespace: Mapping[str, Any], store: Store | None) -> Any:
    """Trace something to what made it.

    Parameters
    ----------
    word : str
        A variable that holds a data product, a run, or a file's path; ``RUN.output``; a file; the
        hash of a product, or its beginning.
    namespace : mapping
        The person's variables.
    store : Store or None
        Where to look; None for where the thing is from, else the person's own.

    Returns
    -------
    Lineage
        It shows itself.

    Raises
    ------
    UsageError
        When a run has no such output, or a variable holds what cannot be traced.
    """
    from dlaaw_nb.store import DataProduct, Store
    from dlaaw_nb.workflow.run import Run

    name, _, output = word.partition(".")
    run = namespace.get(name)
    if isinstance(run, Run):
        return run.lineage(_output(run, output))
    found = namespace.get(word, word)
    if isinstance(found, DataProduct):
        return (store or getattr(found, "store", None) or Store()).lineage(found)
    if isinstance(found, str) or hasattr(found, "__fspath__"):
        return (store or Store()).lineage(found)
    raise UsageError(
        f"{word}: expected a data product, RUN.output, a file or a hash, got a "
        f"{type(found).__name__}. Of a value alone nothing is known: name the run that gave it."
    )


def _output(run: Any, name: str) -> str:
    known = [*run.workflow.outputs]
    if name in known or name in run.workflow.inputs:
        return name
    if not name and len(known) == 1:
        return str(known[0])
    near = difflib.get_close_matches(name, known) or known
    got = f"got {name!r}" if name else "got none"
    raise UsageError(
        f"expected RUN.output with an output of {run.workflow.name}, {got}. "
        f"It has: {', '.join(near) or 'none'}."
    )
