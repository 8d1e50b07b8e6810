"""How values become bytes and come back: the base class, and the codecs known by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.text import one_line, shown

if TYPE_CHECKING:
    from dlaaw_nb.store.blob import Blob, Buffer

__all__ = ["CODEC_GROUP", "Codec", "codec", "codecs", "register_codec", "unfit"]


class Codec(ABC):
    """Turns the values of one kind into bytes and back.

    An implementer must set the three attributes, and give `encode` and `decode`. The same value
    must become the same bytes, in another process and on another day too: no dates, no order of a
    set, no memory that nobody filled. `decode` must take any bytes, hostile ones included, and
    either give a value or raise `CodecError`; it must never unpickle or evaluate. An implementer
    may override `settle` and `preview`, which are called for each value and must be cheap and must
    not raise. A codec is known by its name, which must change when the bytes do; the old one stays
    registered, so that what was stored can be read.

    Attributes
    ----------
    name : str
        Such as ``"npy-1"``, unique among all codecs.
    suffix : str
        Of files with such bytes, such as ``".npy"``.
    media_type : str
        Such as ``"application/x-npy"``.
    """

    name: str
    suffix: str
    media_type: str

    def settle(self, value: Any) -> Any:
        """Give the form of a value that its readers get, whether or not it was stored.

        Parameters
        ----------
        value : object
            What a task gave; anything.

        Returns
        -------
        object
            What `decode` would give for it, or close to that without a copy; `value` itself where
            it is no value of this codec.
        """
        return value

    @abstractmethod
    def encode(self, value: Any) -> list[Buffer]:
        """Turn a value into bytes.

        Parameters
        ----------
        value : object
            A value, settled or not.

        Returns
        -------
        list of bytes, bytearray or memoryview
            The bytes in pieces; large memory is not copied, so they are valid until `value` is
            changed.

        Raises
        ------
        CodecError
            When it cannot; the value is then not kept.
        """

    @abstractmethod
    def decode(self, blob: Blob) -> Any:
        """Turn bytes into the value they were.

        Parameters
        ----------
        blob : Blob
            Any bytes.

        Returns
        -------
        object
            The value.

        Raises
        ------
        CodecError
            When the bytes are none that `encode` gives.
        """

    def preview(self, value: Any) -> str:
        """Describe a value on one short line of plain text.

        Parameters
        ----------
        value : object
            A value, settled or not; anything.

        Returns
        -------
        str
            At most 200 characters.
        """
        return shown(value)

    def __repr__(self) -> str:
        return f"<codec {self.name}>"


CODEC_GROUP: Final = "dlaaw_nb.codecs"
"""Entry points in which packages name their codecs."""

_CODECS: dict[str, Codec] = {}

AnyCodec = TypeVar("AnyCodec", bound=Codec)


def register_codec(new: AnyCodec) -> AnyCodec:
    """Make a codec known by its name.

    Parameters
    ----------
    new : Codec
        The codec. Another of the same class and name changes nothing.

    Returns
    -------
    Codec
        `new`.

    Raises
    ------
    CodecError
        When a codec of another class has that name.
    """
    known = _CODECS.setdefault(new.name, new)
    if type(known).__qualname__ != type(new).__qualname__:
        raise CodecError(
            f"codec {new.name!r}: already registered by {type(known).__qualname__}, got "
            f"{type(new).__qualname__}. Choose another name."
        )
    _CODECS[new.name] = new
    return new


def codec(name: str) -> Codec:
    """Look a codec up by its name.

    Parameters
    ----------
    name : str
        Such as ``"npy-1"``.

    Returns
    -------
    Codec
        The codec.

    Raises
    ------
    CodecError
        When none has that name, registered or among the entry points ``dlaaw_nb.codecs`` of
        installed packages, or it cannot be imported.
    """
    found = _CODECS.get(name) or _from_package(name)
    if found is None:
        raise CodecError(
            f"codec {name!r}: not known here, so the value cannot be read; known are "
            f"{', '.join(sorted(_CODECS))}. Install the package whose task made the value, or "
            "upgrade dlaaw-nb."
        )
    return found


def _from_package(name: str) -> Codec | None:
    """Import a codec that an installed package names: ``name = "module:OBJECT"``.

    Importing the module may register it; the object itself is what counts.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group=CODEC_GROUP, name=name):
        try:
            found = entry.load()
        except Exception as error:
            # A package of others may raise anything while it is imported.
            raise CodecError(
                f"codec {name!r}: {entry.value}, which an installed package names for it, cannot "
                f"be imported ({type(error).__name__}: {one_line(str(error), 150)}). Repair or "
                "upgrade that package."
            ) from error
        if not isinstance(found, Codec) or found.name != name:
            raise CodecError(
                f"codec {name!r}: expected a codec of that name at {entry.value}, got "
                f"{shown(found)}. Upgrade the package that names it."
            )
        return register_codec(found)
    return None


def codecs() -> tuple[Codec, ...]:
    """List the registered codecs, in the order of their names.

    Returns
    -------
    tuple of Codec
        All of them.
    """
    return tuple(_CODECS[name] for name in sorted(_CODECS))


def unfit(name: str, expected: str, value: object, mend: str) -> CodecError:
    """Make the error for a value that a codec cannot keep.

    Parameters
    ----------
    name : str
        Name of the codec.
    expected : str
        What it keeps, with its article.
    value : object
        What came.
    mend : str
        What to do, a sentence.

    Returns
    -------
    CodecError
        To be raised.
    """
    return CodecError(f"codec {name}: expected {expected}, got {shown(value)}. {mend}")
