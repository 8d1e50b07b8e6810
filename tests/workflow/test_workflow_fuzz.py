"""Broken and hostile workflow files: an error of this package or a workflow, and nothing runs."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sample_workflows import random_workflow, rich

from dlaaw_nb import DlaawError, FormatError, Workflow
from dlaaw_nb.workflow import task
from dlaaw_nb.workflow.schema import check_workflow, workflow_schema
from dlaaw_nb.workflow.schema_check import check_of


@pytest.fixture(autouse=True)
def own_trust(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path_factory.mktemp("trust")))


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A document whose code, modules and commands would each leave a mark."""
    folder = tmp_path_factory.mktemp("marks")
    mark = str(folder / "mark")

    @task
    def own(x: int = 1) -> int:
        return x

    workflow = rich()
    workflow.add(own)
    document = json.loads(json.dumps(workflow.document))
    bomb = f"open({mark!r}, 'w').close()"
    document["code"] = [bomb, *document["code"]]
    ports = {"inputs": [], "outputs": []}
    document["tasks"] += [
        {"name": "bomb", "kind": "evil", "module": "planted_bomb", "ports": ports},
        {"name": "eval", "kind": "eval", "module": "builtins", "ports": ports,
         "parameters": {"source": bomb}},
        {"name": "touch", "kind": "Script", "parameters": {"command": ["touch", mark]}},
        {"name": f"{{{bomb}}}", "kind": "Script", "parameters": {"command": ["touch", mark]}},
    ]  # fmt: skip
    (folder / "planted_bomb.py").write_text(f"{bomb}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield document, folder / "mark"


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5)
    | st.sampled_from(["eval", "exec", "os", "system", "a\n", "\ud800", "../x", "__class__"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)  # fmt: skip


def _mutated(data, document):
    """Put something else in one or two places, or take them away, or swap them."""
    changed = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 2))):
        place = changed
        for _ in range(data.draw(st.integers(0, 7))):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            boxes = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
            if not boxes:
                break
            place = place[data.draw(st.sampled_from(boxes))]
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            continue
        key = data.draw(st.sampled_from(keys))
        kind = data.draw(st.sampled_from(["replace", "remove", "copy", "rename"]))
        if kind == "remove":
            del place[key]
        elif kind == "copy" or isinstance(place, list):
            place[key] = place[data.draw(st.sampled_from(keys))]
        elif kind == "rename":
            place[data.draw(st.text(max_size=5))] = place.pop(key)
        else:
            place[key] = data.draw(_json)
    return changed


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_mutated_documents_are_refused_by_name_or_read_and_nothing_runs(planted, data):
    document, mark = planted
    text = json.dumps(_mutated(data, document))
    with suppress(DlaawError):
        workflow = Workflow.from_document(text)
        assert not workflow.trusted
        workflow.to_code()
        workflow.fingerprint()
        assert Workflow.from_document(workflow.document).document == workflow.document
        with suppress(DlaawError):
            workflow.check()
    assert not mark.exists()


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_quick_check_never_takes_what_the_schema_refuses(planted, data):
    document, _ = planted
    changed = _mutated(data, document)
    schema = workflow_schema()
    sound = Draft202012Validator(schema).is_valid(changed)
    if check_of(schema)(changed):
        assert sound
        check_workflow(changed)
    elif not sound:
        with pytest.raises(FormatError):
            check_workflow(changed)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_quick_check_takes_every_document_that_is_written(seed):
    assert check_of(workflow_schema())(random_workflow(seed).document)


def test_keyword_that_the_quick_check_does_not_know_is_an_error():
    with pytest.raises(KeyError, match="uniqueItems"):
        check_of({"type": "array", "uniqueItems": True})


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_bytes_that_were_changed_or_cut_are_refused_by_name_or_read(
    planted, tmp_path_factory, data
):
    document, mark = planted
    content = bytearray(json.dumps(document).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("bytes") / "w.dlaaw"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(DlaawError):
        Workflow.load(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON"),
        ("{", "cut off"),
        ("[]", "JSON object"),
        ('{"format": "a", "format": "b"}', "stands twice"),
        ('{"a": NaN}', "finite"),
        ('{"a": 1e999}', "finite"),
        ('{"a": ' + "1" * 5000 + "}", "too many digits"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "levels"),
        ('{"a": ' + '{"a": ' * 65 + "1" + "}" * 66, "levels"),
        ("\x00", "no JSON"),
    ],
)
def test_text_that_is_no_document_is_refused_with_the_file_s_name(text, told, tmp_path):
    path = tmp_path / "w.dlaaw"
    path.write_text(text)
    with pytest.raises(FormatError, match=rf"w\.dlaaw: .*{told}"):
        Workflow.load(path)


def test_file_that_is_too_large_is_refused_before_it_is_read_whole(tmp_path):
    path = tmp_path / "large.dlaaw"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(FormatError, match="at most 67,108,864 bytes"):
        Workflow.load(path)


def test_folder_and_pipe_are_refused(tmp_path):
    with pytest.raises(FormatError, match="folder"):
        Workflow.load(tmp_path)
    with pytest.raises(FormatError, match="device or pipe"):
        Workflow.load("/dev/zero")


def test_error_inside_of_an_inner_workflow_has_its_whole_place():
    document = json.loads(json.dumps(rich().document))
    at = next(n for n, entry in enumerate(document["tasks"]) if entry["kind"] == "Workflow")
    document["tasks"][at]["workflow"]["tasks"][0]["kind"] = "ReadCSVV"
    for key in ("module", "ports", "policy"):
        document["tasks"][at]["workflow"]["tasks"][0].pop(key, None)
    with pytest.raises(FormatError, match="Did you mean ReadCSV") as raised:
        Workflow.from_document(document)
    assert raised.value.path == f"tasks[{at}].workflow.tasks[0]"
