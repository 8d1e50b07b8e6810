"""Finds what the words of a magic stand for: the person's variables, data sets, files."""

from __future__ import annotations

import difflib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["data_named", "model_named", "network_named", "value_of"]


def network_named(name: str, namespace: Mapping[str, Any]) -> Any:
    """Find a network by the name of its variable.

    Parameters
    ----------
    name : str
        The word.
    namespace : mapping
        The person's variables.

    Returns
    -------
    NNWorkflow
        The network.

    Raises
    ------
    UsageError
        When there is none of that name; the message names those that there are.
    """
    from dlaaw_nb import NNWorkflow

    found = namespace.get(name)
    if isinstance(found, NNWorkflow):
        return found
    networks = [k for k, v in namespace.items() if isinstance(v, NNWorkflow) and k[0] != "_"]
    there = f"Networks here: {', '.join(networks)}." if networks else "There is none yet."
    got = "nothing of that name" if found is None else f"a {type(found).__name__}"
    raise UsageError(
        f"{name}: expected a network, got {got}. {there} Make one with %%nnworkflow {name}."
    )


def data_named(word: str | None, namespace: Mapping[str, Any], default: Any = None) -> Any:
    """Find data: a variable, else a data set of the package, else a file or URL.

    Parameters
    ----------
    word : str or None
        The word; None takes `default`.
    namespace : mapping
        The person's variables.
    default : object
        What the network was made with.

    Returns
    -------
    object
        What the verbs of a network take as data.

    Raises
    ------
    UsageError
        When there is neither a word nor a default.
    """
    if word is None:
        if default is None:
            raise UsageError("No data given. Add --data with a variable, a file or a data set.")
        return default
    if word in namespace:
        return namespace[word]
    from dlaaw_nb import datasets

    return datasets.load(word) if word in datasets.names() else word


def model_named(word: str, namespace: Mapping[str, Any]) -> Any:
    """Find a model: a variable that is one or a result with one, else a model file.

    Parameters
    ----------
    word : str
        The word.
    namespace : mapping
        The person's variables.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    UsageError
        When a variable of that name is something else.
    """
    from dlaaw_nb import Model, TrainingResult

    found = namespace.get(word)
    if isinstance(found, TrainingResult):
        return found.model
    if isinstance(found, Model):
        return found
    if found is None and word.endswith(".json"):
        from dlaaw_nb import convert

        read = convert.load(word)
        if isinstance(read, Model):
            return read
        raise UsageError(f"{word}: expected a trained model, got a network. Train it first.")
    models = [k for k, v in namespace.items() if isinstance(v, Model | TrainingResult)]
    near = difflib.get_close_matches(word, models) or [k for k in models if k[0] != "_"]
    there = f" Here are: {', '.join(near)}." if near else ""
    raise UsageError(f"{word}: expected a model, a training's result or a model file.{there}")


def value_of(text: str) -> Any:
    """Read a value of a hyperparameter: a number, widths such as ``8,4``, or a word.

    Parameters
    ----------
    text : str
        As it was typed.

    Returns
    -------
    int, float, tuple of int, or str
        The value.
    """
    text = text.strip("'\"")
    if "(" in text:
        return text
    if "," in text:
        return tuple(int(part) for part in text.strip("()").split(",") if part)
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return float(text)
    return text
