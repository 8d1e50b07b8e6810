import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from workflow_tasks import Box

from dlaaw_nb.errors import CodecError, StoreError
from dlaaw_nb.store import Store
from dlaaw_nb.workflow import remembered
from dlaaw_nb.workflow.context import TaskContext
from dlaaw_nb.workflow.port_type import port_type, type_of
from dlaaw_nb.workflow.types import ANY, ARRAY, FILE, INT, LIST, TABLE
from dlaaw_nb.workflow.values import ABSENT, INLINE_BYTES, Ref, keep, load, remember


@pytest.fixture
def objects(store):
    return store.objects


def travelled(ref):
    return pickle.loads(pickle.dumps(ref))  # noqa: S301 - our own


def test_keep_small_value_travels_beside_its_record(objects):
    ref, note = keep(7, INT, objects)
    assert (ref.inline, note, ref.size) == (b"7", "", 1)
    assert not list(objects.everything())
    assert load(travelled(ref), None) == 7


def test_keep_large_array_goes_into_the_store_and_is_mapped(objects):
    values = np.arange(10_000.0)
    ref, _ = keep(values, ARRAY, objects)
    assert ref.inline is None
    assert np.shares_memory(load(ref, objects), values)
    there = travelled(ref)
    assert there.value is ABSENT
    np.testing.assert_array_equal(load(there, objects), values)


def test_keep_where_the_store_is_out_of_reach_takes_the_bytes_along():
    values = np.arange(10_000.0)
    ref, _ = keep(values, ARRAY, None)
    assert len(ref.inline) == ref.size > INLINE_BYTES
    np.testing.assert_array_equal(load(travelled(ref), None), values)


def test_keep_value_of_another_type_is_refused(objects):
    with pytest.raises(CodecError, match="expected int"):
        keep("x", INT, objects)


def test_keep_any_finds_the_type_of_the_value(objects):
    assert keep(pd.DataFrame({"a": [1]}), ANY, objects)[0].type is TABLE
    assert keep([1, 2], ANY, objects)[0].type is LIST
    assert keep(Box(1), ANY, objects)[0].type is ANY


def test_keep_value_without_codec_says_that_it_is_not_kept(objects):
    box = Box(1)
    ref, note = keep(box, ANY, objects)
    assert (ref.hash, note) == ("", "values of type any have no codec")
    assert load(ref, objects) is box


def test_keep_list_that_cannot_be_written_says_why(objects):
    ref, note = keep([Box(1)], LIST, objects)
    assert ref.hash == ""
    assert note


def test_load_value_that_was_not_kept_and_is_let_go_is_told():
    with pytest.raises(StoreError, match="a value of type any was not kept"):
        load(Ref(ANY), None)


def test_load_object_that_is_gone_is_told(objects):
    ref, _ = keep(np.arange(10_000.0) - 7, ARRAY, objects)
    objects.delete(ref.hash)
    with pytest.raises(StoreError, match="there is no object"):
        load(travelled(ref), objects)


def test_load_changed_by_one_reader_is_not_seen_by_another(objects):
    ref, _ = keep({"a": [1, 2]}, port_type("mapping"), objects)
    first = load(travelled(ref), objects)
    first["a"].append(3)
    assert load(travelled(ref), objects) == {"a": [1, 2]}


def test_keep_file_of_the_try_is_moved_and_others_are_copied(objects, tmp_path):
    made = TaskContext("t", folder=tmp_path / "try")
    own, other = made.folder / "own.txt", tmp_path / "other.txt"
    for path in (own, other):
        path.write_text(path.name * 500)
    first, _ = keep(Path("own.txt"), FILE, objects, made)
    second, _ = keep(other, FILE, objects, made)
    assert not own.exists()
    assert other.exists()
    assert load(first, objects).name == "own.txt"
    assert load(second, objects).read_text() == other.read_text()


def test_keep_file_that_is_none_is_refused(objects, tmp_path):
    with pytest.raises(CodecError, match="expected the path of a file, found nothing"):
        keep(tmp_path / "none", FILE, objects)
    with pytest.raises(CodecError, match="found a folder"):
        keep(tmp_path, FILE, objects)


def test_load_file_out_of_reach_is_written_where_the_task_runs(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x")
    ref, _ = keep(path, FILE, None)
    assert load(travelled(ref), None).read_text() == "x"
    ref.inline = None
    with pytest.raises(StoreError, match="cannot be reached from here"):
        load(ref, None)


def test_load_file_that_lies_outside_is_read_there(tmp_path, objects):
    path = tmp_path / "a.csv"
    path.write_text("x")
    assert load(Ref(FILE, "0" * 64, 1, location=str(path), filename="a.csv"), objects) == path


def test_remembered_values_are_given_back_and_bounded(monkeypatch):
    monkeypatch.setattr(remembered, "_values", type(remembered._values)())
    monkeypatch.setattr(remembered, "_bytes", 0)
    monkeypatch.setattr(remembered, "_MOST_BYTES", 100)
    for number in range(10):
        remembered.put(str(number), number + 1, 20)
    assert [number for number in range(10) if remembered.get(str(number))] == [5, 6, 7, 8, 9]
    remembered.put("large", 1, 26)
    assert remembered.get("large") is None


def test_remember_lets_a_later_task_of_the_process_share_the_array(objects):
    values = np.arange(10_000.0) + 0.25
    ref, _ = keep(values, ARRAY, objects)
    remember(ref)
    assert np.shares_memory(load(travelled(ref), objects), values)


@given(
    st.recursive(
        st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20)
        | st.floats(allow_nan=False),
        lambda inner: st.lists(inner | st.none(), max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=20,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_keep_and_load_any_plain_value_is_the_same_after_its_travel(value):
    ref, _ = keep(value, type_of(value), None)
    assert load(travelled(ref), None) == value
    assert keep(value, type_of(value), None)[0].hash == ref.hash


@given(arrays(np.float64, st.tuples(st.integers(0, 6), st.integers(0, 6))))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_keep_and_load_any_array_is_the_same_after_its_travel(values):
    ref, _ = keep(values, ARRAY, None)
    np.testing.assert_array_equal(load(travelled(ref), None), values)


def test_product_of_a_reference_describes_it(store, tmp_path):
    ref, _ = keep(np.zeros(1000), ARRAY, store.objects)
    product = ref.product(Store(store.url))
    assert (product.type, product.codec, product.suffix) == ("array", "npy-1", ".npy")
    assert product.value().sum() == 0
