"""The layout of graphs: nothing overlaps, edges go forward and keep clear of boxes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlaaw_nb.errors import GraphError
from dlaaw_nb.views.workflow_edges import smooth
from dlaaw_nb.views.workflow_layout import Link, layout


@st.composite
def graphs(draw, most=24, *, cyclic=False):
    """Names, edges and sizes of a graph; the names in any order."""
    count = draw(st.integers(1, most))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = draw(st.lists(pairs, max_size=2 * count))
    if not cyclic:
        edges = [(min(pair), max(pair)) for pair in edges if pair[0] != pair[1]]
    sizes = st.tuples(st.integers(20, 200), st.integers(10, 120))
    names = [f"n{at}" for at in range(count)]
    given_sizes = {name: draw(sizes) for name in names}
    links = [Link(names[a], names[b]) for a, b in edges]
    return draw(st.permutations(names)), links, given_sizes


def overlapping(places, sizes):
    boxes = [
        (x, y, x + sizes[name][0], y + sizes[name][1]) for name, (x, y) in places.corners.items()
    ]
    return [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]


@given(graphs())
@settings(max_examples=80, deadline=None)
def test_layout_of_any_graph_keeps_boxes_apart_and_inside(graph):
    names, links, sizes = graph
    places = layout(names, links, sizes)
    assert not overlapping(places, sizes)
    assert set(places.corners) == set(names)
    for name, (x, y) in places.corners.items():
        assert x >= -0.01
        assert y >= -0.01
        assert x + sizes[name][0] <= places.width + 0.01
        assert y + sizes[name][1] <= places.height + 0.01


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_edges_of_any_graph_without_cycles_go_to_a_later_layer(graph):
    names, links, sizes = graph
    places = layout(names, links, sizes)
    for link, route in zip(links, places.routes, strict=True):
        assert places.layers[link.source] < places.layers[link.target]
        x, y = places.corners[link.source]
        width, height = sizes[link.source]
        assert route[0] == pytest.approx((x + width, y + height / 2), abs=0.02)
        x, y = places.corners[link.target]
        assert route[-1] == pytest.approx((x, y + sizes[link.target][1] / 2), abs=0.02)


@given(graphs(most=16))
@settings(max_examples=60, deadline=None)
def test_edges_in_one_row_never_turn_back(graph):
    names, links, sizes = graph
    places = layout(names, links, sizes, room=1e9)
    for route in places.routes:
        line = smooth(route)
        assert all(one[0] <= other[0] + 0.02 for one, other in itertools.pairwise(line))


@given(graphs(most=16))
@settings(max_examples=60, deadline=None)
def test_edges_do_not_run_through_boxes(graph):
    names, links, sizes = graph
    places = layout(names, links, sizes, room=1e9)
    for link, route in zip(links, places.routes, strict=True):
        for name, (x, y) in places.corners.items():
            if name in (link.source, link.target):
                continue
            width, height = sizes[name]
            inside = [
                (px, py)
                for px, py in smooth(route)
                if x + 1 < px < x + width - 1 and y + 1 < py < y + height - 1
            ]
            assert not inside, (link, name)


@given(graphs(most=12, cyclic=True))
@settings(max_examples=60, deadline=None)
def test_layout_of_cycles_is_made_too(graph):
    names, links, sizes = graph
    places = layout(names, links, sizes)
    assert not overlapping(places, sizes)
    assert len(places.routes) == len(links)


@given(graphs())
@settings(max_examples=20, deadline=None)
def test_layout_of_the_same_graph_is_the_same(graph):
    assert layout(*graph) == layout(*graph)


def test_layout_with_an_unknown_box_names_the_edge():
    with pytest.raises(GraphError, match="'a' -> 'b'"):
        layout(["a"], [("a", "b")], {"a": (10, 10)})


def test_layout_of_a_diamond_is_symmetric_and_its_ends_level():
    sizes = dict.fromkeys("abcd", (80, 40))
    places = layout("abcd", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], sizes)
    at = {name: y for name, (_, y) in places.corners.items()}
    assert at["a"] == at["d"]
    assert at["b"] + at["c"] == pytest.approx(2 * at["a"])
    assert [places.layers[name] for name in "abcd"] == [0, 1, 1, 2]


def test_layout_of_a_long_chain_takes_several_rows():
    names = [f"n{at}" for at in range(40)]
    sizes = dict.fromkeys(names, (80, 30))
    places = layout(names, [*itertools.pairwise(names)], sizes, room=600.0)
    assert places.width <= 640
    assert not overlapping(places, sizes)
    assert len({y for _, y in places.corners.values()}) > 3


def test_layout_of_a_chain_deeper_than_the_stack_is_made():
    names = [f"n{at}" for at in range(3_000)]
    places = layout(names, [*itertools.pairwise(names)], dict.fromkeys(names, (80, 30)))
    assert places.layers["n2999"] == 2999
