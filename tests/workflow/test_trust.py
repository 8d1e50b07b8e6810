"""Files with code run nothing until they are trusted."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from dlaaw_nb import TrustError, Workflow, task
from dlaaw_nb.errors import FormatError, GraphError, SaveError
from dlaaw_nb.tasks import Script
from dlaaw_nb.workflow.risky_parts import risky_parts
from dlaaw_nb.workflow.trust import digest_of, distrust, is_trusted, trust, untrusted_reasons


@pytest.fixture(autouse=True)
def own_trust(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    return monkeypatch


@pytest.fixture
def planted(tmp_path):
    """A file whose code would leave a mark, as if it came from elsewhere."""
    mark = tmp_path / "mark"
    document = {
        "format": "dlaaw-nb/workflow", "version": 1, "name": "planted", "inputs": [], "edges": [],
        "tasks": [
            {"name": "a", "kind": "evil", "ports": {"inputs": [], "outputs": [
                {"name": "output", "type": "int"}]}},
        ],
        "outputs": [{"name": "y", "task": "a", "port": "output"}],
        "code": [
            "from dlaaw_nb import task",
            f"open({str(mark)!r}, 'w').close()",
            "@task",
            "def evil() -> int:",
            "    return 7",
        ],
    }  # fmt: skip
    path = tmp_path / "planted.dlaaw"
    path.write_text(json.dumps(document))
    return path, mark


def test_loading_showing_and_checking_runs_nothing(planted):
    path, mark = planted
    workflow = Workflow.load(path)
    workflow.check()
    assert "def evil" in workflow.to_code()
    assert workflow.document == json.loads(path.read_text())
    workflow._repr_mimebundle_()
    assert not mark.exists()


def test_run_is_refused_with_names_and_the_mend(planted, tmp_path):
    path, mark = planted
    with pytest.raises(TrustError, match=r"task a runs code of its own.*workflow.trust\(\)"):
        Workflow.load(path).run(store=tmp_path / "store")
    assert not mark.exists()


def test_trusted_file_runs_here_and_when_it_is_loaded_again(planted, tmp_path):
    path, mark = planted
    workflow = Workflow.load(path)
    workflow.trust()
    assert mark.exists()
    assert workflow.run(executor="serial", store=tmp_path / "store").outputs["y"] == 7
    again = Workflow.load(path)
    assert again.run(executor="threads", store=tmp_path / "store").outputs["y"] == 7
    distrust(path)
    with pytest.raises(TrustError):
        Workflow.load(path).run(store=tmp_path / "store")


def test_change_of_the_code_asks_again_but_a_move_does_not(planted):
    path, _ = planted
    trust(path)
    document = json.loads(path.read_text())
    document["tasks"][0]["place"] = [1, 2]
    document["description"] = "moved"
    assert is_trusted(document)
    document["code"][-1] = "    return 8"
    assert not is_trusted(document)


def test_what_is_saved_here_is_trusted_here_only(tmp_path, own_trust):
    @task
    def mine() -> int:
        return 1

    workflow = Workflow("mine")
    workflow.output("y", workflow.add(mine))
    path = workflow.save(tmp_path / "mine.dlaaw")
    assert Workflow.load(path).trusted
    own_trust.setenv("DLAAW_TRUST", str(tmp_path / "somebody else"))
    assert not Workflow.load(path).trusted


def test_saving_a_file_that_is_not_trusted_does_not_make_it_so(planted, tmp_path):
    path, mark = planted
    copy = Workflow.load(path).save(tmp_path / "copy.dlaaw")
    assert not Workflow.load(copy).trusted
    assert not mark.exists()


def test_commands_and_paths_that_leave_need_trust(tmp_path, own_trust):
    workflow = Workflow("w")
    workflow.add(Script(["echo", "{file}"], takes={"file": "file"}), workflow.input("f", "../x"))
    workflow.input("unused", "/etc/passwd", type="file")
    workflow.input("fine", "data/x.csv", type="file")
    workflow.input("text", "/just/text", type="str")
    reasons = untrusted_reasons(workflow)
    assert len(reasons) == 3
    assert "Script1 (Script) runs a command" in reasons[0]
    path = workflow.save(tmp_path / "w.dlaaw")
    own_trust.setenv("DLAAW_TRUST", str(tmp_path / "nobody"))
    with pytest.raises(TrustError, match="outside of its folder"):
        Workflow.load(path).run(store=tmp_path / "store")


def test_code_of_inner_workflows_needs_trust(planted, tmp_path):
    path, mark = planted
    outer = Workflow("outer")
    outer.add(Workflow.load(path))
    assert untrusted_reasons(outer) == ["task Planted1/a runs code of its own (evil)"]
    assert not mark.exists()


def test_trusted_code_travels_to_other_processes(planted, tmp_path):
    path, _ = planted
    trust(path)
    run = Workflow.load(path).run(executor="processes", workers=1, store=tmp_path / "store")
    assert run.outputs["y"] == 7


def test_two_processes_trust_at_once(planted, tmp_path):
    path, _ = planted
    code = f"from dlaaw_nb.workflow.trust import trust; trust({str(path)!r})"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert Workflow.load(path).trusted


def _document(**parts):
    return {
        "format": "dlaaw-nb/workflow", "version": 1, "name": "w", "inputs": [], "tasks": [],
        "edges": [], "outputs": [], **parts,
    }  # fmt: skip


def _command(mark):
    """A file whose task would leave a mark by a command."""
    script = Script(["touch", str(mark)]).parameters
    return _document(tasks=[{"name": "a", "kind": "Script", "parameters": script}])


def test_command_of_an_inner_workflow_does_not_run(tmp_path):
    mark = tmp_path / "mark"
    outer = Workflow("outer")
    outer.add(Workflow.from_document(_command(mark)))
    with pytest.raises(TrustError, match="task W1/a"):
        outer.run(executor="serial", store=tmp_path / "store")
    assert not mark.exists()
    outer.trust()
    outer.run(executor="serial", store=tmp_path / "store")
    assert mark.exists()


def test_command_in_a_map_of_a_map_does_not_run(tmp_path):
    mark = tmp_path / "mark1"
    script = Script(["touch", f"{tmp_path}/mark{{x}}"], takes={"x": "str"}).parameters
    entry = {"name": "a", "kind": "Script", "parameters": script}
    for _ in range(2):
        inner = {key: value for key, value in entry.items() if key != "name"}
        entry = {"name": "a", "kind": "Map", "over": ["x"], "task": inner}
    workflow = Workflow.from_document(_document(tasks=[{**entry, "values": {"x": [["1"]]}}]))
    with pytest.raises(TrustError, match="task a"):
        workflow.run(executor="serial", store=tmp_path / "store")
    assert not mark.exists()
    workflow.trust()
    workflow.run(executor="serial", store=tmp_path / "store")
    assert mark.exists()


@pytest.mark.parametrize("kind", ["code", "module", "command"])
def test_saving_what_is_around_a_file_does_not_make_it_trusted(
    kind, planted, tmp_path, monkeypatch
):
    path, mark = planted
    if kind == "command":
        path.write_text(json.dumps(_command(mark)))
    if kind == "module":
        (tmp_path / "planted_module.py").write_text(
            f"open({str(mark)!r}, 'w').close()\ndef evil() -> int:\n    return 7\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        document = json.loads(path.read_text())
        document["tasks"][0]["module"] = "planted_module"
        del document["code"]
        path.write_text(json.dumps(document))
    outer = Workflow("outer")
    outer.add(Workflow.load(path))
    again = Workflow.load(outer.save(tmp_path / "outer"))
    assert not again.trusted
    assert again.document == outer.document
    with pytest.raises(TrustError):
        again.run(executor="serial", store=tmp_path / "store")
    assert not mark.exists()


def test_value_of_a_port_called_like_a_note_counts():
    ports = {"inputs": [{"name": name, "type": "str"} for name in ("place", "description")],
             "outputs": []}  # fmt: skip
    task_ = {"name": "a", "kind": "f", "ports": ports, "values": {"place": "x"}}
    given = {"name": "g", "default": {"description": "x", "place": "x"}, "description": "told"}
    edges = [{"source": "", "port": "g", "target": "a", "input": "description"}]
    first = _document(tasks=[task_], inputs=[given], edges=edges)
    digests = {digest_of(first)}
    for changed in (
        _document(tasks=[{**task_, "values": {"place": "y"}}], inputs=[given], edges=edges),
        _document(tasks=[{**task_, "values": {"description": "x"}}], inputs=[given], edges=edges),
        _document(tasks=[task_], inputs=[{**given, "default": {"description": "y"}}], edges=edges),
        _document(tasks=[{**task_, "parameters": {"place": "z"}}], inputs=[given], edges=edges),
    ):
        digests.add(digest_of(changed))
    assert len(digests) == 5
    inner = {"name": "i", "kind": "Workflow", "workflow": {**_document(), "description": "a"}}
    other = {**inner, "place": [1, 2], "workflow": {**_document(), "description": "b"}}
    assert digest_of(_document(tasks=[inner])) == digest_of(_document(tasks=[other]))


def test_own_task_can_be_added_to_a_file_once_both_are_trusted(planted, tmp_path):
    path, mark = planted

    @task
    def mine(x: int) -> int:
        return x + 1

    workflow = Workflow.load(path)
    workflow.output("mine", workflow.add(mine, workflow.tasks["a"]))
    with pytest.raises(GraphError, match=r"not trusted.*workflow\.trust\(\)"):
        workflow.save(tmp_path / "both")
    assert not mark.exists()
    workflow.trust()
    again = Workflow.load(workflow.save(tmp_path / "both"))
    assert again.run(executor="serial", store=tmp_path / "store").outputs["mine"] == 8


def test_task_taken_out_of_a_file_stays_without_code(planted, tmp_path):
    path, mark = planted
    workflow = Workflow("mine")
    workflow.add(Workflow.load(path).tasks["a"])
    with pytest.raises(TrustError, match="task evil1"):
        workflow.run(executor="serial", store=tmp_path / "store")
    with pytest.raises(GraphError, match=r"evil1: it was taken out of a file"):
        workflow.save(tmp_path / "mine")
    assert not mark.exists()


def _reading(default, **given):
    read = {"name": "r", "kind": "ReadText"}
    if isinstance(default, list):
        inner = {"kind": "ReadText"}
        read = {"name": "r", "kind": "Map", "over": ["file"], "task": inner}
    edge = {"source": "", "port": "f", "target": "r", "input": "file"}
    return _document(
        inputs=[{"name": "f", "default": default, **given}], tasks=[read], edges=[edge],
        outputs=[{"name": "y", "task": "r", "port": "output"}],
    )  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"type": "file"}, {"type": "any"}])
@pytest.mark.parametrize(
    "path",
    ["/etc/hostname", "../x", "a/../../x", "~/x", "~root/x", "C:/x", "a\\..\\x", "file:///etc/x",
     "FILE:///etc/x", "sftp://host/x", "simplecache::file:///etc/x"],
)  # fmt: skip
def test_path_that_leaves_the_folder_needs_trust(path, given, tmp_path):
    with pytest.raises(TrustError, match="outside of its folder"):
        Workflow.from_document(_reading(path, **given)).run(store=tmp_path / "store")


@pytest.mark.parametrize("default", [["/etc/hostname"], ["fine", "../x"], [["/etc/hostname"]]])
def test_path_in_a_list_that_is_mapped_needs_trust(default, tmp_path):
    with pytest.raises(TrustError, match="outside of its folder"):
        Workflow.from_document(_reading(default)).run(store=tmp_path / "store")


def test_path_for_an_inner_workflow_whose_input_says_text_needs_trust(tmp_path):
    inner = _reading("inside.txt", type="str")
    del inner["format"], inner["version"]
    document = _document(
        inputs=[{"name": "f", "default": "/etc/hostname"}],
        tasks=[{"name": "i", "kind": "Workflow", "workflow": inner}],
        edges=[{"source": "", "port": "f", "target": "i", "input": "f"}],
    )
    with pytest.raises(TrustError, match="input f"):
        Workflow.from_document(document).run(store=tmp_path / "store")
    del document["edges"][0], document["inputs"][0]
    document["tasks"][0]["values"] = {"f": "/etc/hostname"}
    with pytest.raises(TrustError, match="task i reads"):
        Workflow.from_document(document).run(store=tmp_path / "store")


@pytest.mark.parametrize("listed", [False, True])
def test_file_beside_the_workflow_is_read_without_trust(tmp_path, monkeypatch, listed):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "text.txt").write_text("found")
    path = tmp_path / "there" / "w.dlaaw"
    path.write_text(json.dumps(_reading(["text.txt"] if listed else "text.txt")))
    monkeypatch.chdir(tmp_path)
    workflow = Workflow.load(path)
    run = workflow.run(executor="serial", store=tmp_path / "store")
    assert run.outputs["y"] == (["found"] if listed else "found")
    (tmp_path / "text.txt").write_text("here")  # what a person gives is beside the person
    given = ["text.txt"] if listed else "text.txt"
    run = workflow.run(f=given, executor="serial", store=tmp_path / "store")
    assert run.outputs["y"] == (["here"] if listed else "here")


def test_text_that_looks_like_a_path_needs_no_trust():
    turn = {"name": "t", "kind": "TextToInt"}
    edge = {"source": "", "port": "f", "target": "t", "input": "text"}
    document = _document(inputs=[{"name": "f", "default": "/1"}], tasks=[turn], edges=[edge])
    assert untrusted_reasons(Workflow.from_document(document)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "evil(); boom()"},
        {"kind": "a.b-c"},
        {"kind": "class"},
        {"module": "os import system; system('touch x') #"},
        {"module": "..os"},
    ],
)
def test_names_that_are_none_are_refused_before_they_become_code(change, planted):
    path, _ = planted
    document = json.loads(path.read_text())
    document["tasks"][0].update(change)
    with pytest.raises(FormatError, match="expected names with dots") as raised:
        Workflow.from_document(document)
    assert raised.value.path in ("tasks[0].kind", "tasks[0].module")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (["def"], "SyntaxError"),
        (["raise ValueError('no')"], "ValueError: no"),
        (["import no_such_package_here"], "ModuleNotFoundError"),
        (["raise SystemExit(3)"], "SystemExit"),
        (["x = 1"], "does not define 'evil'"),
        (["evil = 3"], "'evil' is none"),
    ],
)
def test_code_that_fails_leaves_the_workflow_as_it_was(code, told, planted):
    path, _ = planted
    document = json.loads(path.read_text())
    document["code"] = code
    workflow = Workflow.from_document(document)
    with pytest.raises(FormatError, match=told):
        workflow.trust()
    assert not workflow.trusted
    assert workflow.document == document
    assert not is_trusted(document)


def test_trust_is_private_and_says_where_it_cannot_be_written(planted, tmp_path, own_trust):
    path, _ = planted
    trust(path)
    (kept,) = (tmp_path / "trust").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    assert (tmp_path / "trust").stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("")
    own_trust.setenv("DLAAW_TRUST", str(tmp_path / "file" / "below"))
    with pytest.raises(SaveError, match="Set DLAAW_TRUST"):
        trust(path)


def _edge(source, target, port="output", to="x"):
    return {"source": source, "port": port, "target": target, "input": to}


def _scripted():
    """A file that reads a table, cuts it, and hands it to a script; beside it, what is harmless."""
    script = Script(["{python}", "run.py", "{x}"], takes={"x": "table"})
    command = json.loads(json.dumps(script.parameters))
    tasks = [
        {"name": "read", "kind": "ReadCSV", "parameters": {"separator": ","}},
        {"name": "head", "kind": "Head", "parameters": {"rows": 5}},
        {"name": "script", "kind": "Script", "parameters": command},
        {"name": "other", "kind": "Head", "parameters": {"rows": 5}},
        {"name": "text", "kind": "ReadText", "values": {"file": "a.txt"}},
    ]
    edges = [
        _edge("", "read", "file", "file"), _edge("read", "head", to="table"),
        _edge("head", "script"), _edge("read", "other", to="table"),
    ]  # fmt: skip
    inputs = [{"name": "file", "default": "a.csv"}, {"name": "n", "default": 1}]
    outputs = [{"name": "y", "task": "script", "port": "output"}]
    return _document(tasks=tasks, edges=edges, inputs=inputs, outputs=outputs)


HARMLESS = {
    "number of what feeds it": lambda d: d["tasks"][1]["parameters"].update(rows=6),
    "number beside it": lambda d: d["tasks"][3]["parameters"].update(rows=6),
    "number of the script": lambda d: d["tasks"][2]["parameters"].update(most_output=7),
    "place": lambda d: d.update(view={"tasks": {"script": [4, 5]}}),
    "policy": lambda d: d["tasks"][2].update(policy={"retries": 2}),
    "name": lambda d: (
        d["tasks"][0].update(name="rows"), d["edges"][0].update(target="rows"),
        d["edges"][1].update(source="rows"), d["edges"][3].update(source="rows"),
    ),
    "another file that stays in the folder": lambda d: d["tasks"][4]["values"].update(file="b.txt"),
    "a task without risk": lambda d: d["tasks"].insert(1, {"name": "t", "kind": "DropMissing"}),
    "order of edges": lambda d: d["edges"].reverse(),
    "an input that nothing risky reads": lambda d: d["inputs"].append({"name": "z"}),
    "an output": lambda d: d["outputs"].append({"name": "o", "task": "other", "port": "output"}),
    "description": lambda d: d.update(description="told"),
}  # fmt: skip
RISKY = {
    "command": lambda d: d["tasks"][2]["parameters"]["command"].append("-v"),
    "environment": lambda d: d["tasks"][2]["parameters"].update(environment={"PATH": "here"}),
    "another script": lambda d: d["tasks"].append({**d["tasks"][2], "name": "second"}),
    "what the script reads": lambda d: d["inputs"][0].update(default="b.csv"),
    "whom it gets it from": lambda d: d["edges"][2].update(source="other"),
    "what feeds it": lambda d: d["tasks"][1].update(kind="DropMissing"),
    "text of what feeds it": lambda d: d["tasks"][0]["parameters"].update(separator=";"),
    "code": lambda d: d.update(code=["print(1)"]),
    "own task": lambda d: d["tasks"].append(
        {"name": "own", "kind": "f", "ports": {"inputs": [], "outputs": []}}
    ),
    "path out of the folder": lambda d: d["tasks"][4]["values"].update(file="../b.txt"),
    "path in a list": lambda d: d["tasks"][4]["values"].update(file=["/etc/hostname"]),
    "default out of the folder": lambda d: d["inputs"][1].update(default="~/x"),
    "kind that is not installed": lambda d: d["tasks"][3].update(kind="NoSuchKind"),
    "map of a script": lambda d: d["tasks"].append({
        "name": "m", "kind": "Map", "over": ["x"],
        "task": {key: value for key, value in d["tasks"][2].items() if key != "name"},
    }),
    "script inside": lambda d: d["tasks"].append({
        "name": "w", "kind": "Workflow",
        "workflow": {
            "name": "w", "inputs": [], "edges": [], "outputs": [], "tasks": [d["tasks"][2]],
        },
    }),
}  # fmt: skip


def _changed(change):
    document = _scripted()
    change(document)
    return document


@pytest.mark.parametrize("change", HARMLESS)
def test_harmless_edit_of_a_trusted_file_does_not_ask_again(change):
    assert digest_of(_changed(HARMLESS[change])) == digest_of(_scripted())


def test_each_risky_edit_of_a_trusted_file_asks_again():
    digests = {digest_of(_scripted()), *(digest_of(_changed(RISKY[change])) for change in RISKY)}
    assert len(digests) == len(RISKY) + 1


def test_reader_of_a_path_that_leaves_is_part_of_the_trust():
    turn = _document(
        inputs=[{"name": "f", "default": "/etc/hostname"}],
        tasks=[{"name": "t", "kind": "TextToInt"}], edges=[_edge("", "t", "f", "text")],
    )  # fmt: skip
    read = _document(
        inputs=[{"name": "f", "default": "/etc/hostname"}],
        tasks=[{"name": "t", "kind": "ReadText"}], edges=[_edge("", "t", "f", "file")],
    )  # fmt: skip
    assert digest_of(turn) != digest_of(read)


def test_numbers_of_what_is_inside_do_not_ask_again_but_its_wiring_does():
    def outer(**changes):
        inner = {**_scripted(), **changes}
        inner = {key: value for key, value in inner.items() if key not in ("format", "version")}
        return _document(tasks=[{"name": "w", "kind": "Workflow", "workflow": inner}])

    rows = _changed(HARMLESS["number of what feeds it"])["tasks"]
    fed = _changed(RISKY["whom it gets it from"])["edges"]
    assert digest_of(outer(tasks=rows)) == digest_of(outer())
    assert digest_of(outer(edges=fed)) != digest_of(outer())


def test_long_chain_and_a_cycle_are_hashed_without_recursion():
    tasks = [{"name": f"t{n}", "kind": "Head"} for n in range(3000)]
    tasks.append(_scripted()["tasks"][2])
    edges = [_edge(f"t{n}", f"t{(n + 1) % 3000}", to="table") for n in range(3000)]
    edges.append(_edge("t7", "script"))
    one = _document(tasks=tasks, edges=edges)
    assert digest_of(one) != digest_of(_document(tasks=tasks, edges=edges[1:]))


def test_digest_covers_all_that_the_risks_of_a_run_are_about(tmp_path):
    """Whatever makes a run ask must be told by the digest, or an edit could bring it in unasked."""
    for change in RISKY.values():
        document = _changed(change)
        assert risky_parts(document) is not None
    assert risky_parts(_document(tasks=[{"name": "h", "kind": "Head"}])) is None
