"""The canvas in a cell: one model in Python and on the page, in a shell and in a real kernel."""

from __future__ import annotations

import contextlib
import copy
import gc
import json
import time
import weakref

import pandas as pd
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel
from traitlets.config import Config

from dlaaw_nb import FormatError, GraphError, Linear, NNWorkflow, ReLU, Sigmoid, Workflow
from dlaaw_nb.notebook.bench import COMM
from dlaaw_nb.notebook.compose import Composer, compose
from dlaaw_nb.tasks import Head, ReadCSV

WAIT_S = 60
CELL = """@task
def square(x: int) -> int:
    return x * x

first = wf.add(square, x=wf.input("x", 3), name="first")
wf.output("result", first)
"""


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    monkeypatch.setenv("DLAAW_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def flow():
    made = Workflow("flow")
    read = made.add(ReadCSV(), made.input("file", "rows.csv"), name="read")
    made.output("rows", made.add(Head(2), read, name="head"))
    return made


@pytest.fixture
def canvas(flow):
    made = flow.compose()
    yield made
    made.close()


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "dlaaw_nb")
    yield shell
    InteractiveShell.clear_instance()


def drawn(canvas):
    """The document of the page, to be changed."""
    return copy.deepcopy(canvas.widget.document)


def test_widget_is_what_the_extension_looks_for(canvas):
    widget = canvas.widget
    names = {key: value for key, value in widget.get_state().items() if key.startswith("_")}
    assert (names["_model_module"], names["_view_module"]) == ("dlaaw-nb", "dlaaw-nb")
    assert (names["_model_name"], names["_view_name"]) == ("CanvasModel", "CanvasView")
    assert names["_model_module_version"] == names["_view_module_version"] == "^0.1.0"
    assert widget.catalogue["format"] == "dlaaw-nb/catalogue"
    assert [entry["name"] for entry in widget.document["tasks"]] == ["read", "head"]


def test_edit_of_the_page_changes_the_very_workflow(canvas, flow):
    read = flow.tasks["read"]
    document = drawn(canvas)
    document["tasks"][1]["parameters"] = {"rows": 4}
    document["view"] = {"tasks": {"read": [10, 20]}}
    canvas.widget.document = document
    assert flow.tasks["head"] == Head(4)
    assert flow.tasks["read"] is read
    assert flow.places == {"read": (10, 20)}
    assert "Head(rows=4)" in canvas.code()


def test_bad_edit_changes_nothing_and_leaves_the_page_as_it_is(canvas, flow):
    before = flow.document
    document = drawn(canvas)
    document["edges"][1]["port"] = "nothing"
    canvas.widget.document = document
    assert flow.document == before
    assert canvas.widget.document == document
    assert "read" in canvas.widget.trouble["text"]
    with pytest.raises(FormatError):
        canvas.edit(document)
    mended = copy.deepcopy(document)
    mended["edges"][1]["port"] = "output"
    mended["tasks"][1]["parameters"] = {"rows": 9}
    canvas.widget.document = mended
    assert flow.tasks["head"] == Head(9)
    assert canvas.widget.trouble == {}


def parted(canvas, flow):
    """A canvas with an edit that does not fit, while Python has changed as well."""
    document = drawn(canvas)
    document["edges"][1]["port"] = "nothing"
    canvas.widget.document = document
    flow.add(Head(7), flow.tasks["head"], name="more")
    canvas.refresh()
    return document


def test_bad_edit_and_change_of_python_are_both_kept_until_one_is_chosen(canvas, flow):
    document = parted(canvas, flow)
    assert canvas.widget.document == document
    assert canvas.widget.trouble["document"] == flow.document
    mended = copy.deepcopy(document)
    mended["edges"][1]["port"] = "output"
    canvas.widget.document = mended  # not chosen yet
    assert "more" in flow.tasks
    assert canvas.widget.trouble["document"] == flow.document
    canvas.widget._handle_custom_msg({"type": "keep", "id": "1", "document": mended}, [])
    assert "more" not in flow.tasks
    assert canvas.widget.trouble == {}


