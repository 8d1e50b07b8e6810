"""Codecs of mappings and lists: JSON where all is JSON, else a zip file of parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.arrays import ARRAY, is_array
from dlaaw_nb.store.codec import Codec, codec, register_codec, unfit
from dlaaw_nb.store.figures import FIGURE, is_figure
from dlaaw_nb.store.packing import pack, unpack
from dlaaw_nb.store.scalars import INT, LARGEST_INT, json_bytes, plain_scalar
from dlaaw_nb.store.tables import TABLE, is_table
from dlaaw_nb.store.text import one_line, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlaaw_nb.store.blob import Blob, Buffer

__all__ = ["LIST", "MAPPING"]

_PLAIN = frozenset((str, float, bool, type(None)))
_ZIP = b"PK\x03\x04"
_FEW = 5


class _Container(Codec):
    suffix = ".json"
    media_type = "application/json"
    kind: type
    article: str

    def settle(self, value: Any) -> Any:
        try:
            return _settled(value)
        except RecursionError:
            return value

    def encode(self, value: Any) -> list[Buffer]:
        try:
            settled = _settled(value)
            if not isinstance(settled, self.kind):
                raise unfit(self.name, self.article, value, f"Make it {self.article}.")
            if _is_json(settled):
                return [json_bytes(settled)]
            parts: dict[str, list[Buffer]] = {}
            tree = _node(settled, parts, self.name)
        except RecursionError:
            raise CodecError(
                f"codec {self.name}: expected at most some hundred levels, got more, or a value "
                "that contains itself. Make it flatter."
            ) from None
        return pack({"format": self.name, "value": tree}, parts)

    def decode(self, blob: Blob) -> Any:
        try:
            value = self._read(blob)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if isinstance(error, CodecError):
                raise
            raise CodecError(
                f"codec {self.name}: expected {self.article} as JSON or a zip file, got bytes that "
                f"are none ({one_line(str(error), 60)}). Run again what made them."
            ) from error
        if not isinstance(value, self.kind):
            raise unfit(self.name, self.article, value, "Run again what made it.")
        return value

    def _read(self, blob: Blob) -> Any:
        start = bytes(blob.buffer()[:4])
        if start != _ZIP:
            return json.loads(blob.bytes())
        manifest, parts = unpack(blob)
        if manifest.get("format") != self.name:
            raise TypeError(f"a zip file of {shown(manifest.get('format'))}")
        return _value(manifest["value"], parts)


class _Mapping(_Container):
    """Words to values: numbers, words, None, arrays, tables, figures, and nested ones."""

    name = "mapping-1"
    kind = dict
    article = "a mapping"

    def preview(self, value: Any) -> str:
        if not isinstance(value, Mapping):
            return shown(value)
        few = [f"{shown(key, 40).strip(chr(39))} {_short(value[key])}" for key in _first(value)]
        return _preview(len(value), "entry", "entries", few)


class _List(_Container):
    """Values in their order: numbers, words, None, arrays, tables, figures, and nested ones."""

    name = "list-1"
    kind = list
    article = "a list"

    def preview(self, value: Any) -> str:
        if not isinstance(value, (list, tuple)):
            return shown(value)
        return _preview(len(value), "item", "items", [_short(item) for item in value[:_FEW]])


def _first(value: Mapping[Any, Any]) -> Iterator[Any]:
    return (key for key, _ in zip(value, range(_FEW), strict=False))


def _preview(count: int, one: str, many: str, few: list[str]) -> str:
    more = ", ..." if count > len(few) else ""
    return one_line(
        f"{count} {one if count == 1 else many}" + (": " if few else "") + ", ".join(few) + more
    )


def _short(value: Any) -> str:
    leaf = _leaf(value)
    if leaf is not None:
        return one_line(leaf.preview(value), 60)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (Mapping, list, tuple)):
        return f"{len(value)} values"
    return shown(value, 40)


def _settled(value: Any) -> Any:
    """Copy containers into dicts and lists, and settle what is in them."""
    kind = type(value)
    if kind in _PLAIN or kind is int:
        return value
    if isinstance(value, Mapping):
        return {_key(key): _settled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_settled(item) for item in value]
    leaf = _leaf(value)
    if leaf is not None:
        return leaf.settle(value)
    return _scalar(value)


def _key(key: Any) -> Any:
    return str.__str__(key) if isinstance(key, str) else key


def _scalar(value: Any) -> Any:
    """Bring NumPy's scalars, and children of Python's classes, to Python's own."""
    value = plain_scalar(value)
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    return str.__str__(value) if isinstance(value, str) else value


def _is_json(value: Any) -> bool:
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is int:
        return bool(-LARGEST_INT < value < LARGEST_INT)
    if kind is list:
        return all(map(_is_json, value))
    if kind is dict:
        return all(type(key) is str for key in value) and all(map(_is_json, value.values()))
    return False


def _leaf(value: Any) -> Codec | None:
    """Find the codec of a value that is a part of its own."""
    if is_array(value):
        return ARRAY
    if is_table(value):
        return TABLE
    if is_figure(value):
        return FIGURE
    return None


def _node(value: Any, parts: dict[str, list[Buffer]], name: str) -> dict[str, Any]:
    """Describe a value in the manifest; what is no JSON becomes a part."""
    if _is_json(value):
        return {"json": value}
    if type(value) is list:
        return {"list": [_node(item, parts, name) for item in value]}
    if type(value) is dict:
        bad = next((key for key in value if type(key) is not str), None)
        if bad is not None or None in value:
            raise unfit(name, "words as keys", bad, "Give str(...) of the keys.")
        return {"mapping": [[key, _node(item, parts, name)] for key, item in value.items()]}
    leaf = INT if type(value) is int else _leaf(value)
    if leaf is None:
        kept = "numbers, words, None, arrays, tables, figures, lists and mappings"
        raise unfit(name, kept, value, "Leave it out, or give it a port of its own.")
    part = f"{len(parts) + 1}{leaf.suffix}"
    parts[part] = leaf.encode(value)
    return {"part": part, "codec": leaf.name}


def _value(node: Any, parts: dict[str, Blob]) -> Any:
    """Make the value that a part of the manifest describes."""
    if not isinstance(node, dict):
        raise TypeError("a broken manifest")
    if "json" in node:
        return node["json"]
    if "list" in node:
        return [_value(item, parts) for item in node["list"]]
    if "mapping" in node:
        return {_text(key): _value(item, parts) for key, item in node["mapping"]}
    return codec(_text(node["codec"])).decode(parts[_text(node["part"])])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a broken manifest")
    return value


MAPPING = register_codec(_Mapping())
LIST = register_codec(_List())
