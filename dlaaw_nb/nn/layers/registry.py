"""The kinds of layer by name, so that a specification can name them."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.layers.base import NNTask
from dlaaw_nb.nn.layers.own import OwnActivation, own_kind

__all__ = ["layer_kind", "layer_kinds", "register_layer", "replace_own", "require_free"]

ENTRY_POINTS = "dlaaw_nb.layers"
"""Group of entry points by which other packages add layers: name of the kind = the class."""

AnyLayer = TypeVar("AnyLayer", bound=type[NNTask])

_KINDS: dict[str, type[NNTask]] = {}


class _UnknownKindError(NetworkError):
    """Nothing installed has a layer of that name."""


def register_layer(kind: AnyLayer) -> AnyLayer:
    """Make a layer class known by its name; serves as a decorator.

    Parameters
    ----------
    kind : subclass of NNTask
        The class. Running its definition again, as one does in a notebook, replaces it.

    Returns
    -------
    subclass of NNTask
        The same class.

    Raises
    ------
    NetworkError
        When it is no layer class, a class from elsewhere has that name, or it brings a kernel
        without a reference.
    """
    thing: object = kind
    if not (isinstance(thing, type) and issubclass(thing, NNTask)):
        raise NetworkError(f"expected a class of layers, got {kind!r}. Derive it from NNTask.")
    known = _KINDS.get(kind.__name__, kind)
    if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise NetworkError(
            f"layer {kind.__name__}: {known.__module__} has one of that name. Choose another name."
        )
    _hand_over(kind)
    _KINDS[kind.__name__] = kind
    return kind


def require_free(name: str) -> None:
    """Refuse the name of a layer that is no person's own activation.

    Parameters
    ----------
    name : str
        Of a class to be.

    Raises
    ------
    NetworkError
        When this or another package has a layer of that name.
    """
    with suppress(_UnknownKindError):
        known = layer_kind(name)
        if not issubclass(known, OwnActivation):
            raise NetworkError(
                f"activation {name}: {known.__module__} has a layer of that name. Choose another "
                "name."
            )


def replace_own(kind: type[OwnActivation]) -> None:
    """Make a person's own activation known by its name, in place of one written before.

    Parameters
    ----------
    kind : subclass of OwnActivation
        The class; its name is free (`require_free`).
    """
    _KINDS[kind.__name__] = kind


def _hand_over(kind: type[NNTask]) -> None:
    """Give the engine the kernel and the reference that a layer class brings along."""
    source, reference = kind.cuda_source, kind.reference
    if source is None and reference is None:
        return
    from dlaaw_nb.engine import reference as oracle
    from dlaaw_nb.engine import resources

    if not isinstance(source, str) or not isinstance(reference, oracle.Layer):
        raise NetworkError(
            f"layer {kind.__name__}: expected cuda_source (the text of its header) and reference "
            "(a Layer of dlaaw_nb.engine.reference) together. Give both."
        )
    try:
        resources.add_kernel(f"layers/{kind.__name__.lower()}.cuh", source)
    except ValueError as error:
        raise NetworkError(f"layer {kind.__name__}: {error}") from error
    oracle.register_layer(kind.__name__, reference)


def layer_kinds() -> tuple[str, ...]:
    """List the kinds of layer that are registered.

    Returns
    -------
    tuple of str
        Their names, sorted. Kinds of other packages are among them once they were used.
    """
    return tuple(sorted(_KINDS))


def layer_kind(name: str) -> type[NNTask]:
    """Find the class of a layer by its name.

    Other packages' entry points are consulted only for a name that is not known yet.

    Parameters
    ----------
    name : str
        A kind, such as ``"Linear"``.

    Returns
    -------
    subclass of NNTask
        The class.

    Raises
    ------
    NetworkError
        When nothing installed has a layer of that name, or what is installed is none.
    """
    own = own_kind(name)
    if own is not None:
        return own
    if name not in _KINDS:
        _register_entry_point(name)
    return _KINDS[name]


def _register_entry_point(name: str) -> None:
    from importlib.metadata import entry_points

    found = list(entry_points(group=ENTRY_POINTS, name=name))
    if not found:
        known = ", ".join(layer_kinds())
        raise _UnknownKindError(
            f"layer kind {name!r}: not known. Choose one of {known}, "
            "or install the package that brings it."
        )
    try:
        kind = found[0].load()
    except Exception as error:
        raise NetworkError(
            f"layer kind {name!r}: {found[0].value} could not be imported: {error!r}. "
            "Mend or reinstall the package that brings it."
        ) from error
    if getattr(kind, "__name__", None) != name:
        raise NetworkError(
            f"layer kind {name!r}: {found[0].value} is {kind!r}. The entry point's name must be "
            "the name of the class."
        )
    register_layer(kind)
