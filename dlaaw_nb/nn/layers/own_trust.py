"""Which activations in source may be compiled here: the person's own, and those that are trusted.

What a person writes, or saves, here is trusted here, as notebooks and workflow files are; what came
in a file is only data until the person says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlaaw_nb.errors import TrustError
from dlaaw_nb.nn.layers.own import TRUSTED, Definition, OwnActivation
from dlaaw_nb.workflow.trust import is_digest_trusted, remember_digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dlaaw_nb.nn.layers.base import NNTask

__all__ = ["carries_source", "let_in", "remember_own", "require_own_trust", "trust_here",
           "trust_layers"]  # fmt: skip


def trust_here(definition: Definition) -> None:
    """Trust an activation in this process."""
    TRUSTED.add(definition.digest)


def trust_layers(layers: Iterable[NNTask]) -> None:
    """Trust the activations of a network in this process."""
    for definition in _definitions(layers):
        trust_here(definition)


def carries_source(parameters: Any) -> bool:
    """Tell whether a task's parameters, as a file has them, name a network with source in it."""
    network = parameters.get("network") if isinstance(parameters, Mapping) else None
    return isinstance(network, Mapping) and bool(network.get("activations"))


def remember_own(layers: Iterable[NNTask], *, all_of_them: bool = False) -> None:
    """Write down that activations are trusted, for other processes and later ones.

    Parameters
    ----------
    layers : iterable of NNTask
        Layers of a network.
    all_of_them : bool
        Whether those count, too, that were not trusted so far.

    Raises
    ------
    SaveError
        When that cannot be written down.
    """
    for definition in _definitions(layers):
        if all_of_them:
            trust_here(definition)
        if definition.digest in TRUSTED:
            remember_digest(definition.digest)


def require_own_trust(layers: Iterable[NNTask], where: str) -> None:
    """Refuse to go on with activations that came in a file and are not trusted.

    Parameters
    ----------
    layers : iterable of NNTask
        Layers of a network.
    where : str
        Name of the network or file, for the message.

    Raises
    ------
    TrustError
        When there is one.
    """
    unknown = []
    for definition in _definitions(layers):
        if definition.digest in TRUSTED or is_digest_trusted(definition.digest):
            trust_here(definition)
        else:
            unknown.append(definition.name)
    if unknown:
        names = ", ".join(dict.fromkeys(unknown))
        raise TrustError(
            f"{where}: it carries CUDA source of {names}, which is code, and came from a file that "
            "is not trusted. Read it ('activations' in the file), then load the file with "
            "trust=True: Model.load(path, trust=True) or NNWorkflow.load(path, trust=True)."
        )


def let_in(layers: Iterable[NNTask], where: str, trust: bool) -> None:
    """Trust what a file brought, or refuse it.

    Parameters
    ----------
    layers : iterable of NNTask
        Layers of a network.
    where : str
        Name of the file, for the message.
    trust : bool
        Whether the person said so.

    Raises
    ------
    TrustError
        When there is one that is not trusted.
    SaveError
        When trust cannot be written down.
    """
    if trust:
        remember_own(layers, all_of_them=True)
    require_own_trust(layers, where)


def _definitions(layers: Iterable[NNTask]) -> list[Definition]:
    return [layer.definition for layer in layers if isinstance(layer, OwnActivation)]
