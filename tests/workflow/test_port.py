import pytest

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow import (
    ANY,
    ARRAY,
    TABLE,
    Port,
    PortType,
    port_type,
    port_types,
    register_port_type,
)


def test_port_type_same_is_accepted():
    assert ARRAY.accepts(ARRAY)


def test_port_type_any_accepts_everything():
    assert ANY.accepts(TABLE)
    assert TABLE.accepts(ANY)  # what comes is looked at when it is there


def test_port_type_wider_accepts_narrower_but_not_the_reverse():
    narrow = PortType("image", "a picture as numbers", ("array",))
    assert ARRAY.accepts(narrow)
    assert not narrow.accepts(ARRAY)


def test_port_type_refusal_names_both_types():
    reason = TABLE.refusal(ARRAY)
    assert reason == "expected table (a pandas DataFrame), got array (a NumPy array)"


def test_register_port_type_twice_same_is_kept():
    same = PortType("array", "a NumPy array", (), ("numpy:ndarray",), "dlaaw_nb.store.codecs:ARRAY")
    assert register_port_type(same) is ARRAY


def test_register_port_type_other_meaning_is_refused():
    with pytest.raises(GraphError, match="already registered"):
        register_port_type(PortType("array", "something else"))
    assert port_type("array") is ARRAY


def test_port_type_unknown_name_lists_the_known():
    with pytest.raises(GraphError, match=r"'arrray': not known. Choose one of .*array.*table"):
        port_type("arrray")


def test_port_types_are_sorted_by_name():
    names = [kind.name for kind in port_types()]
    assert names == sorted(names)
    assert {"any", "array", "table"} <= set(names)


@pytest.mark.parametrize(
    ("wanted", "given", "fits"),
    [
        ((None, 3), (None, 3), True),
        ((None, 3), (10, 3), True),
        ((None, 3), (None, None), True),
        (None, (5,), True),
        ((5,), None, True),
        ((None, 3), (None, 4), False),
        ((None, 3), (3,), False),
    ],
)
def test_port_shapes_fit_when_no_axis_differs(wanted, given, fits):
    reason = Port("input", ARRAY, "input", wanted).refusal(Port("output", ARRAY, "output", given))
    assert (reason is None) == fits


def test_port_shape_refusal_names_both_shapes():
    reason = Port("x", ARRAY, "input", (None, 3)).refusal(Port("y", ARRAY, "output", (7, 4)))
    assert reason == "expected shape (any, 3), got (7, 4)"


def test_port_two_inputs_are_refused():
    port = Port("x", ARRAY, "input")
    assert port.refusal(port) == "an edge runs from an output to an input"
