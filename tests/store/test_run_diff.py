"""What changed from one run to another, and runs in the words of W3C PROV."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dlaaw_nb.store import Provenance


def test_diff_tells_what_changed(votes: Provenance, make: Any) -> None:
    make.write(
        votes,
        make.run("r2", seed=5, packages={"numpy": "2"}, document='{"a": 1}', finished=1030.0,
                 inputs={"data": make.product("new").hash}, arguments={"data": "/d/new.csv"}),
        make.task("r2", "Train 1", ("new", "constant"), ("model 3",), kind="train",
                  parameters={"rate": 0.2}, code_hash=make.hash("other")),
        make.task("r2", "Train 2", ("data",), ("model 2",), state="cached"),
        make.task("r2", "Vote", ("model 3", "model 2"), state="failed"),
        make.task("r2", "New"),
    )  # fmt: skip
    diff = votes.diff("r1", "r2")
    changes = {(c.what, c.name, c.part): (c.before, c.after) for c in diff.changes}
    assert changes["setting", "seed", ""] == ("0", "5")
    assert changes["package", "numpy", ""] == ("-", "2")
    assert ("workflow", "ensemble", "document") in changes
    assert changes["input", "data", ""][1] == f"{make.product('new').hash[:12]} (/d/new.csv)"
    assert changes["task", "Train 1", "parameter rate"] == ("-", "0.2")
    assert ("task", "Train 1", "input x") in changes
    assert ("task", "Train 1", "input x[1]") not in changes
    assert ("task", "Train 1", "output out") in changes
    assert changes["task", "Vote", "state"] == ("finished", "failed")
    assert changes["task", "New", ""] == ("-", "function, finished")
    assert changes["task", "Idle", ""] == ("function, finished", "-")
    assert not [key for key in changes if key[1] == "Train 2"]  # cached is no change
    assert changes["output", "votes", ""][1] == "-"
    assert diff.seconds == (10.0, 30.0)
    text = diff.to_text()
    assert text.startswith("r1 -> r2\n")
    assert "took 10 s -> 30 s" in text
    assert "&lt;" not in text
    assert "<table" in diff._repr_html_()


def test_diff_of_a_run_with_itself_is_empty(votes: Provenance) -> None:
    diff = votes.diff("r1", "r1")
    assert not diff
    assert "the same tasks" in diff.to_text()


def test_diff_of_code_is_told_where_no_parameter_tells_it(
    provenance: Provenance, make: Any
) -> None:
    make.write(
        provenance, make.run("a"), make.run("b"), make.task("a", "t"),
        make.task("b", "t", code_hash=make.hash("<new>"), kernel_hash="k"),
    )  # fmt: skip
    parts = [change.part for change in provenance.diff("a", "b").changes]
    assert parts == ["code", "kernels"]


def test_prov_read_back_has_all_relations_with_times_and_sizes(
    votes: Provenance, make: Any
) -> None:
    model = pytest.importorskip("prov.model", reason="needs prov: pip install 'dlaaw-nb[prov]'")
    written = votes.to_prov("r1").serialize(format="json")
    document = model.ProvDocument.deserialize(content=written, format="json")
    assert document == votes.to_prov("r1")
    kinds = {
        kind: list(document.get_records(kind))
        for kind in (
            model.ProvEntity, model.ProvActivity, model.ProvAgent, model.ProvUsage,
            model.ProvGeneration, model.ProvDerivation, model.ProvCommunication,
            model.ProvAssociation, model.ProvAttribution,
        )
    }  # fmt: skip
    assert all(kinds.values())
    entities = {str(entity.identifier): entity for entity in kinds[model.ProvEntity]}
    data = entities[f"product:{make.product('data').hash}"]
    assert next(iter(data.get_attribute("dlaaw:size_bytes"))) == make.product("data").size_bytes
    activities = {str(item.identifier): item for item in kinds[model.ProvActivity]}
    train = activities["run:r1/Train%201"]
    assert train.get_startTime() == dt.datetime.fromtimestamp(0, tz=dt.timezone.utc)
    assert train.get_endTime() == dt.datetime.fromtimestamp(1, tz=dt.timezone.utc)
    assert len(activities) == 5
    informed = {
        tuple(str(value) for _, value in item.formal_attributes)
        for item in kinds[model.ProvCommunication]
    }
    assert ("run:r1/Vote", "run:r1/Train%201") in informed
    derived = {
        tuple(str(value) for _, value in item.formal_attributes[:2])
        for item in kinds[model.ProvDerivation]
    }
    votes_name, model_name = (f"product:{make.product(name).hash}" for name in ("votes", "model 1"))
    assert (votes_name, model_name) in derived
    generated = [item.formal_attributes for item in kinds[model.ProvGeneration]]
    assert any(dict(item)[model.PROV_ATTR_TIME] is not None for item in generated)


def test_prov_of_hostile_words_can_be_written_and_read(provenance: Provenance, make: Any) -> None:
    model = pytest.importorskip("prov.model", reason="needs prov: pip install 'dlaaw-nb[prov]'")
    hostile = "a/b <c> \"d\" 'e' \u00e9 % & \n 1"
    make.write(
        provenance, make.run(hostile, workflow=hostile, arguments={hostile: hostile}),
        make.product(hostile, type=hostile),
        make.task(hostile, hostile, (hostile,), (hostile,), parameters={hostile: [hostile]},
                  worker=hostile, device={hostile: None}, started=None, finished=None),
    )  # fmt: skip
    written = provenance.to_prov(hostile).serialize(format="json")
    document = model.ProvDocument.deserialize(content=written, format="json")
    assert len(list(document.get_records(model.ProvActivity))) == 2
    assert "activity(" in provenance.to_prov(hostile).get_provn()
