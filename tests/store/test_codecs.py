"""How values become bytes and come back, the same bytes every day; codecs by name."""

from __future__ import annotations

import importlib
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store import Codec, codec, register_codec
from dlaaw_nb.store.codecs import (
    ARRAY,
    BOOL,
    FIGURE,
    FILE,
    FLOAT,
    INT,
    LIST,
    MAPPING,
    STR,
    TABLE,
    Blob,
    Picture,
    codecs,
)

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


WORDS = st.text(max_size=20)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


def same(a: Any, b: Any) -> bool:
    """Whether plain values are the same, not a number included; True is not 1."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        equal = a == b and math.copysign(1, a) == math.copysign(1, b)
        return equal or (math.isnan(a) and math.isnan(b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@pytest.mark.parametrize(
    ("keeper", "values"),
    [
        (INT, st.integers() | st.sampled_from([10**4500, -(10**4500)])),
        (FLOAT, st.floats()),
        (STR, st.text(st.characters())),
        (BOOL, st.booleans()),
        (LIST, st.lists(PLAIN, max_size=4)),
        (MAPPING, st.dictionaries(WORDS, PLAIN, max_size=4)),
    ],
)
def test_plain_values_come_back(
    keeper: Codec, values: st.SearchStrategy[Any], through: Any
) -> None:
    @quick
    @given(values)
    def check(value: Any) -> None:
        assert same(through(keeper, value), value)
        assert same(keeper.settle(value), value)

    check()


def test_half_a_surrogate_pair_comes_back(through: Any) -> None:
    assert through(STR, "\ud800") == "\ud800"
    assert through(MAPPING, {"\ud800": "\udfff"}) == {"\ud800": "\udfff"}


@pytest.mark.parametrize(
    ("keeper", "value", "settled"),
    [
        (INT, np.int32(3), 3), (INT, np.uint64(2**63), 2**63), (FLOAT, np.float32(0.5), 0.5),
        (FLOAT, 3, 3.0), (FLOAT, np.longdouble(2), 2.0), (BOOL, np.True_, True),
        (STR, np.str_("a"), "a"), (LIST, (1, (np.int8(2),)), [1, [2]]),
        (MAPPING, {"a": (1, np.bool_(True))}, {"a": [1, True]}), (FILE, "a/b", Path("a/b")),
    ],
)  # fmt: skip
def test_settle_gives_what_readers_get(
    keeper: Codec, value: Any, settled: Any, through: Any
) -> None:
    assert same(keeper.settle(value), settled)
    if keeper is not FILE:
        assert same(through(keeper, value), settled)


@pytest.mark.parametrize(
    ("keeper", "value"),
    [
        (INT, True), (INT, 1.0), (INT, "1"), (FLOAT, True), (FLOAT, "1"), (FLOAT, 10**400),
        (STR, b"a"), (STR, 1), (BOOL, 1), (BOOL, None), (LIST, {}), (LIST, "ab"),
        (LIST, [object()]), (LIST, [{1, 2}]), (MAPPING, []), (MAPPING, {1: 2}),
        (MAPPING, {"a": b"bytes"}),
        (ARRAY, [1, 2]), (ARRAY, np.array([object()])), (ARRAY, np.ma.array([1], mask=[True])),
        (TABLE, {"a": [1]}), (TABLE, pd.DataFrame({"a": [1, "b"]})), (FIGURE, "no figure"),
        (FIGURE, b"\x89PNG\r\n\x1a\nbroken"), (FILE, "x"),
    ],
)  # fmt: skip
def test_value_of_another_kind_is_refused_and_left_alone(keeper: Codec, value: Any) -> None:
    keeper.settle(value)
    assert len(keeper.preview(value)) <= 200
    with pytest.raises(CodecError, match=r"codec |expected a PNG"):
        keeper.encode(value)


def test_list_that_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert LIST.settle(endless) is endless
    with pytest.raises(CodecError, match="contains itself"):
        LIST.encode(endless)


def test_containers_keep_arrays_tables_and_pictures(through: Any, picture: Picture) -> None:
    table = pd.DataFrame({"a": [1, 2], "w": ["x", None]})
    value = {
        "array": np.arange(3), "table": table, "list": [np.zeros((2, 2)), {"x": None}],
        "large": 10**5000, "plain": {"a": [1, 2.5, "b"]}, "picture": picture,
    }  # fmt: skip
    found = through(MAPPING, value)
    assert list(found) == list(value)
    np.testing.assert_array_equal(found["array"], np.arange(3))
    pd.testing.assert_frame_equal(found["table"], table)
    np.testing.assert_array_equal(found["list"][0], np.zeros((2, 2)))
    assert found["list"][1] == {"x": None}
    assert found["large"] == 10**5000
    assert found["picture"] == value["picture"]
    assert through(LIST, [np.arange(2)])[0].tolist() == [0, 1]


def test_figure_becomes_a_picture_with_its_title_and_size(through: Any, picture: Picture) -> None:
    assert isinstance(picture, Picture)
    assert (picture.width, picture.height, picture.alt) == (96, 96, "a title")
    assert through(FIGURE, picture) == picture
    assert through(FIGURE, picture.png) == picture
    assert FIGURE.preview(picture) == "a title, 96 x 96 pixels"


_BYTES = """
import hashlib, numpy as np, pandas as pd
from matplotlib.figure import Figure
from dlaaw_nb.store.codecs import *
figure = Figure(figsize=(1, 1)); figure.add_subplot().plot([1, 2])
table = pd.DataFrame({"a": [1, None], "w": ["x", None], "c": pd.Categorical(["u", "v"])})
for keeper, value in ((INT, 3), (FLOAT, 0.1), (STR, "\\u00e9"), (BOOL, True), (FIGURE, figure),
                      (ARRAY, np.array([(1, 2.0)], np.dtype("i1,f8", align=True))), (TABLE, table),
                      (LIST, [table, 1]), (MAPPING, {"b": np.arange(3), "a": {"x": 1}})):
    print(keeper.name, hashlib.sha256(b"".join(keeper.encode(value))).hexdigest())
