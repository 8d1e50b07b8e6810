"""Values on their way between tasks: kept by content hash, loaded where they are needed."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import CodecError, StoreError
from dlaaw_nb.workflow import remembered
from dlaaw_nb.workflow.port_type import PortType, type_of

if TYPE_CHECKING:
    from dlaaw_nb.store import Store
    from dlaaw_nb.store.objects import Objects
    from dlaaw_nb.store.products import DataProduct
    from dlaaw_nb.workflow.context import TaskContext

__all__ = ["ABSENT", "INLINE_BYTES", "Ref", "keep", "load", "remember"]

INLINE_BYTES = 1024
"""Values of at most so many bytes travel and are kept beside their record, not in a file."""


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


@dataclass(slots=True)
class Ref:
    """A value on its way: what it is, and where it lies.

    Attributes
    ----------
    type : PortType
        What it is.
    hash : str
        SHA-256 of its bytes; empty for a value that is not kept.
    size : int
        Of its bytes.
    preview : str
        A line of text that shows it.
    inline : bytes or None
        Its bytes, where they are few, or where whoever made it could not reach the store.
    pickled : bytes or None
        A value that is not kept, as it travels between processes.
    filename : str
        Of a file, its name.
    location : str
        Path or URL of what lies outside of the store.
    value : object
        The value itself; in the process that has it only.
    """

    type: PortType
    hash: str = ""
    size: int = 0
    preview: str = ""
    inline: bytes | None = None
    pickled: bytes | None = None
    filename: str = ""
    location: str = ""
    value: Any = field(default=ABSENT, repr=False, compare=False)

    def __getstate__(self) -> tuple[Any, ...]:
        return tuple(ABSENT if name == "value" else getattr(self, name) for name in _NAMES)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        for name, value in zip(_NAMES, state, strict=True):
            object.__setattr__(self, name, value)

    def product(self, store: Store | None = None) -> DataProduct:
        """Describe it for the store."""
        from dlaaw_nb.store.products import DataProduct

        keeper = self.type.keeper
        small = self.inline if self.inline is not None and self.size <= INLINE_BYTES else None
        return DataProduct(
            hash=self.hash,
            type=self.type.name,
            codec=keeper.name if keeper else "",
            size_bytes=self.size,
            preview=self.preview,
            suffix=Path(self.filename).suffix if self.filename else getattr(keeper, "suffix", ""),
            filename=self.filename,
            location=self.location,
            inline=small,
            store=store,
        )


_NAMES = tuple(item.name for item in fields(Ref))


def keep(
    value: Any, kind: PortType, objects: Objects | None, made: TaskContext | None = None
) -> tuple[Ref, str]:
    """Keep a value by its content.

    Parameters
    ----------
    value : object
        What a task gave, or a workflow was given.
    kind : PortType
        What it must be; ``any`` takes the type that its class tells.
    objects : Objects or None
        Where it is kept; None where the store cannot be reached from here: its bytes then travel
        with the reference.
    made : TaskContext or None
        Of the task that gave it; files in its folder are moved into the store.

    Returns
    -------
    ref : Ref
        With the value in it, in the form that readers get.
    note : str
        Why it is not kept; empty when it is.

    Raises
    ------
    CodecError
        When it is not of the type.
    StoreError
        When the store cannot take it.
    """
    reason = kind.check(value)
    if reason is not None:
        raise CodecError(reason)
    if kind.name == "any":
        kind = type_of(value)
    keeper = kind.keeper
    if keeper is None:
        return Ref(kind, value=value), f"values of type {kind.name} have no codec"
    if kind.name == "file":
        scratch = None if made is None else made.scratch_folder
        return _keep_file(Path(value), kind, objects, scratch), ""
    try:
        settled = keeper.settle(value)
        chunks = keeper.encode(settled)
    except CodecError as error:
        return Ref(kind, value=value), str(error)
    size = sum(memoryview(chunk).nbytes for chunk in chunks)
    if size <= INLINE_BYTES or objects is None:
        data = b"".join(chunks)
        stored = _digest(data)
        return Ref(kind, stored, size, keeper.preview(settled), data, value=settled), ""
    kept = objects.put(chunks)
    return Ref(kind, kept.hash, kept.size, keeper.preview(settled), value=settled), ""


def load(ref: Ref, objects: Objects | None) -> Any:
    """Give the value of a reference, in a form that its reader may not change for others.

    Parameters
    ----------
    ref : Ref
        What is wanted.
    objects : Objects or None
        Where it may be kept.

    Returns
    -------
    object
        The value; for a file the path of one.

    Raises
    ------
    StoreError
        When it is not there any more.
    CodecError
        When its bytes are broken.
    """
    keeper = ref.type.keeper
    if ref.type.name == "file":
        return _file_path(ref, objects)
    value = ref.value  # read once: it may be let go of at any time
    if value is not ABSENT:
        return value if keeper is None else keeper.settle(value)
    if ref.pickled is not None:
        return pickle.loads(ref.pickled)  # noqa: S301 - it never left the person's own machines
    if keeper is None:
        raise StoreError(
            f"a value of type {ref.type.name} was not kept, for the type has no codec. Run its "
            "task again, or register the type with a codec."
        )
    found = remembered.get(ref.hash)
    if found is None:
        from dlaaw_nb.store.codecs import Blob

        if ref.inline is not None:
            blob = Blob(data=ref.inline)
        elif objects is not None:
            blob = objects.get(ref.hash)
        else:
            raise StoreError(f"{ref.hash[:12]}: the store cannot be reached from here")
        found = keeper.decode(blob)
        remembered.put(ref.hash, found, ref.size)
    return keeper.settle(found)


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


def _keep_file(path: Path, kind: PortType, objects: Objects | None, scratch: Path | None) -> Ref:
    if scratch is not None and not path.is_absolute():
        path = scratch / path
    if not path.is_file():
        what = "a folder" if path.is_dir() else "nothing"
        raise CodecError(f"expected the path of a file, found {what} at {path}")
    if objects is None:
        data = path.read_bytes()
        return Ref(kind, _digest(data), len(data), path.name, data, filename=path.name)
    own = scratch is not None and path.resolve().is_relative_to(scratch.resolve())
    stored = objects.put_file(path, move=own and not path.is_symlink())
    return Ref(kind, stored.hash, stored.size, path.name, filename=path.name)


def _file_path(ref: Ref, objects: Objects | None) -> Path:
    """Find a file under its own name: where it lies, or what is kept."""
    if ref.location and Path(ref.location).is_file():
        return Path(ref.location)
    if objects is not None:
        if ref.inline is not None:
            objects.put([ref.inline])
        return objects.named(ref.hash, ref.filename or "file")
    if ref.inline is None:
        raise StoreError(f"{ref.filename}: the store cannot be reached from here")
    from dlaaw_nb.workflow.context import context

    folder = context().folder / "inputs" / ref.hash[:16]
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / (Path(ref.filename).name or "file")
    if not place.exists():
        place.write_bytes(ref.inline)
    return place


def remember(ref: Ref) -> None:
    """Remember a value that was just made, for tasks that run in this process later."""
    if ref.hash and ref.value is not ABSENT and ref.size > INLINE_BYTES:
        remembered.put(ref.hash, ref.value, ref.size)