def test_change_of_python_is_chosen_by_drawing_it(canvas, flow):
    parted(canvas, flow)
    canvas.widget.document = copy.deepcopy(canvas.widget.trouble["document"])
    assert canvas.widget.trouble == {}
    assert "more" in flow.tasks
    flow.remove("more")
    canvas.refresh()
    assert [entry["name"] for entry in canvas.widget.document["tasks"]] == ["read", "head"]


def test_change_in_python_is_drawn_by_refresh(canvas, flow):
    _ = canvas.widget
    flow.add(Head(7), flow.tasks["head"], name="more")
    assert len(canvas.widget.document["tasks"]) == 2
    canvas.refresh()
    assert [entry["name"] for entry in canvas.widget.document["tasks"]] == ["read", "head", "more"]


def test_closed_canvas_gets_a_new_widget(canvas):
    first = canvas.widget
    canvas.close()
    assert first.comm is None
    assert canvas.widget is not first


def test_static_twin_is_the_drawing_of_the_workflow(canvas, monkeypatch):
    import IPython.display

    sent = []
    monkeypatch.setattr(
        IPython.display, "display", lambda bundle, **options: sent.append((bundle, options))
    )
    canvas._ipython_display_()
    (twin, options), (view, _) = sent
    assert "dlaaw-twin" in twin["text/html"]
    assert twin["image/png"]
    assert view["application/vnd.jupyter.widget-view+json"]["model_id"] == canvas.widget.model_id
    document = drawn(canvas)
    document["tasks"][1]["name"] = document["edges"][1]["target"] = "renamed"
    document["outputs"][0]["task"] = "renamed"
    canvas.widget.document = document
    _wait(lambda: len(sent) > 2)
    again, later = sent[-1]
    assert (later["display_id"], later["update"]) == (options["display_id"], True)
    assert again["text/html"] != twin["text/html"]
    for x in (10, 20):  # who moves something, or edits in one go, has nothing drawn each time
        moved = drawn(canvas)
        moved["view"] = {"tasks": {"read": [x, 0]}}
        canvas.widget.document = moved
    _wait(lambda: not canvas._timer.is_alive())
    assert len(sent) == 3


def test_values_that_only_python_can_hold_are_no_problem():
    flow = Workflow("w")
    flow.output("y", flow.add(Head(1), flow.input("t", pd.DataFrame({"a": [1, 2]})), name="h"))
    canvas = flow.compose()
    told = _answers(canvas)
    _ask(canvas, type="check", id=1, document=canvas.widget.document)
    assert told[-1]["type"] == "checked"
    assert told[-1]["problems"] == []
    _ask(canvas, type="run", id=2, document=canvas.widget.document)
    _wait(lambda: told[-1]["type"] == "ended")
    assert "1 row" in told[-1]["outputs"][0]["html"]
    canvas.close()


def test_messages_run_and_write_what_is_drawn(canvas, flow):
    pd.DataFrame({"a": range(5)}).to_csv("rows.csv", index=False)
    told = _answers(canvas)
    document = drawn(canvas)
    document["tasks"][1]["parameters"] = {"rows": 3}
    _ask(canvas, type="run", id=1, document=document, executor="threads")
    _wait(lambda: told[-1]["type"] == "ended")
    assert told[-1]["state"] == "finished"
    assert "3 rows" in told[-1]["outputs"][0]["html"]
    assert flow.tasks["head"] == Head(3)
    _ask(canvas, type="code", id=2, document=document)
    assert "Head(rows=3)" in told[-1]["code"]
    _ask(canvas, type="nonsense")
    assert told[-1]["type"] == "error"


def _ask(canvas, **message):
    canvas.widget._handle_custom_msg(message, [])  # as ipywidgets does when the page sends


def _answers(canvas):
    told = []
    canvas.widget.send = told.append
    return told


