"""Activations that a person writes in CUDA: layer classes made of source.

Two may have the same name, such as one that was written anew and one that a model was trained with.
So a specification names them by name and hash of their definition, and carries the definition.
"""

from __future__ import annotations

import hashlib
import json
import keyword
import re
from dataclasses import dataclass, field, make_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dlaaw_nb.errors import NetworkError
from dlaaw_nb.nn.hyperparameters import real_number
from dlaaw_nb.nn.layers.base import ElementwiseLayer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

__all__ = ["Definition", "OwnActivation", "definition_of", "hand_over", "own_class", "own_kind"]

TRUSTED: set[str] = set()
"""Digests of definitions that may be compiled in this process; see ``own_trust``."""

MOST_SOURCE = 100_000
"""Characters of a source."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_MOST_OPTIONS = 16
_TAKEN = ("name", "policy", "in_features", "out_features", "x", "dy")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*(include|line|pragma[ \t]+once)\b", re.MULTILINE)


class Definition(NamedTuple):
    """What an activation is made of; plain data.

    Attributes
    ----------
    name : str
        Of the class.
    source : str
        CUDA: the functions ``forward`` and ``backward``.
    hyperparameters : tuple of (str, float)
        Names and defaults, in the order in which the functions take them.
    """

    name: str
    source: str
    hyperparameters: tuple[tuple[str, float], ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in hexadecimal."""
        text = json.dumps(["dlaaw-nb/activation", *self])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def kind(self) -> str:
        """What specifications and kernels call it: its name and twelve digits of its digest."""
        return f"{self.name}_{self.digest[:12]}"

    def plain(self) -> dict[str, Any]:
        """Write it as plain JSON values."""
        given = [[name, value] for name, value in self.hyperparameters]
        return {"name": self.name, "source": self.source, "hyperparameters": given}


def definition_of(
    name: object, source: object, hyperparameters: Mapping[str, float] | None = None
) -> Definition:
    """Check what an activation is made of; nothing is compiled.

    Parameters
    ----------
    name : str
        Of the class: letters and digits.
    source : str
        CUDA.
    hyperparameters : mapping of str to float, or None
        Defaults by name.

    Returns
    -------
    Definition
        The same, checked.

    Raises
    ------
    NetworkError
        When a name is none, or the source includes files.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise NetworkError(
            f"activation {name!r:.60}: expected a name of letters and digits, such as Swish."
        )
    if not isinstance(source, str) or not source.strip() or len(source) > MOST_SOURCE:
        raise NetworkError(
            f"activation {name}: expected CUDA source with the functions forward and backward, of "
            f"up to {MOST_SOURCE} characters, got {source!r:.60}."
        )
    found = _INCLUDE.search(source)
    if found:
        line = source[: found.start()].count("\n") + 1
        raise NetworkError(
            f"activation {name}: line {line}: #{found[1]} is not for an activation. Take it away: "
            "expf, tanhf, sqrtf, fmaxf and the other functions of C's math.h are there."
        )
    given = dict(hyperparameters or {})
    for option in given:
        wrong = _OPTION.fullmatch(str(option)) is None
        if wrong or keyword.iskeyword(option) or option in _TAKEN or len(given) > _MOST_OPTIONS:
            raise NetworkError(
                f"activation {name}: hyperparameter {option!r:.60}: expected up to {_MOST_OPTIONS} "
                f"plain words besides {', '.join(_TAKEN)}, such as beta."
            )
    values = tuple((option, _number(name, option, value)) for option, value in given.items())
    return Definition(name, source.replace("\r\n", "\n"), values)


def _number(name: str, option: str, value: object) -> float:
    return real_number(f"{name}: {option}", value, "a finite number", lambda _: True)


@dataclass(frozen=True, repr=False)
class OwnActivation(ElementwiseLayer):
    """Base of the classes that `own_class` makes.

    Attributes
    ----------
    definition : Definition
        What it is made of.
    """

    definition: ClassVar[Definition]

    def __post_init__(self) -> None:
        for option, value in self.hyperparameters.items():
            object.__setattr__(self, option, _number(self.kind, option, value))

    @property
    def spec_kind(self) -> str:
        """Name in specifications, which no other definition has."""
        if self.definition.digest in TRUSTED:
            hand_over(self.definition)
        return self.definition.kind

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with the definition, for another process has no such class."""
        trusted = self.definition.digest in TRUSTED
        return _revived, (tuple(self.definition), trusted, dict(self.__dict__))

    def __copy__(self) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.__copy__()


def _revived(definition: tuple[Any, ...], trusted: bool, state: dict[str, Any]) -> OwnActivation:
    """Undo `OwnActivation.__reduce__`."""
    found = Definition(*definition)
    if trusted:
        TRUSTED.add(found.digest)
    layer = object.__new__(own_class(found))
    layer.__dict__.update(state)
    return layer


_CLASSES: dict[str, type[OwnActivation]] = {}


def own_class(definition: Definition) -> type[OwnActivation]:
    """Make the layer class of a definition; always the same class for the same one.

    Nothing is compiled.
    """
    if definition.kind not in _CLASSES:
        options = [
            (name, float, field(default=value)) for name, value in definition.hyperparameters
        ]
        made: Any = make_dataclass(
            definition.name,
            options,
            bases=(OwnActivation,),
            namespace={
                "__doc__": f"Activation {definition.name}, of a person's own CUDA source.",
                "__module__": __name__,
                "definition": definition,
                "cuda_source": definition.source,
            },
            frozen=True,
            repr=False,
        )
        made.__module__ = __name__
        _CLASSES[definition.kind] = made
    return _CLASSES[definition.kind]


def own_kind(kind: str) -> type[OwnActivation] | None:
    """Find a class by the name that specifications have; None where there is none."""
    return _CLASSES.get(kind)


def hand_over(definition: Definition) -> None:
    """Give the engine the kernel; its reference is compiled when it is called."""
    from dlaaw_nb.engine import resources
    from dlaaw_nb.engine.elementwise import CompiledElementwise
    from dlaaw_nb.engine.reference import LAYERS, register_layer

    kind = definition.kind
    if kind not in LAYERS or resources.layer_file(kind) not in resources.kernels_added():
        resources.add_kernel(resources.layer_file(kind), header_of(definition))
        options = tuple(name for name, _ in definition.hyperparameters)
        register_layer(kind, CompiledElementwise(kind, options))


def header_of(definition: Definition) -> str:
    """Write the kernel: the person's functions, and the struct of ``elementwise.cuh`` around them.

    Parameters
    ----------
    definition : Definition
        The activation.

    Returns
    -------
    str
        CUDA C++14, as the files of ``kernels_cu/layers/``. Faults in the source are told by its
        own lines.
    """
    name, kind = definition.name, definition.kind
    count = len(definition.hyperparameters)
    options = "".join(f", o[{k}]" for k in range(count))
    forward, backward = f"forward(x{options})", f"backward(x, dy{options})"
    return f"""#pragma once
#include "../scalar.cuh"

namespace dlaaw {{
namespace scalar {{
namespace {kind}_code {{
#line 1 "activation {name}"
{definition.source}
#line 1 "use of activation {name}"
struct Call {{
  static DLAAW_MEMBER float forward(float x, const float* o) {{
    return {kind}_code::{forward};
  }}
  static DLAAW_MEMBER float backward(float x, float dy, const float* o) {{
    return {kind}_code::{backward};
  }}
}};
}}  // namespace {kind}_code
}}  // namespace scalar

struct {kind} : OfNumbers<scalar::{kind}_code::Call, {count}> {{}};

}}  // namespace dlaaw
"""
