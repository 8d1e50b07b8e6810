"""Products and earlier results, as they are found in the records of runs."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from typing import Any

import pytest

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import DataProduct, Provenance


@pytest.mark.parametrize("count", [1, 3, 250])
def test_lookup_gives_products_of_the_newest_finished_task(
    provenance: Provenance, make: Any, count: int
) -> None:
    products = [make.product(f"value {at} \u00e9\n\"'") for at in range(count)]
    old = make.product("old")
    tasks = [
        make.task("r", f"t{at}", makes=(f"value {at} \u00e9\n\"'",)) for at in range(count)
    ]  # fmt: skip
    stale = make.task("q", "t0", makes=("old",), finished=900.0)
    failed = make.task("s", "t0", state="failed", finished=5000.0)
    make.write(provenance, *products, old, stale, failed, *tasks)
    keys = [task.key for task in tasks]
    found = provenance.lookup([*keys, make.hash("another")] if count > 1 else keys)
    assert found == {
        key: [("out", 0, product)] for key, product in zip(keys, products, strict=True)
    }
    assert [item[2].inline for item in found[keys[0]]] == [products[0].inline]
    assert provenance.lookup([make.hash("another")]) == {}


def test_lookup_of_a_task_without_outputs_is_a_hit(provenance: Provenance, make: Any) -> None:
    task = make.task("r", "side effect")
    make.write(provenance, task)
    assert provenance.lookup([task.key]) == {task.key: []}
    assert provenance.lookup([task.key, "other"]) == {task.key: []}


def test_lookup_keeps_ports_positions_and_kinds_apart(provenance: Provenance, make: Any) -> None:
    table = make.product("same", type="table")
    file = make.product("same", type="file", codec="file-1", filename="a.csv", inline=None)
    first, second = make.task("r", "a", makes=("same",)), make.task("r", "b", makes=("same", "b"))
    make.write(provenance, table, first)
    make.write(provenance, file, make.product("b"), second)
    found = provenance.lookup([first.key, second.key])
    assert found[first.key] == [("out", 0, table)]
    assert found[second.key] == [("out", 0, file), ("out", 1, make.product("b"))]


def test_lookup_of_a_locked_database_is_a_miss(
    provenance: Provenance, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.write(provenance, make.task("r", "t"))
    provenance.close()
    monkeypatch.setattr("dlaaw_nb.store.reader._WAIT_S", 0.1)
    fresh = Provenance(provenance.path)
    other = sqlite3.connect(provenance.path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("DELETE FROM exports")
    try:
        fresh.lookup([make.task("r", "t").key])  # a miss or, beside a log, a hit; never an error
    finally:
        other.execute("COMMIT")
        other.close()
        fresh.close()


def test_product_made_or_given_is_found_by_its_hash(provenance: Provenance, make: Any) -> None:
    made, given = make.product("made"), make.product("given", inline=None, location="/a.csv")
    make.write(provenance, made, given, make.task("r", "t", makes=("made",)))
    assert provenance.product(made.hash) == made
    assert provenance.product(made.hash).inline == made.inline
    assert provenance.product(given.hash) == given
    assert provenance.products([made.hash, given.hash, "0" * 64]) == {
        made.hash: made, given.hash: given,
    }  # fmt: skip
    for product in (made, given):
        assert provenance.find(product.hash[:10]) == product
        assert provenance.find(product.hash[:20].upper()) == product
    with pytest.raises(StoreError, match="no product begins"):
        provenance.find("xyz")
    with pytest.raises(StoreError, match="no product begins"):
        provenance.find("")


def test_find_with_too_few_digits_says_so(provenance: Provenance, make: Any) -> None:
    texts = [str(at) for at in range(40)]
    products = [make.product(text) for text in texts]
    make.write(provenance, *products, make.task("r", "t", makes=tuple(texts[:20])))
    digits = [product.hash[0] for product in products]
    twice = next(digit for digit in digits if digits.count(digit) > 1)
    with pytest.raises(StoreError, match="several products begin"):
        provenance.find(twice)


def test_finished_gives_what_a_run_has_made(provenance: Provenance, make: Any) -> None:
    make.write(
        provenance, make.product("a"), make.task("r", "one", makes=("a",)),
        make.task("r", "two", state="failed"), make.task("r", "three", state="cached"),
        make.task("s", "four"),
    )  # fmt: skip
    assert provenance.finished("r") == {"one": [("out", 0, make.product("a"))], "three": []}


def test_ten_thousand_records_are_written_and_looked_up_in_time(
    provenance: Provenance, make: Any
) -> None:
    """Bounds with room for busy machines; measured are 5, 40 and 30 microseconds."""
    count = 10_000
    products = [
        DataProduct(make.hash(f"v{at}"), "int", "int-1", 1, str(at), ".json", inline=b"1")
        for at in range(count)
    ]
    tasks = [
        replace(make.task("r", f"t{at}"), outputs=[("out", 0, product.hash)])
        for at, product in enumerate(products)
    ]
    recorder = provenance.recorder()
    before = time.thread_time()
    for product, task in zip(products, tasks, strict=True):
        recorder.product(product)
        recorder.task(task)
    put_s = time.thread_time() - before
    assert recorder.close(60)
    keys = [task.key for task in tasks]
    before = time.thread_time()
    assert len(provenance.lookup(keys)) == count
    all_s = time.thread_time() - before
    before = time.thread_time()
    assert all(len(provenance.lookup([key])) == 1 for key in keys[:1000])
    one_s = (time.thread_time() - before) / 1000
    assert put_s / count < 60e-6
    assert all_s < 1.5
    assert one_s < 300e-6
