import json
import os
import threading

import pytest

from dlaaw_nb import FormatError, Linear, MissingDataError, NNWorkflow, Sigmoid, VersionError
from dlaaw_nb.nn import documents
from dlaaw_nb.nn.documents import parse_text, read_document
from dlaaw_nb.nn.schema import load_schema


@pytest.fixture
def network():
    return NNWorkflow([Linear(5, 1), Sigmoid()])


@pytest.fixture
def text(network):
    return json.dumps(network.spec())


def test_read_document_takes_dict_text_and_path(network, text, tmp_path):
    file = tmp_path / "spec.json"
    file.write_text(text)
    for source in (network.spec(), text, f"\n {text}", file, str(file)):
        assert NNWorkflow.from_spec(source) == network


def test_save_and_load_give_the_same_network(network, tmp_path):
    path = network.save(tmp_path / "spec.json")
    assert NNWorkflow.load(str(path)) == network


def test_read_document_with_byte_order_mark_is_read(network, text, tmp_path):
    (tmp_path / "spec.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert NNWorkflow.load(tmp_path / "spec.json") == network


def test_read_document_missing_file_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingDataError, match=f"nope.json: no such file in {tmp_path}"):
        NNWorkflow.load("nope.json")


@pytest.mark.parametrize("source", [None, 5, b"{}", ["a"]])
def test_read_document_other_objects_are_refused(source):
    with pytest.raises(FormatError, match="expected a dict, JSON text or the path"):
        read_document(source, "spec")


def test_read_document_folder_is_refused(tmp_path):
    with pytest.raises(FormatError, match="expected a file, got a folder"):
        read_document(tmp_path, "spec")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_read_document_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    raised = []

    def read():
        with pytest.raises(FormatError, match="device or pipe"):
            read_document(tmp_path / "pipe", "spec")
        raised.append(True)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(10)
    assert raised


def test_read_document_too_long_path_or_null_byte_is_refused():
    for name in ("x" * 5000, "a\0b"):
        with pytest.raises(FormatError, match="could not be read") as caught:
            read_document(name, "spec")
        assert len(str(caught.value)) < 300


def test_read_document_no_text_is_refused(tmp_path):
    (tmp_path / "a.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(FormatError, match="no UTF-8 text at byte 7"):
        read_document(tmp_path / "a.json", "spec")


def test_read_document_too_large_file_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setitem(documents.MAX_BYTES, "spec", 100)
    (tmp_path / "a.json").write_text("{" + " " * 200 + "}")
    with pytest.raises(FormatError, match="at most 100 bytes"):
        read_document(tmp_path / "a.json", "spec")
    with pytest.raises(FormatError, match="at most 100 bytes, got 202"):
        read_document("{" + " " * 200 + "}", "spec")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "no JSON"),
        ('{"a": 1', r"line 1, column 8: no JSON .* cut off"),
        ('{"a": NaN}', "expected finite numbers, got 'NaN'"),
        ('{"a": -Infinity}', "expected finite numbers, got '-Infinity'"),
        ('{"a": 1e999}', "expected finite numbers, got '1e999'"),
        ('{"a": ' + "9" * 10_000 + "}", "too many digits"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        ('{"b": {"a": 1, "a": 1}}', "the key 'a' stands twice"),
        ("[1]", r"expected a JSON object, got \[1\]"),
        ("null", "expected a JSON object, got None"),
        ('{"a": ' + "[" * 64 + "]" * 64 + "}", "at most 64 levels"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "at most 64 levels"),
        ("[" * 100_000, "at most 64 levels"),
        ('{"a":' * 100_000, "at most 64 levels"),
    ],
)
def test_parse_text_bad_json_is_refused(bad, message):
    with pytest.raises(FormatError, match=message) as caught:
        parse_text(bad, 2**24)
    assert len(str(caught.value)) < 300


def test_parse_text_of_allowed_depth_is_read():
    assert parse_text('{"a": ' + "[" * 63 + "]" * 63 + "}", 1000)


def test_read_document_dict_that_holds_itself_is_refused():
    loop = {}
    loop["a"] = loop
    with pytest.raises(FormatError):
        read_document(loop, "spec")


@pytest.mark.parametrize("value", [{1}, float("nan"), object()])
def test_read_document_dict_with_other_values_is_refused(network, value):
    with pytest.raises(FormatError, match="expected plain JSON values"):
        read_document({**network.spec(), "name": value}, "spec")


def test_read_document_newer_version_says_how_to_update(network):
    with pytest.raises(VersionError, match=r"newer dlaaw_nb.*pip install -U dlaaw_nb") as caught:
        NNWorkflow.from_spec({**network.spec(), "version": 2, "whatever": {}})
    assert caught.value.path == "version"


@pytest.mark.parametrize("version", [0, -1, "2", 1.5, 2.0, True, None])
def test_read_document_odd_version_is_refused(network, version):
    with pytest.raises(FormatError) as caught:
        NNWorkflow.from_spec({**network.spec(), "version": version})
    assert caught.value.path == "version"
    assert not isinstance(caught.value, VersionError)


def test_read_document_other_format_names_its_reader(network):
    with pytest.raises(FormatError, match=r"got 'dlaaw-nb/model'. Read it with Model\.load"):
        NNWorkflow.from_spec({**network.spec(), "format": "dlaaw-nb/model"})
    for other in ({}, {"format": 5}, {"format": ["dlaaw-nb/spec"]}):
        with pytest.raises(FormatError, match="format: expected 'dlaaw-nb/spec'"):
            NNWorkflow.from_spec(other)


def test_read_document_error_names_the_file_and_the_place(network, tmp_path):
    spec = network.spec()
    spec["layers"]["nodes"][1]["kind"] = 5
    (tmp_path / "bad.json").write_text(json.dumps(spec))
    with pytest.raises(FormatError, match=r"bad\.json: layers\.nodes\[1\]\.kind: ") as caught:
        NNWorkflow.load(tmp_path / "bad.json")
    assert caught.value.path == "layers.nodes[1].kind"


@pytest.mark.parametrize("kind", ["spec", "model"])
def test_schemas_are_valid_and_every_leaf_says_what_it_wants(kind):
    from jsonschema import Draft202012Validator

    schema = load_schema(kind)
    Draft202012Validator.check_schema(schema)

    def leaves(part):
        if isinstance(part, dict):
            if {"type", "enum", "const"} & set(part) and "oneOf" not in part:
                yield part
            for key, item in part.items():
                if key != "oneOf":
                    yield from leaves(item)

    assert all(
        "description" in leaf for leaf in leaves(schema) if isinstance(leaf.get("type"), str)
    )