def _wait(holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_network_is_drawn_as_one_and_comes_back_changed():
    network = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=50, name="mine")
    canvas = network.compose()
    assert canvas.network == network
    document = drawn(canvas)
    spec = document["tasks"][0]["parameters"]["network"]
    assert document["tasks"][0]["kind"] == "NNWorkflow"
    spec["training"]["epochs"] = 70
    spec["layers"]["nodes"][1]["kind"] = "Tanh"
    spec["layers"]["nodes"][1]["id"] = "Tanh1"
    spec["layers"]["edges"] = [["Linear1", "Tanh1"], ["Tanh1", "Linear2"], ["Linear2", "Sigmoid1"]]
    canvas.widget.document = document
    assert canvas.network.epochs == 70
    assert canvas.network.name == "mine"
    space = {}
    exec(canvas.code(), space)  # noqa: S102 - our own
    assert space["network"] == canvas.network
    assert "Tanh()" in canvas.code()
    assert network.epochs == 50
    canvas.close()


def test_network_of_a_derived_class_is_drawn_as_its_layers():
    class Small(NNWorkflow):
        def design(self):
            self.sequential([Linear(4, 1), Sigmoid()], 5, 30)

    canvas = Small().compose()
    assert drawn(canvas)["tasks"][0]["kind"] == "NNWorkflow"
    assert canvas.network.epochs == 30
    canvas.close()


def test_canvas_with_other_tasks_has_no_network_by_itself(canvas):
    with pytest.raises(GraphError, match="expected one network on the canvas, there are 0"):
        _ = canvas.network
    with pytest.raises(GraphError, match="expected a Workflow or an NNWorkflow"):
        compose(3)


def test_magic_makes_a_new_workflow_and_opens_those_there_are(shell):
    canvas = shell.run_line_magic("compose", "fresh")
    assert isinstance(canvas, Composer)
    assert isinstance(shell.user_ns["fresh"], Workflow)
    again = shell.run_line_magic("compose", "fresh")
    assert again.workflow is shell.user_ns["fresh"] is canvas.workflow
    shell.user_ns["number"] = 3
    for wrong, told in (
        ("number", "expected a Workflow"), ("no name", "unrecognized"), ("a.b", "variable"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=told):
            shell.run_line_magic("compose", wrong)


def test_own_task_of_a_cell_can_be_drawn_and_is_written_back(shell):
    shell.run_cell_magic("workflow", "flow", CELL)
    canvas = shell.user_ns["flow"].compose()
    (info,) = [one for one in canvas.widget.catalogue["tasks"] if one["kind"] == "square"]
    document = drawn(canvas)
    document["tasks"].append({"name": "second", **info["entry"]})
    document["edges"].append(
        {"source": "first", "port": "output", "target": "second", "input": "x"}
    )
    canvas.widget.document = document
    flow = shell.user_ns["flow"]
    assert flow.tasks["second"].function is shell.user_ns["square"].function
    code = canvas.code()
    assert "def square(x: int)" in code
    assert 'second = flow.add(square, name="second", x=first)' in code
    canvas.close()


def test_cell_that_changes_the_workflow_changes_the_page(shell):
    shell.run_cell_magic("workflow", "flow", CELL)
    canvas = shell.user_ns["canvas"] = shell.user_ns["flow"].compose()
    _ = canvas.widget
    shell.run_cell("flow.add(square, x=first, name='second')", store_history=False)
    names = [entry["name"] for entry in canvas.widget.document["tasks"]]
    assert names == ["first", "second"]
    canvas.close()


def test_canvas_that_nobody_holds_is_let_go(shell, flow):
    canvas = compose(flow)
    there = weakref.ref(canvas)
    del canvas
    gc.collect()
    assert there() is None
    before = len(shell.events.callbacks["post_run_cell"])
    shell.run_cell("1", store_history=False)
    assert len(shell.events.callbacks["post_run_cell"]) == before - 1


class Kernel:
    """A real kernel, spoken to as a page does."""

    def __init__(self, client):
        self.client = client

    def run(self, code):
        """Run a cell; give the messages it sent."""
        message_id, came = self.client.execute(code), []
        while True:
            message = self.client.get_iopub_msg(timeout=WAIT_S)
            if message["parent_header"].get("msg_id") == message_id:
                came.append(message)
                if message["msg_type"] == "error":
                    raise AssertionError("\n".join(message["content"]["traceback"]))
                if message["content"].get("execution_state") == "idle":
                    return came

    def send(self, kind, **content):
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)

    def until(self, comm, holds):
        while True:
            message = self.client.get_iopub_msg(timeout=WAIT_S)
            content = message["content"]
            ours = message["msg_type"] == "comm_msg" and content["comm_id"] == comm
            if ours and holds(content["data"]):
                return content["data"]


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    yield Kernel(client)
    client.stop_channels()
    with contextlib.suppress(Exception):
        manager.shutdown_kernel(now=True)


