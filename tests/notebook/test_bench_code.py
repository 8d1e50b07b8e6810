"""Code of a person's own tasks travels with a document, and is trusted when it is saved here."""

from __future__ import annotations

import json

import pytest

from dlaaw_nb import Workflow, task
from dlaaw_nb.notebook import bench_documents
from dlaaw_nb.notebook.bench_documents import Documents
from dlaaw_nb.tasks import Script
from dlaaw_nb.workflow.trust import is_trusted


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(bench_documents, "_written", set())
    return monkeypatch


@pytest.fixture
def another_kernel(own_places):
    """Give the documents of a kernel that knows nothing, as after a restart."""

    def start(namespace=None):
        own_places.setattr(bench_documents, "_written", set())
        return Documents(namespace or {})

    return start


def _cell():
    """Define tasks that no other process could import, as a cell does."""

    @task
    def twice(x: int) -> int:
        return x * 2

    @task
    def plus(x: int) -> int:
        return x + 1

    return twice, plus


twice, plus = _cell()


def _drawn(*things, inside=False):
    """A document as a canvas makes it: own tasks by their ports, without code."""
    flow = Workflow("w")
    for number, thing in enumerate(things):
        flow.output(f"y{number}", flow.add(thing, number + 4))
    document = flow.document
    document.pop("code", None)
    if inside:
        body = {key: document[key] for key in ("name", "inputs", "tasks", "edges", "outputs")}
        document.update(tasks=[{"name": "w", "kind": "Workflow", "workflow": body}], outputs=[])
    return json.loads(json.dumps(document))


def _run(documents, document):
    made = documents.workflow(document)
    return made.run(executor="serial").outputs


@pytest.mark.parametrize("inside", [False, True])
def test_check_tells_the_code_that_makes_a_document_whole(another_kernel, inside):
    mine = Documents({"twice": twice})
    document = _drawn(twice, inside=inside)
    document["code"] = mine.checked(document)["code"]
    assert "def twice(x: int) -> int:" in document["code"]
    assert mine.checked(document)["code"] == document["code"]
    elsewhere = another_kernel()
    with pytest.raises(Exception, match="not trusted"):
        _run(elsewhere, document)
    elsewhere.trust(document)
    if not inside:
        assert _run(elsewhere, document) == {"y0": 8}


def test_document_saved_with_code_of_this_kernel_is_trusted_here(another_kernel):
    mine = Documents({"twice": twice})
    document = _drawn(twice)
    document["code"] = mine.checked(document)["code"]
    assert not is_trusted(document)
    mine.saved(document)
    assert _run(another_kernel(), document) == {"y0": 8}


@pytest.mark.parametrize("planted", ["code", "command", "unknown"])
def test_saving_does_not_trust_what_the_person_did_not_make(planted, tmp_path):
    mine = Documents({"twice": twice})
    document = _drawn(twice)
    document["code"] = mine.checked(document)["code"]
    if planted == "code":
        document["code"].insert(0, f"open({str(tmp_path / 'mark')!r}, 'w').close()")
    elif planted == "command":
        script = json.loads(json.dumps(Script(["true"]).parameters))
        document["tasks"].append({"name": "s", "kind": "Script", "parameters": script})
    else:
        document["tasks"].append({**document["tasks"][0], "name": "other", "kind": "strange"})
    mine.saved(document)
    assert not is_trusted(document)
    assert not (tmp_path / "mark").exists()


def test_own_task_that_is_defined_again_counts_in_a_saved_document_too():
    namespace = {"twice": twice}
    mine = Documents(namespace)
    document = _drawn(twice)
    document["code"] = mine.checked(document)["code"]
    mine.saved(document)

    def other():
        @task
        def twice(x: int) -> int:
            return x * 200

        return twice

    namespace["twice"] = other()
    assert "    return x * 200" in mine.checked(document)["code"]
    assert _run(mine, document) == {"y0": 800}


def test_trusted_code_of_a_file_stays_as_it_was_written(another_kernel):
    document = _drawn(twice)
    document["code"] = ["# a note", "def twice(x: int) -> int:", "    return x * 3"]
    documents = another_kernel({"plus": plus})
    documents.trust(document)
    assert documents.checked(document)["code"] == document["code"]
    assert _run(documents, document) == {"y0": 12}
    script = json.loads(json.dumps(Script(["true"]).parameters))
    more = {**document, "tasks": [
        *document["tasks"], {"name": "s", "kind": "Script", "parameters": script},
    ]}  # fmt: skip
    assert not is_trusted(more)
    assert documents.checked(more)["code"] == document["code"]


def test_own_task_put_into_a_trusted_file_brings_its_code_along(another_kernel):
    document = _drawn(twice, plus)
    first = {**document, "tasks": document["tasks"][:1], "outputs": document["outputs"][:1]}
    code = ["def twice(x: int) -> int:", "    return x * 3"]
    documents = another_kernel({"plus": plus})
    documents.trust({**first, "code": code})
    assert _run(documents, {**first, "code": code}) == {"y0": 12}
    both = documents.checked({**document, "code": code})["code"]
    assert {"def twice(x: int) -> int:", "def plus(x: int) -> int:"} <= set(both)
    assert _run(documents, {**document, "code": both}) == {"y0": 12, "y1": 6}
    documents.saved({**document, "code": both})
    assert _run(another_kernel(), {**document, "code": both}) == {"y0": 12, "y1": 6}


def test_code_that_cannot_be_written_is_told_as_none():
    lock = __import__("threading").Lock()

    @task
    def held(x: int) -> int:
        with lock:
            return x

    flow = {"name": "held1", "kind": "held", "values": {"x": 1}, "ports": {
        "inputs": [{"name": "x", "type": "int"}], "outputs": [{"name": "output", "type": "int"}],
    }}  # fmt: skip
    document = {**_drawn(), "tasks": [flow]}
    assert Documents({"held": held}).checked(document)["code"] is None
