"""Which widget shows a canvas: that of the extension, or one with its own script."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

import dlaaw_nb
from dlaaw_nb import Workflow
from dlaaw_nb.errors import GraphError
from dlaaw_nb.notebook import compose_script
from dlaaw_nb.notebook.compose import compose
from dlaaw_nb.notebook.compose_widget import CanvasWidget

BUILT = (Path(dlaaw_nb.__file__).parent / "static" / "canvas.js").is_file()


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    for name in ("DLAAW_CANVAS", "VSCODE_PID"):
        monkeypatch.delenv(name, raising=False)


def shown():
    widget = compose(Workflow("flow")).widget
    return type(widget).__name__


def test_canvas_is_of_the_extension_where_nothing_says_otherwise():
    assert shown() == "CanvasWidget"


@pytest.mark.skipif(not BUILT, reason="the front end was not built")
@pytest.mark.parametrize("place", ["vscode", "colab", "asked"])
def test_canvas_brings_its_script_where_there_is_no_extension(monkeypatch, place):
    if place == "vscode":
        monkeypatch.setenv("VSCODE_PID", "1")
    elif place == "colab":
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    else:
        monkeypatch.setenv("DLAAW_CANVAS", "script")
    assert shown() == "CanvasScript"


def test_canvas_of_the_extension_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("VSCODE_PID", "1")
    monkeypatch.setenv("DLAAW_CANVAS", "extension")
    assert shown() == "CanvasWidget"


def test_setting_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("DLAAW_CANVAS", "picture")
    with pytest.raises(GraphError, match="expected extension or script, got 'picture'"):
        shown()


def test_script_that_was_not_built_is_missed_in_words():
    with pytest.raises(GraphError, match="without SKIP_JUPYTER_BUILDER"):
        compose_script._read("nothing.js")


@pytest.mark.skipif(not BUILT, reason="the front end was not built")
def test_both_widgets_share_the_same_attributes():
    own = {"document", "catalogue", "trouble", "run"}
    for kind in (CanvasWidget, compose_script.CanvasScript):
        assert own <= set(kind.class_trait_names(sync=True))
