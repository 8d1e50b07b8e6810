"""Where products come from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from dlaaw_nb.errors import StoreError
from dlaaw_nb.store import DataProduct, Provenance, Store

if TYPE_CHECKING:
    from pathlib import Path


LONG = "long enough to be no other value by chance, which small numbers are all the time"


def test_lineage_names_tasks_back_to_the_inputs(votes: Provenance, make: Any) -> None:
    found = votes.lineage(make.product("votes").hash)
    assert [step.task.name for step in found.steps] == ["Vote", "Train 1", "Train 2"]
    sources = {found.products[hash_].preview: source for hash_, source in found.sources.items()}
    assert set(sources) == {"data", "constant"}
    assert (sources["data"].name, sources["data"].given) == ("data", "/d/data.csv")
    assert sources["constant"].name == ""
    text = found.to_text()
    assert text.splitlines()[0].endswith("votes")
    made = f"{make.product('model 1').hash[:12]}: made by Train 1 (train) in run r1 of ensemble"
    for words in (made, ": 2.5 s on host:1, cuda, H100, code ", "x[1] <-", "a constant of run r1",
                  "input data of run r1, given as /d/data.csv"):  # fmt: skip
        assert words in text
    assert "Idle" not in text
    assert repr(found) == f"<Lineage of {found.hash[:12]}: 3 steps, 2 sources>"


def test_lineage_as_html_is_escaped(provenance: Provenance, make: Any) -> None:
    hostile = "<script>alert(1)</script>"
    make.write(
        provenance, make.run("r", workflow=hostile), make.product(hostile),
        make.task("r", hostile, (hostile,), ("y",), kind=hostile), make.product("y"),
    )  # fmt: skip
    found = provenance.lineage(make.product("y").hash)
    html = found._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert found._repr_mimebundle_()["text/plain"] == found.to_text()


def test_lineage_of_what_was_given_is_the_thing_itself(votes: Provenance, make: Any) -> None:
    found = votes.lineage(make.product("data").hash)
    assert found.steps == ()
    assert "of which no run is known" in found.to_text()
    with pytest.raises(StoreError, match="no product with this hash"):
        votes.lineage("0" * 64)


def test_lineage_goes_on_in_the_run_that_made_an_input(votes: Provenance, make: Any) -> None:
    make.write(
        votes, make.product(LONG), make.task("r1", "Write", ("votes",), (LONG,), started=5.0),
        make.run("r2", inputs={"file": make.product(LONG).hash}), make.product("final"),
        make.task("r2", "Read", (LONG,), ("final",)),
    )  # fmt: skip
    found = votes.lineage(make.product("final").hash)
    steps = [(step.run.id, step.task.name) for step in found.steps]
    assert steps[:3] == [("r2", "Read"), ("r1", "Write"), ("r1", "Vote")]
    assert make.product(LONG).hash not in found.sources


def test_lineage_does_not_take_equal_small_values_for_one(votes: Provenance, make: Any) -> None:
    make.write(
        votes, make.run("r2", inputs={"n": make.product("votes").hash}), make.product("final"),
        make.task("r2", "Read", ("votes",), ("final",)),
    )  # fmt: skip
    found = votes.lineage(make.product("final").hash)
    assert [step.task.name for step in found.steps] == ["Read"]
    assert found.sources[make.product("votes").hash].name == "n"


def test_lineage_of_equal_values_takes_the_maker_before_the_reader(
    provenance: Provenance, make: Any
) -> None:
    make.write(
        provenance, make.run("r"), *map(make.product, ("same", "first", "last")),
        make.task("r", "early", (), ("same",), started=0.0, finished=1.0),
        make.task("r", "reader", ("same",), ("last",), started=2.0, finished=3.0),
        make.task("r", "late", ("last",), ("same",), started=4.0, finished=5.0),
    )  # fmt: skip
    found = provenance.lineage(make.product("last").hash)
    assert [step.task.name for step in found.steps] == ["reader", "early"]


def test_lineage_of_a_task_that_gives_what_it_got(provenance: Provenance, make: Any) -> None:
    times = {"started": None, "finished": None}
    make.write(
        provenance, make.run("r"), make.product("same"),
        make.task("r", "first", (), ("same",), **times),
        make.task("r", "second", ("same",), ("same",), **times),
    )  # fmt: skip
    found = provenance.lineage(make.product("same").hash)
    assert [step.task.name for step in found.steps] == ["second", "first"]


def test_lineage_of_a_certain_run(provenance: Provenance, make: Any) -> None:
    make.write(
        provenance, make.run("r"), make.run("s"), make.product("same"),
        make.task("r", "a", (), ("same",)), make.task("s", "b", (), ("same",)),
    )  # fmt: skip
    hash_ = make.product("same").hash
    assert provenance.lineage(hash_).steps[0].task.name == "b"
    assert provenance.lineage(hash_, run="r").steps[0].task.name == "a"


def test_lineage_of_a_cached_task_tells_how_it_was_computed(
    provenance: Provenance, make: Any
) -> None:
    first = make.task("r", "t", (), ("y",), seconds=7.0, worker="far:2")
    again = make.task("s", "t", (), ("y",), state="cached", started=None, finished=None,
                      seconds=None, worker="")  # fmt: skip
    make.write(provenance, make.run("r"), make.run("s"), make.product("y"), first, again)
    (step,) = provenance.lineage(make.product("y").hash).steps
    assert step.cached
    assert step.run.id == "s"
    assert (step.computed.run, step.computed.seconds) == ("r", 7.0)
    text = provenance.lineage(make.product("y").hash).to_text()
    assert "taken from an earlier run by t (function) in run s of ensemble: 7 s on far:2" in text


def test_lineage_of_a_chain_of_ten_thousand_is_quick_and_short(
    provenance: Provenance, make: Any
) -> None:
    count = 10_000
    hashes = [make.hash(f"v{at}") for at in range(count + 1)]
    recorder = provenance.recorder()
    recorder.run(make.run("r"))
    base = make.task("r", "t")
    for at in range(count):
        recorder.product(DataProduct(hashes[at + 1], "int", "int-1", 1, str(at), ".json"))
        base.name, base.started, base.finished = f"t{at}", float(at), at + 0.5
        base.inputs, base.outputs = [("x", 0, hashes[at])], [("y", 0, hashes[at + 1])]
        recorder.task(base)
    assert recorder.close(60)
    before = time.thread_time()
    found = provenance.lineage(hashes[-1])
    assert time.thread_time() - before < 5.0
    assert [step.task.name for step in found.steps] == [f"t{at}" for at in reversed(range(count))]
    assert list(found.sources) == [hashes[0]]
    text = found.to_text()
    assert len(text.splitlines()) < 250
    assert "and 9900 more steps" in text
    assert "9900 more are not shown" in found._repr_html_()
    assert len(found._repr_html_()) < 200_000


def test_file_that_was_saved_leads_to_its_lineage(store: Store, make: Any, tmp_path: Path) -> None:
    make.write(
        store.provenance, make.run("r"), make.product("votes"),
        make.task("r", "Vote", (), ("votes",)),
    )  # fmt: skip
    path = store.product(make.product("votes").hash).save(tmp_path / "votes")
    assert path.name == "votes.json"
    for what in (path, str(path), make.product("votes").hash[:9], store.product(path_hash(path))):
        assert [step.task.name for step in store.lineage(what).steps] == ["Vote"]
    assert store.product(path_hash(path)).lineage() == store.lineage(path)
    path.write_text("edited")
    with pytest.raises(StoreError, match="was changed after it was saved"):
        store.lineage(path)
    path.unlink()
    assert [step.task.name for step in store.lineage(path).steps] == ["Vote"]
    for unknown in ("nothing", tmp_path / "missing"):
        with pytest.raises(StoreError):
            store.lineage(unknown)


def path_hash(path: Path) -> str:
    from dlaaw_nb.store.hashing import digest_file

    return digest_file(path).hash
