"""Looking into what a canvas holds: layers, workflows inside, properties, failures."""

from __future__ import annotations

import json

import pytest
from lab_document import Document

EMPTY = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "looked", "inputs": [], "tasks": [],
    "edges": [], "outputs": [],
}  # fmt: skip
ROWS = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40))


@pytest.fixture
def document(lab):
    opened = Document(lab)
    yield opened
    assert opened.errors == []


@pytest.fixture
def dark(document):
    document.run_command("apputils:change-theme", theme="JupyterLab Dark")


def write(lab, name, content):
    path = lab.root / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def network():
    from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow

    flow = Workflow("looked")
    layers = [Linear(2, 3), Sigmoid(), Linear(3, 1), Sigmoid()]
    net = flow.add(NNWorkflow(layers, epochs=20), flow.input("rows", "looked.csv"), name="net")
    flow.output("votes", net, "prediction")
    return flow.document


def test_layer_shows_its_kernel_before_a_run_and_its_neurons_after_one(document, lab):
    (lab.root / "looked.csv").write_text(ROWS)
    document.open(write(lab, "layer.dlaaw", network()))
    document.locator(".dlaaw-layer-button", has_text="Linear1").click()
    document.locator("button", has_text="Look inside").click()
    source = document.locator("[aria-label='Kernel source']")
    source.locator(".dlaaw-html").content_frame.get_by_text("struct Linear").first.wait_for()
    neurons = document.locator("[aria-label='Neurons']")
    assert "Run the network" in neurons.inner_text()
    document.screenshot("layer-before")
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    frame = neurons.locator(".dlaaw-html").content_frame
    frame.get_by_text("row 0 of looked.csv").first.wait_for()
    frame.get_by_text("Linear1, neuron 2").first.wait_for()
    neurons.locator("input").fill("7")
    frame.get_by_text("row 7 of looked.csv").first.wait_for()
    document.locator(".dlaaw-layer-button", has_text="Linear2").click()
    frame.get_by_text("What Linear2 listens to").scroll_into_view_if_needed()
    document.screenshot("layer-after")


def test_layer_in_a_dark_page_can_be_read(document, lab, dark):
    document.open(write(lab, "layer-dark.dlaaw", network()))
    document.locator(".dlaaw-layer-button", has_text="Sigmoid1").click()
    document.locator("button", has_text="Look inside").click()
    frame = document.locator("[aria-label='Kernel source'] .dlaaw-html").content_frame
    frame.get_by_text("struct Sigmoid").first.wait_for()
    document.screenshot("layer-dark")


def head(rows):
    return {"name": f"Head{rows}", "kind": "Head", "parameters": {"rows": rows}}


def edge(source, port, target, name):
    return {"source": source, "port": port, "target": target, "input": name}


GROUP = {
    "name": "inner", "inputs": [{"name": "table"}], "tasks": [head(3), head(2)],
    "edges": [edge("", "table", "Head3", "table"), edge("Head3", "output", "Head2", "table")],
    "outputs": [{"name": "few", "task": "Head2", "port": "output"}],
}  # fmt: skip
NESTED = {
    **EMPTY,
    "tasks": [
        {"name": "read", "kind": "ReadCSV", "values": {"file": "looked.csv"}},
        {"name": "group", "kind": "Workflow", "workflow": GROUP},
    ],
    "edges": [edge("read", "output", "group", "table")],
    "outputs": [{"name": "few", "task": "group", "port": "few"}],
}  # fmt: skip


def crumb(document):
    return document.locator(".dlaaw-crumbs [aria-current]")


def node(document, name):
    return document.locator(".react-flow__node", has_text=name).first


def test_workflow_inside_opens_in_the_same_canvas_and_is_edited_there(document, lab):
    (lab.root / "looked.csv").write_text(ROWS)
    document.open(write(lab, "nested.dlaaw", NESTED))
    node(document, "group").dblclick()
    crumb(document).wait_for()
    assert crumb(document).inner_text() == "group"
    node(document, "Head2").click()
    document.locator(".dlaaw-form label", has_text="rows").wait_for()
    document.locator(".dlaaw-form .dlaaw-field input").nth(1).fill("1")
    node(document, "table").click()
    name = document.locator(".dlaaw-form .dlaaw-field input").first
    name.fill("rows")
    name.press("Enter")
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Finished").wait_for()
    document.locator(".dlaaw-state-finished, .dlaaw-state-cached").nth(1).wait_for()
    document.screenshot("nested-inside")
    content = document.content()
    body = content["tasks"][1]["workflow"]
    assert body["inputs"] == [{"name": "rows"}]
    assert content["edges"] == [edge("read", "output", "group", "rows")]
    assert [task["parameters"]["rows"] for task in body["tasks"]] == [3, 1]
    document.locator(".dlaaw-flow .react-flow__pane").click(position={"x": 5, "y": 5})
    document.page.keyboard.press("Escape")
    crumb(document).wait_for(state="detached")
    node(document, "read").wait_for()
    document.locator(".dlaaw-tool-undo").click()
    assert document.content()["edges"] == NESTED["edges"]