def test_kernel_answers_a_page_over_the_comm(kernel):
    kernel.run("from dlaaw_nb.notebook.bench import serve; serve(); serve()")
    kernel.run("from dlaaw_nb import task\n@task\ndef square(x: int) -> int:\n    return x * x\n")
    kernel.send("comm_open", comm_id="page", target_name=COMM, data={})
    kernel.send("comm_msg", comm_id="page", data={"type": "catalogue"})
    answer = kernel.until("page", lambda data: data["type"] == "catalogue")
    (info,) = [one for one in answer["catalogue"]["tasks"] if one["kind"] == "square"]
    document = {
        "format": "dlaaw-nb/workflow", "version": 1, "name": "drawn", "inputs": [], "edges": [],
        "tasks": [{"name": "s", "values": {"x": 7}, **info["entry"]}],
        "outputs": [{"name": "y", "task": "s", "port": "output"}],
    }  # fmt: skip
    kernel.send("comm_msg", comm_id="page", data={"type": "check", "id": 1, "document": document})
    checked = kernel.until("page", lambda data: data["type"] == "checked")
    assert checked["problems"] == []
    assert "def square" in "\n".join(checked["code"])
    kernel.send("comm_msg", comm_id="page", data={"type": "run", "id": 2, "document": document})
    ended = kernel.until("page", lambda data: data["type"] in ("ended", "error"))
    assert ended.get("state") == "finished", ended
    assert ended["outputs"][0]["preview"] == "49"
    kernel.send("comm_msg", comm_id="page", data={"type": "nonsense"})
    assert kernel.until("page", lambda data: data["type"] == "error")["text"]
    kernel.send("comm_close", comm_id="page", data={})


def test_kernel_and_page_share_one_workflow(kernel):
    kernel.run("from dlaaw_nb import Workflow, tasks\nflow = Workflow('w')")
    kernel.run("head = flow.add(tasks.Head(2), name='h')")
    came = kernel.run("flow.compose()")
    (opened,) = [
        m["content"] for m in came
        if m["msg_type"] == "comm_open"
        and m["content"]["data"]["state"].get("_model_name") == "CanvasModel"
    ]  # fmt: skip
    shown = [m["content"]["data"] for m in came if m["msg_type"] == "display_data"]
    assert "dlaaw-twin" in shown[0]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in shown[1]
    comm, document = opened["comm_id"], opened["data"]["state"]["document"]

    document["tasks"].append({"name": "more", "kind": "Head", "parameters": {"rows": 5}})
    update = {"method": "update", "state": {"document": document}}
    kernel.send("comm_msg", comm_id=comm, data=update)
    said = kernel.run("print(list(flow.tasks), flow.tasks['h'] is head)")
    assert "['h', 'more'] True" in json.dumps([m["content"].get("text", "") for m in said])

    document["tasks"].append({"name": "bad", "kind": "Nothing"})
    kernel.send("comm_msg", comm_id=comm, data=update)
    told = kernel.until(comm, lambda data: "trouble" in data.get("state", {}))["state"]
    assert "Nothing" in told["trouble"]["text"]

    kernel.run("flow.remove('more')")
    asked = {"method": "custom", "content": {"type": "code", "id": 3}}
    kernel.send("comm_msg", comm_id=comm, data=asked)
    code = kernel.until(comm, lambda data: data.get("content", {}).get("type") == "code")
    assert "Head(rows=2)" in code["content"]["code"]
    assert "more" not in code["content"]["code"]
