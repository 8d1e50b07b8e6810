"""The codec of files, which are kept as they are under their own name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.codec import Codec, register_codec
from dlaaw_nb.store.text import one_line, shown, size_text

if TYPE_CHECKING:
    from dlaaw_nb.store.blob import Blob, Buffer

__all__ = ["FILE"]


class _File(Codec):
    """Paths of files; ``Objects.put_file`` takes their bytes in, so there is nothing to encode."""

    name = "file-1"
    suffix = ""
    media_type = "application/octet-stream"

    def settle(self, value: Any) -> Any:
        if isinstance(value, (str, os.PathLike)) and not isinstance(value, Path):
            path = os.fspath(value)
            return Path(path) if isinstance(path, str) else value
        return value

    def encode(self, value: Any) -> list[Buffer]:
        raise CodecError(
            f"codec {self.name}: files are kept as they are, got {shown(value)} to encode. "
            "Call Objects.put_file(path)."
        )

    def decode(self, blob: Blob) -> Path:
        if blob.path is None:
            raise CodecError(
                f"codec {self.name}: expected a file, got bytes in memory. Put it into the store "
                "with Objects.put_file(path)."
            )
        return blob.path

    def preview(self, value: Any) -> str:
        path = self.settle(value)
        if not isinstance(path, Path):
            return shown(value)
        try:
            return one_line(f"{path.name}, {size_text(path.stat().st_size)}")
        except (OSError, ValueError):
            return one_line(path.name)


FILE = register_codec(_File())
