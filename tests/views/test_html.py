import base64
from html.parser import HTMLParser

from dlaaw_nb.views import html

EVIL = """<b onclick="x('y')">&"""


class Tags(HTMLParser):
    """Collects the tags and texts of a piece of HTML, and whether they close."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_escape_of_markup_is_harmless_in_text_and_attributes():
    assert html.escape(EVIL) == "&lt;b onclick=&quot;x(&#x27;y&#x27;)&quot;&gt;&amp;"


def test_table_with_markup_in_cells_escapes_them():
    parsed = Tags(html.table([(EVIL, EVIL)], [EVIL, EVIL], EVIL))
    assert parsed.texts == [EVIL] * 5
    assert {tag for tag, _ in parsed.tags} <= {
        "table", "caption", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert parsed.open == []


def test_table_headings_have_a_scope():
    parsed = Tags(html.table([("a", 1)], ["name", "value"]))
    scopes = [attrs["scope"] for tag, attrs in parsed.tags if tag == "th"]
    assert scopes == ["col", "col", "row"]


def test_table_of_nothing_is_still_whole():
    assert Tags(html.table([])).open == []
    assert Tags(html.table([()])).open == []


def test_section_and_note_with_markup_escape_it():
    parsed = Tags(html.section(EVIL, html.note(EVIL)))
    assert parsed.texts == [EVIL, EVIL]
    assert parsed.open == []


def test_picture_carries_the_svg_and_its_words():
    parsed = Tags(html.picture("<svg/>", EVIL, 400))
    (tag, attributes) = parsed.tags[0]
    assert tag == "img"
    assert attributes["alt"] == EVIL
    assert attributes["role"] == "img"
    kind, _, data = attributes["src"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data) == b"<svg/>"


def test_colours_are_jupyter_variables_with_fallbacks():
    text = html.section("title", html.note("note"), html.table([("a", 1)], ["b", "c"]))
    assert text.count("var(--jp-") == 3
    assert all("," in part.split(")")[0] for part in text.split("var(")[1:])
    assert "<style" not in text
