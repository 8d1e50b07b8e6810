"""Bytes that nobody encoded: a decoder gives a value or a CodecError, never another error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.codecs import (
    ARRAY,
    BOOL,
    FIGURE,
    FLOAT,
    INT,
    LIST,
    MAPPING,
    STR,
    TABLE,
    Blob,
    codecs,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlaaw_nb.store import Codec

MIXED = pd.DataFrame(
    {
        "i": [1, 2], "w": ["a", None], "c": pd.Categorical(["u", None]),
        "d": pd.to_datetime(["2026-11-25", None]).tz_localize("UTC"),
        "n": pd.array([1, None], "Int64"),
    },
    index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
)  # fmt: skip
DOT = (
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c636800000082008177cd72b60000000049454e44ae426082"
)
"""A PNG file of one pixel, as hexadecimal digits."""
DECODERS = (INT, FLOAT, STR, BOOL, ARRAY, TABLE, FIGURE, LIST, MAPPING)


VALID = {
    INT.name: [INT.encode(3), INT.encode(10**5000)], FLOAT.name: [FLOAT.encode(0.5)],
    STR.name: [STR.encode("abc")], BOOL.name: [BOOL.encode(True)],
    ARRAY.name: [ARRAY.encode(np.arange(6.0).reshape(2, 3)), ARRAY.encode(np.array(["a", "b"]))],
    TABLE.name: [TABLE.encode(MIXED)],
    FIGURE.name: [[bytes.fromhex(DOT)]],
    LIST.name: [LIST.encode([1, [2]]), LIST.encode([np.arange(3), MIXED])],
    MAPPING.name: [MAPPING.encode({"a": 1}), MAPPING.encode({"a": np.arange(3), "n": 10**5000})],
}  # fmt: skip


def hostile(valid: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Bytes out of nothing, and good ones with some changed, cut or put in."""

    def spoil(case: tuple[bytes, int, int, bytes]) -> bytes:
        data, at, cut, new = case
        at %= len(data) + 1
        return data[:at] + new + data[at + cut :]

    cases = st.tuples(
        st.sampled_from(list(valid)), st.integers(0, 10**6), st.integers(0, 40),
        st.binary(max_size=8),
    )  # fmt: skip
    return st.binary(max_size=200) | cases.map(spoil)


@pytest.mark.parametrize("keeper", DECODERS, ids=lambda keeper: keeper.name)
def test_hostile_bytes_give_a_value_or_a_codec_error(keeper: Codec) -> None:
    valid = [b"".join(chunks) for chunks in VALID[keeper.name]]

    @settings(max_examples=120, deadline=None)
    @given(hostile(valid))
    def check(data: bytes) -> None:
        try:
            value = keeper.decode(Blob(data=data))
        except CodecError:
            return
        assert len(keeper.preview(value)) <= 200
        keeper.settle(value)

    check()


@pytest.mark.parametrize(
    ("keeper", "data"),
    [
        (ARRAY, b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16), (INT, b"1" * 5000 + b"x"),
        (INT, b'"0x' + b"f" * 100 + b'g"'), (INT, b"1e5"), (INT, b"true"), (FLOAT, b'"1"'),
        (LIST, b"[" * 100_000), (MAPPING, b"[]"), (LIST, b"{}"), (BOOL, b"1"), (STR, b"\xff"),
        (LIST, b""), (TABLE, b""), (FIGURE, b""), (ARRAY, b""),
    ],
)  # fmt: skip
def test_bytes_that_are_none_are_refused(keeper: Codec, data: bytes) -> None:
    with pytest.raises(CodecError, match=r"Run again what made|Draw it again"):
        keeper.decode(Blob(data=data))


@pytest.mark.parametrize("keeper", codecs(), ids=lambda keeper: keeper.name)
def test_preview_is_one_short_line_whatever_comes(keeper: Codec) -> None:
    values = ["x" * 10**5, "a\nb\x00\ud800", [[1] * 50] * 50, {"a": {"b": 1}}, None, 10**5000, -0.0,
              np.zeros((3, 0)), MIXED, object(), Path("missing"), [], {}]  # fmt: skip
    for value in values:
        line = keeper.preview(value)
        assert len(line) <= 200
        assert line.isprintable()
