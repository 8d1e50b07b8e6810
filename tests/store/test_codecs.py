"""How values become bytes and come back: round trips, hostile bytes, the same bytes every day."""

from __future__ import annotations

import importlib
import io
import json
import math
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

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
    pack,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

WORDS = st.text(max_size=20)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)
DTYPES = (
    npst.boolean_dtypes() | npst.integer_dtypes() | npst.unsigned_integer_dtypes()
    | npst.floating_dtypes() | npst.complex_number_dtypes() | npst.datetime64_dtypes()
    | npst.timedelta64_dtypes() | npst.unicode_string_dtypes(max_len=5)
    | npst.byte_string_dtypes(max_len=5) | npst.array_dtypes(max_size=3)
)  # fmt: skip


def through(keeper: Codec, value: Any) -> Any:
    """Encode and decode, from memory, and check that encoding again gives the same bytes."""
    data = b"".join(keeper.encode(value))
    found = keeper.decode(Blob(data=data))
    assert b"".join(keeper.encode(found)) == data
    assert b"".join(keeper.encode(keeper.settle(value))) == data
    return found


def same(a: Any, b: Any) -> bool:
    """Whether plain values are the same, not a number included; True is not 1."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b) or (a != a and b != b)
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
def test_plain_values_come_back(keeper: Codec, values: st.SearchStrategy[Any]) -> None:
    @quick
    @given(values)
    def check(value: Any) -> None:
        assert same(through(keeper, value), value)
        assert same(keeper.settle(value), value)

    check()


def test_half_a_surrogate_pair_comes_back() -> None:
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
def test_settle_gives_what_readers_get(keeper: Codec, value: Any, settled: Any) -> None:
    assert same(keeper.settle(value), settled)
    if keeper is not FILE:
        assert same(through(keeper, value), settled)


@pytest.mark.parametrize(
    ("keeper", "value"),
    [
        (INT, True), (INT, 1.0), (INT, "1"), (FLOAT, True), (FLOAT, "1"), (FLOAT, 10**400),
        (STR, b"a"), (STR, 1), (BOOL, 1), (BOOL, None), (LIST, {}), (LIST, "ab"), (LIST, [object()]),
        (LIST, [{1, 2}]), (MAPPING, []), (MAPPING, {1: 2}), (MAPPING, {"a": b"bytes"}),
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


@quick
@given(st.data())
def test_arrays_come_back_with_type_shape_and_order(data: st.DataObject) -> None:
    dtype = data.draw(DTYPES)
    array = data.draw(npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=3, min_side=0)))
    if data.draw(st.booleans()):
        array = np.asfortranarray(array)
    found = through(ARRAY, array)
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes() or dtype.names is not None
    assert found.flags.f_contiguous == array.flags.f_contiguous
    assert not found.flags.writeable


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12).reshape(3, 4)[:, ::2], np.arange(5)[::-1], np.array(3.5),
        np.zeros((0, 3)), np.array(["a", "bcd"]), np.array(["2026-11-25", "NaT"], "M8[ns]"),
        np.array([(1, 2.5)], [("a", "i1"), ("b", "f8")]), np.arange(3, dtype=">i4"),
        np.array([1 + 2j]), np.rec.array([(1, "a")], names="x,y"),
    ],
)  # fmt: skip
def test_array_of_any_layout_comes_back(array: Any) -> None:
    found = through(ARRAY, array)
    np.testing.assert_array_equal(found, np.asarray(array))
    assert found.dtype == array.dtype or array.dtype.type is np.record


def test_array_is_an_npy_file_that_numpy_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"".join(ARRAY.encode(np.arange(6.0).reshape(2, 3))))
    np.testing.assert_array_equal(np.load(path), np.arange(6.0).reshape(2, 3))


def test_settled_array_cannot_be_changed_for_others() -> None:
    array = np.arange(3)
    settled = ARRAY.settle(array)
    with pytest.raises(ValueError, match="read-only"):
        settled[0] = 1
    array[0] = 1  # whoever made it still may


COLUMNS = {
    "i": [1, 2, 3], "f": [0.5, math.nan, math.inf], "b": [True, False, True],
    "w": ["a", "", "\u00e9\n"], "missing": ["a", None, "c"],
}  # fmt: skip
TABLES = {
    "plain": pd.DataFrame(COLUMNS),
    "empty": pd.DataFrame(),
    "rowless": pd.DataFrame({"a": np.array([], "i2")}),
    "columnless": pd.DataFrame(index=range(3)),
    "twice": pd.DataFrame([[1, 2.0]], columns=["a", "a"]),
    "numbered": pd.DataFrame(np.arange(6).reshape(2, 3)),
    "index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="row")),
    "levels": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["n", None])
    ),
    "column levels": pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    ),
    "dates": pd.DataFrame({"d": pd.to_datetime(["2026-11-25", None])}),
    "zones": pd.DataFrame({"d": pd.to_datetime(["2026-11-25"]).tz_localize("Europe/Berlin")}),
    "spans": pd.DataFrame({"s": pd.to_timedelta([1, None], unit="s")}),
    "categories": pd.DataFrame({"c": pd.Categorical(["b", None, "a"], ["b", "a"], ordered=True)}),
    "nullable": pd.DataFrame({"n": pd.array([1, None], "Int64"), "b": pd.array([True, None])}),
    "periods": pd.DataFrame({"p": pd.period_range("2026-01", periods=2, freq="M")}),
    "intervals": pd.DataFrame({"i": pd.interval_range(0, 2)}),
    "small": pd.DataFrame({"a": np.arange(3, dtype="u1"), "b": np.arange(3, dtype="f4")}),
    "attrs": pd.DataFrame({"a": [1]}),
}
TABLES["attrs"].attrs = {"unit": "m", "n": [1, None]}


@pytest.mark.parametrize("name", TABLES)
def test_tables_come_back_as_they_are(name: str) -> None:
    table = TABLES[name]
    found = through(TABLE, table)
    pd.testing.assert_frame_equal(found, table, check_freq=False)
    assert found.attrs == table.attrs
    assert list(found.dtypes) == list(table.dtypes)


@quick
@given(st.data())
def test_tables_of_any_numbers_and_words_come_back(data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 5))
    labels = data.draw(st.sampled_from([st.text(max_size=4), st.integers(0, 9)]))
    names = data.draw(st.lists(labels, max_size=4, unique=True))
    kinds = st.sampled_from([st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), WORDS])
    table = pd.DataFrame(
        {n: data.draw(st.lists(data.draw(kinds), min_size=rows, max_size=rows)) for n in names},
        index=range(rows),
    )
    pd.testing.assert_frame_equal(through(TABLE, table), table)


def test_table_is_an_arrow_file_that_others_read(tmp_path: Path) -> None:
    import pyarrow as pa

    path = tmp_path / "t.arrow"
    path.write_bytes(b"".join(TABLE.encode(TABLES["plain"])))
    with pa.OSFile(str(path)) as file:
        read = pa.ipc.open_file(file).read_all()
    assert read.column("i").to_pylist() == [1, 2, 3]
    assert read.column("missing").to_pylist() == ["a", None, "c"]


def test_table_written_to_by_a_reader_stays_the_same_for_others(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2]})
    settled = TABLE.settle(table)
    settled.loc[0, "a"] = 9
    assert table["a"].tolist() == [1, 2]
    path = tmp_path / "t.arrow"
    data = b"".join(TABLE.encode(table))
    path.write_bytes(data)
    found = TABLE.decode(Blob(path=path))
    found.loc[0, "a"] = 9
    assert path.read_bytes() == data


def test_containers_keep_arrays_tables_and_pictures() -> None:
    value = {
        "array": np.arange(3), "table": TABLES["plain"], "list": [np.zeros((2, 2)), {"x": None}],
        "large": 10**5000, "plain": {"a": [1, 2.5, "b"]}, "picture": _picture(),
    }  # fmt: skip
    found = through(MAPPING, value)
    assert list(found) == list(value)
    np.testing.assert_array_equal(found["array"], np.arange(3))
    pd.testing.assert_frame_equal(found["table"], TABLES["plain"])
    np.testing.assert_array_equal(found["list"][0], np.zeros((2, 2)))
    assert found["list"][1] == {"x": None}
    assert found["large"] == 10**5000
    assert found["picture"] == value["picture"]
    assert through(LIST, [np.arange(2)])[0].tolist() == [0, 1]


def _picture() -> Picture:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.add_subplot().set_title("a title")
    return FIGURE.settle(figure)


def test_figure_becomes_a_picture_with_its_title_and_size() -> None:
    picture = _picture()
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


DECODERS = [keeper for keeper in (INT, FLOAT, STR, BOOL, ARRAY, TABLE, FIGURE, LIST, MAPPING)]
VALID = {
    INT.name: [INT.encode(3), INT.encode(10**5000)], FLOAT.name: [FLOAT.encode(0.5)],
    STR.name: [STR.encode("abc")], BOOL.name: [BOOL.encode(True)],
    ARRAY.name: [ARRAY.encode(np.arange(6.0).reshape(2, 3)), ARRAY.encode(np.array(["a", "b"]))],
    TABLE.name: [TABLE.encode(TABLES[name]) for name in ("plain", "levels", "categories", "zones")],
    FIGURE.name: [FIGURE.encode(_picture())],
    LIST.name: [LIST.encode([1, [2]]), LIST.encode([np.arange(3), TABLES["plain"]])],
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
        except CodecError as error:
            assert len(str(error)) < 600
        else:
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
    with pytest.raises(CodecError, match="Run again what made|Draw it again"):
        keeper.decode(Blob(data=data))


def test_array_with_pickled_objects_is_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CodecError, match="Run again what made it"):
        ARRAY.decode(Blob(path=path))


def test_array_header_that_promises_too_much_takes_no_memory() -> None:
    data = b"".join(ARRAY.encode(np.arange(4)))
    huge = data.replace(b"'shape': (4,), }      ", b"'shape': (4000000,), }")
    assert huge != data
    with pytest.raises(CodecError, match="bytes for"):
        ARRAY.decode(Blob(data=huge))


@quick
@given(st.dictionaries(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), st.binary(max_size=99)))
def test_packed_parts_come_back_aligned(parts: dict[str, bytes]) -> None:
    manifest = {"parts": sorted(parts)}
    data = b"".join(pack(manifest, {name: [part[:3], part[3:]] for name, part in parts.items()}))
    read, found = unpack(Blob(data=data))
    assert read == manifest
    assert {name: blob.bytes() for name, blob in found.items()} == parts
    with zipfile.ZipFile(io.BytesIO(data)) as archive:  # an ordinary zip file
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", *parts]
    for part in parts.values():
        assert not part or any(data.startswith(part, at) for at in range(0, len(data), 64))


@pytest.mark.parametrize("name", ["", "../up", "/root", "a//b", "a\\b", "manifest.json", "x" * 201])
def test_part_with_a_name_that_leaves_is_refused(name: str) -> None:
    with pytest.raises(CodecError, match="Choose another name"):
        pack({}, {name: [b"data"]})


def test_packed_file_of_others_with_hostile_names_is_refused() -> None:
    for name in ("../up", "/etc/passwd"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("manifest.json", "{}")
            archive.writestr(name, "data")
        with pytest.raises(CodecError, match="a part is named"):
            unpack(Blob(data=buffer.getvalue()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps({"a": "b" * 5000}))
    with pytest.raises(CodecError, match="compressed"):
        unpack(Blob(data=buffer.getvalue()))


@pytest.mark.parametrize("keeper", codecs(), ids=lambda keeper: keeper.name)
def test_preview_is_one_short_line_whatever_comes(keeper: Codec) -> None:
    values = ["x" * 10**5, "a\nb\x00\ud800", [[1] * 50] * 50, {"a": {"b": 1}}, None, 10**5000, -0.0,
              np.zeros((3, 0)), TABLES["plain"], object(), Path("missing"), [], {}]  # fmt: skip
    for value in values:
        line = keeper.preview(value)
        assert len(line) <= 200
        assert line.isprintable()


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
