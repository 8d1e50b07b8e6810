"""The summary of a run as HTML and as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from dlaaw_nb.views.workflow_html import ROWS, RunRow, run_html, run_text
from dlaaw_nb.views.workflow_marks import STATES

EVIL = '"><script>x</script>\u202e'


class Tags(HTMLParser):
    """Collects tags and texts; every tag must close."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def rows(count, state="finished"):
    return [RunRow(f"t{at}", "k", state, 0.1) for at in range(count)]


def test_summary_has_facts_picture_and_tasks():
    html = run_html(
        "run", [("state", "finished")], "<img>", [RunRow("a", "k", "failed", 1.5, "no")]
    )
    parsed = Tags(html)
    for text in ("run", "state", "finished", "a", "k", "failed", "1.5 s", "no"):
        assert any(text in said for said in parsed.texts), text
    assert "<img>" in html
    assert ("th", "col") in [(tag, attrs.get("scope")) for tag, attrs in parsed.tags]
    assert ("th", "row") in [(tag, attrs.get("scope")) for tag, attrs in parsed.tags]


def test_failures_come_first_and_many_tasks_are_folded():
    html = run_html("run", [], "", [*rows(600), RunRow("bad", "k", "failed", None, "no")])
    first, folded = html.split("<details>")
    assert "bad" in first
    assert html.index("bad") < html.index(">t0<")
    assert first.count("<tr>") == ROWS
    assert "571 more tasks" in folded
    assert "and 71 more" in folded
    Tags(html)


def test_text_is_aligned_and_cut():
    text = run_text("run", [("id", "x"), ("state", "finished")], rows(100), ["careful"])
    lines = text.splitlines()
    assert lines[0] == "run: 100 tasks, 100 finished"
    assert lines[1] == "! careful"
    assert lines[-1] == "  and 70 more"
    starts = {line.index("finished") for line in lines[4:-1]}
    assert len(starts) == 1


def test_hostile_words_do_no_harm():
    row = RunRow(EVIL * 100, EVIL, EVIL, float("nan"), EVIL * 1000)
    html = run_html(EVIL, [(EVIL, EVIL)], "", [row] * 40, [EVIL])
    assert "<script" not in html
    assert "\u202e" not in html
    Tags(html)
    assert "\u202e" not in run_text(EVIL, [(EVIL, EVIL)], [row], [EVIL])


def test_every_state_has_a_mark_and_a_word():
    for state, look in STATES.items():
        html = run_html("", [], "", [RunRow("a", "k", state)])
        assert re.search(f'aria-hidden="true"[^>]*>{re.escape(look.letter)}<', html)
        assert state in html


def test_long_names_keep_their_last_parts():
    text = run_text("", [], [RunRow("Sub/" * 40 + "clean", "k", "finished")])
    assert "…/Sub/Sub/" in text
    assert "/clean " in text