"""


def test_bytes_are_the_same_in_every_process() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _BYTES], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": seed},
        ).stdout
        for seed in ("1", "2000000000")
    }  # fmt: skip
    assert len(outputs) == 1
    assert len(outputs.pop().splitlines()) == 9


def test_codec_by_name_and_its_errors() -> None:
    assert codec("npy-1") is ARRAY
    assert len({keeper.name for keeper in codecs()}) == len(codecs())
    with pytest.raises(CodecError, match=r"known are .*npy-1.*Install the package"):
        codec("unheard-of-1")

    class Another(Codec):
        name = "npy-1"

        def encode(self, value: Any) -> list[bytes]:
            return []

        def decode(self, blob: Blob) -> Any:
            return None

    with pytest.raises(CodecError, match="Choose another name"):
        register_codec(Another())


def test_codec_that_an_installed_package_names_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dlaaw_test_plugin.py").write_text(
        "from dlaaw_nb.store import Codec\n"
        "class _Own(Codec):\n"
        "    name, suffix, media_type = 'own-1', '.own', 'application/x-own'\n"
        "    def encode(self, value): return [value]\n"
        "    def decode(self, blob): return blob.bytes()\n"
        "OWN = _Own()\n"
        "NONE = 3\n"
    )
    facts = tmp_path / "dlaaw_test_plugin-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: dlaaw-test-plugin\nVersion: 1.0\n"
    )
    (facts / "entry_points.txt").write_text(
        "[dlaaw_nb.codecs]\nown-1 = dlaaw_test_plugin:OWN\nbad-1 = dlaaw_test_plugin:NONE\n"
        "gone-1 = dlaaw_test_missing:OWN\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("dlaaw_nb.store.codec")
    monkeypatch.setattr(module, "_CODECS", {keeper.name: keeper for keeper in codecs()})
    own = codec("own-1")
    assert own.decode(Blob(data=b"x")) == b"x"
    assert codec("own-1") is own
    with pytest.raises(CodecError, match="expected a codec of that name"):
        codec("bad-1")
    with pytest.raises(CodecError, match="cannot be imported"):
        codec("gone-1")


def test_blob_of_a_file_that_is_gone_raises(tmp_path: Path) -> None:
    from dlaaw_nb.errors import StoreError

    for read in (Blob.bytes, Blob.buffer, Blob.private):
        with pytest.raises(StoreError, match="bring the file back"):
            read(Blob(path=tmp_path / "missing"))
    with pytest.raises(StoreError, match="Give one of them"):
        Blob()
