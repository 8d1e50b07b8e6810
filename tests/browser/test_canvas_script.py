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
    window.saved = 0;
    window.model = {
        get: name => values[name],
        set: (name, value) => { values[name] = value; heard[`change:${name}`]?.(); },
        save_changes: () => { window.saved += 1; },
        send: message => window.sent.push(message.type),
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