def test_workflow_inside_opens_and_closes_by_keys_alone(document, lab):
    document.open(write(lab, "keys.dlaaw", NESTED))
    node(document, "group").focus()
    document.page.keyboard.press("Enter")
    crumb(document).wait_for()
    node(document, "Head3").focus()
    document.page.keyboard.press("Escape")
    crumb(document).wait_for(state="detached")
    document.locator(".react-flow__node.selected", has_text="group").wait_for()


def test_properties_move_to_the_sidebar_while_it_is_open(document, lab):
    document.open(write(lab, "side.dlaaw", NESTED))
    node(document, "read").click()
    document.locator(".dlaaw-form h2", has_text="ReadCSV").wait_for()
    document.run_command("property-inspector:show-panel")
    side = document.page.locator(".jp-PropertyInspector .dlaaw-form")
    side.locator("h2", has_text="ReadCSV").wait_for()
    assert document.locator(".dlaaw-form").count() == 0
    name = side.locator("input").first
    name.fill("rows")
    name.press("Enter")
    node(document, "rows").wait_for()
    assert document.content()["tasks"][0]["name"] == "rows"
    document.screenshot("properties-sidebar")
    document.run_command("application:toggle-right-area")
    document.locator(".dlaaw-form h2", has_text="ReadCSV").wait_for()


def test_policy_of_a_task_is_set_and_undone(document, lab, dark):
    document.open(write(lab, "policy.dlaaw", NESTED))
    node(document, "read").click()
    document.locator(".dlaaw-policy summary").click()
    document.locator(".dlaaw-policy input").nth(0).fill("2")
    limit = document.locator(".dlaaw-policy input").nth(2)
    limit.fill("-1")
    document.locator(".dlaaw-policy [role=alert]", has_text="seconds above 0").wait_for()
    limit.fill("30")
    document.screenshot("policy-dark")
    assert document.content()["tasks"][0]["policy"] == {"retries": 2, "timeout_s": 30}
    assert '"timeout_s": 30.0' in document.text()
    document.locator(".dlaaw-tool-undo").click()
    document.locator(".dlaaw-tool-undo").click()
    assert "policy" not in document.content()["tasks"][0]


def test_failure_leads_to_its_root_cause_inside(document, lab):
    content = json.loads(json.dumps(NESTED))
    inner = content["tasks"][1]["workflow"]
    inner["tasks"][0] = {
        "name": "Head3", "kind": "Select", "parameters": {"columns": ["none of that name"]},
    }  # fmt: skip
    content["tasks"].append({**head(9), "name": "last"})
    content["edges"].append(edge("group", "few", "last", "table"))
    (lab.root / "looked.csv").write_text(ROWS)
    document.open(write(lab, "cause.dlaaw", content))
    assert document.locator("select[aria-label^='Target']").input_value() == "cpu"
    document.locator(".dlaaw-tool-run").click()
    document.locator(".dlaaw-results-state", has_text="Failed").wait_for()
    node(document, "last").click()
    causes = document.locator("[aria-label='From here to the root cause'] button")
    causes.last.wait_for()
    assert causes.all_inner_texts() == ["group/Head2", "group/Head3"]
    document.screenshot("failure-chain")
    causes.last.click()
    crumb(document).wait_for()
    document.locator(".react-flow__node.selected", has_text="Head3").wait_for()
    document.locator("[aria-label='Task group/Head3']", has_text="none of that name").wait_for()
    document.screenshot("failure-root")


def test_network_takes_the_columns_that_its_data_have(document, lab):
    from dlaaw_nb import Linear, NNWorkflow, Sigmoid, Workflow

    flow = Workflow("looked")
    flow.add(NNWorkflow([Linear(16, 1), Sigmoid()]), flow.input("rows", "looked.csv"), name="net")
    (lab.root / "looked.csv").write_text(ROWS)
    document.open(write(lab, "columns.dlaaw", flow.document))
    document.locator(".dlaaw-layer-button", has_text="Linear1").click()
    document.locator("button", has_text="Look inside").click()  # starts the kernel
    document.locator(".dlaaw-problems", has_text="its data have 2").wait_for()
    document.screenshot("columns")
    document.locator("button", has_text="Let the widths fit").click()
    document.locator(".dlaaw-shape", has_text="2").wait_for()
    document.locator(".dlaaw-problem").wait_for(state="detached")


def test_ports_of_a_script_follow_its_parameters(document, lab):
    script = {
        "name": "script", "kind": "Script",
        "parameters": {
            "command": ["true", "{rows}"], "takes": {"rows": "file"},
            "gives": {"plot": "file:p.png"},
        },
    }  # fmt: skip
    document.open(write(lab, "ports.dlaaw", {**EMPTY, "tasks": [script, head(2)]}))
    document.locator(".dlaaw-tool-run").click()
    node(document, "script").locator(".dlaaw-port-name", has_text="plot").wait_for()
    node(document, "script").locator(".dlaaw-port-name", has_text="rows").wait_for()
