import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from dlaaw_nb.views import cost_curves, heat_map, probability_view
from dlaaw_nb.views.palette import GREY

CURVE = [(0, 0.7), (100, 0.4), (200, 0.3)]
EVIL = '<script>"&'


def ids_of(svg):
    return re.findall(r'\bid="([^"]+)"', svg)


def test_svg_is_one_well_formed_element_with_a_name():
    view = cost_curves({"training": CURVE}, title=EVIL)
    svg = view.to_svg()
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == view.label
    assert root[0].tag.endswith("title")
    assert root[0].text == view.label
    assert "<script" not in svg


def test_svg_has_nothing_that_reaches_outside_of_it():
    svg = cost_curves({"training": CURVE}).to_svg()
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert "<!DOCTYPE" not in svg
    assert "<!--" not in svg


def test_svg_ids_are_referred_to_and_differ_between_figures():
    view = cost_curves({"a": CURVE, "b": CURVE})
    first, second = ids_of(view.to_svg()), ids_of(view.to_svg())
    assert first
    assert len(first) == len(set(first))
    assert not set(first) & set(second)
    svg = view.to_svg()
    assert all(f"#{name}" in svg for name in ids_of(svg))
    assert set(re.findall(r"#([a-z][0-9a-f]{9,})\b", svg)) <= set(ids_of(svg))


def test_svg_text_takes_the_page_colour_with_a_fallback():
    svg = cost_curves({"training": CURVE}).to_svg()
    assert f"var(--jp-ui-font-color2,{GREY})" in svg
    assert GREY not in svg.replace(f"var(--jp-ui-font-color2,{GREY})", "")


def test_png_background_is_transparent():
    image = mpl.image.imread(io.BytesIO(cost_curves({"training": CURVE}).to_png()))
    assert image[0, 0, 3] == 0.0


def test_drawing_leaves_the_persons_style_alone():
    before = dict(mpl.rcParams)
    view = cost_curves({"training": CURVE})
    view.to_svg()
    view.to_png()
    assert dict(mpl.rcParams) == before


def test_drawing_in_the_persons_dark_style_looks_the_same():
    plain = cost_curves({"training": CURVE})
    with mpl.rc_context({"text.color": "white", "axes.facecolor": "black", "text.usetex": True}):
        styled = cost_curves({"training": CURVE})
        assert styled.to_png() == plain.to_png()


def test_drawing_does_not_load_pyplot_and_views_do_not_load_matplotlib():
    code = (
        "import sys, dlaaw_nb.views as v, dlaaw_nb.nn.results;"
        "assert 'matplotlib' not in sys.modules; assert 'pandas' not in sys.modules;"
        "v.cost_curves({'a': [(0, 1.0)]}).to_png();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_figure_shows_itself_without_pyplot():
    data, metadata = cost_curves({"training": CURVE})._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert "<img " in data["text/html"]
    assert metadata["image/png"] == {"width": 461, "height": 245}


@pytest.mark.parametrize("name", ["a $\\frac$ b", "$", EVIL, "", "ünïcode ≥ µ"])
def test_names_that_look_like_formulas_are_plain_text(name):
    cost_curves({name: CURVE, "b": CURVE}, title=name).to_svg()
    cells = np.array([[0.5, 0.6]])
    heat_map(cells, [name], [name, "b"], row_label=name, column_label=name).to_png()
    probability_view(np.array([0.1, 0.9]), (name, name), np.array([0.0, 1.0])).to_png()
