"""Arrays become .npy files and come back as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.codecs import (
    ARRAY,
    Blob,
)

if TYPE_CHECKING:
    from pathlib import Path


quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

DTYPES = (
    npst.boolean_dtypes() | npst.integer_dtypes() | npst.unsigned_integer_dtypes()
    | npst.floating_dtypes() | npst.complex_number_dtypes() | npst.datetime64_dtypes()
    | npst.timedelta64_dtypes() | npst.unicode_string_dtypes(max_len=5)
    | npst.byte_string_dtypes(max_len=5) | npst.array_dtypes(max_size=3)
)  # fmt: skip


@quick
@given(st.data())
def test_arrays_come_back_with_type_shape_and_order(through: Any, data: st.DataObject) -> None:
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
def test_array_of_any_layout_comes_back(through: Any, array: Any) -> None:
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


def test_array_with_pickled_objects_is_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CodecError, match="Run again what made it"):
        ARRAY.decode(Blob(path=path))


def test_words_with_numbers_that_are_no_characters_are_refused() -> None:
    for array in (np.array(["ab"]), np.array([(1, "ab")], [("n", "i1"), ("w", "U2")])):
        data = b"".join(ARRAY.encode(array))
        with pytest.raises(CodecError, match="no characters"):
            ARRAY.decode(Blob(data=data[:-4] + b"\xff\xff\xff\x7f"))


def test_array_header_that_promises_too_much_takes_no_memory() -> None:
    data = b"".join(ARRAY.encode(np.arange(4)))
    huge = data.replace(b"'shape': (4,), }      ", b"'shape': (4000000,), }")
    assert huge != data
    with pytest.raises(CodecError, match="bytes for"):
        ARRAY.decode(Blob(data=huge))
