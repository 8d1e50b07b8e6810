"""All codecs of the package in one place: import them from here, each stands in its own module."""

from __future__ import annotations

from dlaaw_nb.store.arrays import ARRAY
from dlaaw_nb.store.blob import Blob, Buffer
from dlaaw_nb.store.codec import Codec, codec, codecs, register_codec
from dlaaw_nb.store.containers import LIST, MAPPING
from dlaaw_nb.store.figures import FIGURE
from dlaaw_nb.store.file_codec import FILE
from dlaaw_nb.store.packing import pack, unpack
from dlaaw_nb.store.picture import Picture
from dlaaw_nb.store.scalars import BOOL, FLOAT, INT, STR
from dlaaw_nb.store.tables import TABLE

__all__ = [
    "ARRAY",
    "BOOL",
    "FIGURE",
    "FILE",
    "FLOAT",
    "INT",
    "LIST",
    "MAPPING",
    "STR",
    "TABLE",
    "Blob",
    "Buffer",
    "Codec",
    "Picture",
    "codec",
    "codecs",
    "pack",
    "register_codec",
    "unpack",
]
