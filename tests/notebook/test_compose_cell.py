"""The cell below a canvas: it makes what was drawn, and the canvas follows it."""

from __future__ import annotations

import copy

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from dlaaw_nb import GraphError, Linear, NNWorkflow, Sigmoid, Workflow
from dlaaw_nb.notebook.compose import compose
from dlaaw_nb.notebook.compose_cell import FIRST_LINE
from dlaaw_nb.tasks import Head


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


@pytest.fixture
def canvas(shell):
    shell.user_ns["squares"] = Workflow("squares")
    made = shell.user_ns["squares"].compose()
    yield made
    made.close()


class Page:
    """What the page of a canvas says and hears."""

    def __init__(self, canvas):
        self.widget, self.heard = canvas.widget, []
        self.widget.send = self.heard.append

    def draw(self, **changes):
        self.widget.document = {**copy.deepcopy(self.widget.document), **changes}

    def ask(self, source):
        message = {"type": "cell", "id": "1", "document": self.widget.document, "source": source}
        self.widget._handle_custom_msg(message, [])
        return self.heard[-1]


HEAD = {"name": "Head1", "kind": "Head", "parameters": {"rows": 5}}


def run(shell, source):
    result = shell.run_cell(source, store_history=False)
    assert result.success


def test_cell_run_anew_makes_the_same_and_the_canvas_follows(shell, canvas):
    page = Page(canvas)
    page.draw(tasks=[HEAD], view={"tasks": {"Head1": [30, 40]}})
    document = canvas.workflow.document
    source = page.ask(None)["source"]
    assert source.startswith(f"{FIRST_LINE}\n")
    assert 'squares = Workflow("squares")' in source
    # As after a restart: the cells above run first, on an empty workflow.
    shell.user_ns["squares"] = Workflow("squares")
    again = shell.user_ns["squares"].compose()
    _ = again.widget
    run(shell, source)
    assert shell.user_ns["squares"].document == document
    assert again.workflow is shell.user_ns["squares"]
    assert again.widget.document == document
    again.close()


def test_cell_changed_by_hand_is_written_over_only_once_it_was_run(shell, canvas):
    page = Page(canvas)
    page.draw(tasks=[HEAD])
    first = page.ask(None)
    assert first["free"] is True
    page.draw(tasks=[{**HEAD, "parameters": {"rows": 6}}])
    assert page.ask(first["source"])["free"] is True
    by_hand = first["source"].replace("rows=5", "rows=7")
    assert page.ask(by_hand)["free"] is False
    run(shell, by_hand)
    assert page.widget.document["tasks"][0]["parameters"]["rows"] == 7
    assert canvas.workflow.tasks["Head1"] == Head(7)
    assert page.ask(by_hand)["free"] is True


def test_cell_that_is_not_the_canvas_own_changes_no_canvas(shell, canvas):
    own = canvas.workflow
    run(shell, "from dlaaw_nb import Workflow\nsquares = Workflow('other')")
    assert canvas.workflow is own
    page = Page(canvas)
    # The variable is another workflow's now; its own cell is about that one.
    run(shell, f"{FIRST_LINE}\nsquares = Workflow('third')")
    assert canvas.workflow is own
    assert page.widget.document["name"] == "squares"


def test_cell_that_fails_changes_no_canvas(shell, canvas):
    own = canvas.workflow
    _ = canvas.widget
    shell.run_cell(
        f"{FIRST_LINE}\nfrom dlaaw_nb import Workflow\nsquares = Workflow('x')\n1 / 0",
        store_history=False,
    )
    assert canvas.workflow is own


def test_network_is_written_into_its_variable_and_comes_back(shell):
    shell.user_ns["net"] = NNWorkflow([Linear(5, 1), Sigmoid()], epochs=3)
    canvas = shell.user_ns["net"].compose()
    page = Page(canvas)
    document = copy.deepcopy(canvas.widget.document)
    document["tasks"][0]["parameters"]["network"]["training"]["epochs"] = 9
    page.widget.document = document
    source = page.ask(None)["source"]
    assert "net = NNWorkflow(" in source
    run(shell, source)
    assert shell.user_ns["net"].epochs == canvas.network.epochs == 9
    page.draw(tasks=[*page.widget.document["tasks"], HEAD])
    source = page.ask(source)["source"]
    assert "net_workflow = Workflow(" in source
    canvas.close()
    again = shell.user_ns["net"].compose()
    _ = again.widget
    run(shell, source)
    assert list(again.workflow.tasks) == ["NNWorkflow1", "Head1"]
    assert len(again.widget.document["tasks"]) == 2
    again.close()


def test_code_is_written_below_in_any_front_end(shell, canvas):
    asked = []
    shell.set_next_input = asked.append
    canvas.write()
    assert asked == [canvas.cell.source(canvas.code())]


def test_write_outside_of_a_notebook_says_what_to_do():
    InteractiveShell.clear_instance()
    with pytest.raises(GraphError, match="Print what code"):
        compose(Workflow("w")).write()
