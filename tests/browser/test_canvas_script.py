"""The canvas for front ends that take a script: in a bare page, without Jupyter."""

from __future__ import annotations

from pathlib import Path

import pytest

import dlaaw_nb

STATIC = Path(dlaaw_nb.__file__).parent / "static"
DOCUMENT = {
    "format": "dlaaw-nb/workflow", "version": 1, "name": "bare", "inputs": [], "edges": [],
    "tasks": [{"name": "Head1", "kind": "Head", "parameters": {"rows": 5}}], "outputs": [],
}  # fmt: skip
MOUNT = """async ([script, document]) => {
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    const { default: widget } = await import(url);
    const values = { document, catalogue: {} };
    const heard = {};
    window.sent = [];
    window.asked = [];
    window.saved = 0;
    window.model = {
        get: name => values[name],
        set: (name, value) => { values[name] = value; heard[`change:${name}`]?.(); },
        save_changes: () => { window.saved += 1; },
        send: message => { window.sent.push(message.type); window.asked.push(message); },
        on: (event, callback) => { heard[event] = callback; },
        off: event => { delete heard[event]; },
    };
    window.tell = message => heard['msg:custom'](message);
    window.left = widget.render({ model: window.model, el: window.document.body });
    return null;
}"""


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1100, "height": 700})
    opened = context.new_page()
    errors = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.add_style_tag(path=STATIC / "canvas.css")
    opened.evaluate(MOUNT, [(STATIC / "canvas.js").read_text(encoding="utf-8"), DOCUMENT])
    yield opened
    assert errors == []
    context.close()


def test_script_draws_edits_and_takes_answers_in_a_bare_page(page, pictures):
    node = page.locator(".react-flow__node", has_text="Head1")
    node.wait_for()
    page.wait_for_function("window.sent.includes('check')")  # again while none has answered
    assert page.evaluate("window.sent[0]") == "catalogue"
    node.click()
    page.keyboard.press("Delete")
    node.wait_for(state="detached")
    assert page.evaluate("window.model.get('document').tasks") == []
    assert page.evaluate("window.saved") == 1
    page.evaluate("document => window.model.set('document', document)", DOCUMENT)
    node.wait_for()
    page.locator(".dlaaw-tool-run").click()
    assert "run" in page.evaluate("window.sent")
    page.evaluate("window.tell({ type: 'error', text: '<b>no kernel</b>' })")
    page.locator("[role=alert]", has_text="<b>no kernel</b>").wait_for()
    pictures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=pictures / "canvas-bare.png")
    page.evaluate("window.left()")
    assert page.locator(".react-flow").count() == 0


def tell(page, **message):
    page.evaluate("message => window.tell(message)", message)


def test_script_shows_a_run_and_its_results(page, pictures):
    page.locator(".react-flow__node", has_text="Head1").wait_for()
    page.locator(".dlaaw-tool-run").click()
    asked = page.evaluate("window.asked.find(one => one.type === 'run')")
    assert [task["name"] for task in asked["document"]["tasks"]] == ["Head1"]
    tell(page, type="started", id=asked["id"], run="r1")
    tell(page, type="states", run="r1", states=[{"task": "Head1", "state": "running"}])
    page.locator(".dlaaw-results-state", has_text="Running: 0 of 1").wait_for()
    page.locator("button", has_text="Stop").click()
    assert page.evaluate("window.asked.at(-1)") == {"type": "cancel", "run": "r1"}
    tell(page, type="states", run="r1", states=[{"task": "Head1", "state": "finished"}])
    output = {
        "name": "rows", "type": "table", "preview": "",
        "html": "<table><tr><td>seven</td></tr></table><script>window.top.hacked = 1</script>",
    }  # fmt: skip
    tell(page, type="ended", run="r1", state="finished", seconds=1.5, error=None, outputs=[output])
    page.locator(".dlaaw-results-state", has_text="Finished after 1.50 s").wait_for()
    page.locator(".dlaaw-html").content_frame.get_by_text("seven").wait_for()
    assert page.evaluate("window.hacked === undefined")
    page.locator("button", has_text="Show the code").click()
    code = page.evaluate("window.asked.at(-1)")
    assert code["type"] == "code"
    tell(page, type="code", id=code["id"], code="wf = Workflow('bare')")
    page.locator("pre", has_text="wf = Workflow('bare')").wait_for()
    pictures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=pictures / "canvas-bare-run.png")


def test_script_takes_the_colours_of_the_page_it_is_in(page, pictures):
    page.locator(".react-flow__node", has_text="Head1").wait_for()
    back = "() => getComputedStyle(document.querySelector('.dlaaw-canvas')).backgroundColor"
    assert page.evaluate(back) == "rgb(255, 255, 255)"
    page.add_style_tag(
        content=":root { --jp-layout-color0: #111; --jp-layout-color1: #111; "
        "--jp-layout-color2: #333; --jp-ui-font-color1: #eee; --jp-border-color1: #777; "
        "--jp-border-color0: #999; --jp-border-color2: #555 }"
    )
    assert page.evaluate(back) == "rgb(17, 17, 17)"
    ink = "() => getComputedStyle(document.querySelector('.dlaaw-cell-bar button')).color"
    assert page.evaluate(ink) == "rgb(238, 238, 238)"
    page.screenshot(path=pictures / "canvas-bare-dark.png")


def test_script_says_that_an_edit_does_not_fit(page):
    trouble = {"text": "rows: <b>expected</b> 0 or more.", "document": {**DOCUMENT, "tasks": []}}
    page.evaluate("trouble => window.model.set('trouble', trouble)", trouble)
    page.locator("[role=alert]", has_text="<b>expected</b>").wait_for()
    page.locator("button", has_text="Take what Python has").click()
    page.locator(".react-flow__node").wait_for(state="detached")
    assert page.evaluate("window.model.get('document').tasks") == []
