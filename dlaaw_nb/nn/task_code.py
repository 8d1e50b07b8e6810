"""Hashes of the code that computes networks, for results that may stand in for a run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine.resources import kernels_digest
from dlaaw_nb.nn.layers.own import OwnActivation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dlaaw_nb.nn.layers import NNTask
    from dlaaw_nb.nn.task_network import NetworkTask

__all__ = ["computing_fingerprint", "written"]


def computing_fingerprint(layers: Iterable[NNTask] = ()) -> str:
    """Hash all code that decides what networks compute.

    Parameters
    ----------
    layers : iterable of NNTask
        The layers of the network; those of other packages bring code of their own.

    Returns
    -------
    str
        SHA-256 in hexadecimal, of the kernels, the version of this package, and the own layers'
        kernels, references and classes.
    """
    import dlaaw_nb

    digest = hashlib.sha256(f"{dlaaw_nb.__version__}\0{kernels_digest()}".encode())
    own = {type(layer) for layer in layers if type(layer).cuda_source is not None}
    for kind in sorted(own, key=lambda kind: kind.__name__):
        for text in _code(kind):
            digest.update(f"\0{text}".encode())
    return digest.hexdigest()


def written(network: NetworkTask) -> str | None:
    """Write the Python that makes a network again.

    Parameters
    ----------
    network : NetworkTask
        The network, placed or not.

    Returns
    -------
    str or None
        None where it names what ``dlaaw_nb`` does not offer: layers of other packages, say.
    """
    import ast

    import dlaaw_nb

    text = repr(network)
    try:
        names = [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    except SyntaxError:
        return None
    plain = type(network).__name__ == "NNWorkflow"
    return text if plain and set(names) <= set(dlaaw_nb.__all__) else None


def _code(kind: type[NNTask]) -> Iterator[str]:
    from dlaaw_nb.workflow.fingerprint import code_fingerprint

    yield kind.__name__
    if issubclass(kind, OwnActivation):
        yield kind.definition.digest
        return
    yield str(kind.cuda_source)
    yield code_fingerprint(kind)
    reference = kind.reference
    yield code_fingerprint(type(reference))
    for name, value in sorted(vars(reference).items()):
        yield f"{name}={_value(value)}"


def _value(value: Any) -> str:
    from dlaaw_nb.workflow.fingerprint import code_fingerprint

    return code_fingerprint(value) if callable(value) else repr(value)
