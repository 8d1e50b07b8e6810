import math

import pytest

from dlaaw_nb.views.text import (
    MISSING,
    counted,
    number_text,
    seconds_text,
    settings_text,
    value_text,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 µs"),
        (8.5e-7, "0.85 µs"),
        (850e-6, "850 µs"),
        (0.0021, "2.1 ms"),
        (0.9999, "1 s"),
        (3.4199, "3.42 s"),
        (119.0, "119 s"),
        (200.0, "3 min 20 s"),
        (180.0, "3 min"),
        (7500.0, "2 h 5 min"),
        (7200.0, "2 h"),
        (-0.5, "-500 ms"),
        (None, MISSING),
        (math.nan, MISSING),
        (math.inf, MISSING),
    ],
)
def test_seconds_text_takes_the_fitting_unit(seconds, text):
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.92949, "0.929"),
        (0.0, "0.000"),
        (1.0, "1.000"),
        (0.00041, "4.1e-04"),
        (-0.5, "-0.500"),
        (1234567.0, "1.2e+06"),
        (None, MISSING),
        (math.nan, MISSING),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
    ],
)
def test_number_text_is_short_and_never_nan(value, text):
    assert number_text(value) == text


def test_counted_one_is_singular():
    assert counted(1, "fold") == "1 fold"
    assert counted(0, "fold") == "0 folds"


def test_value_text_of_widths_joins_them():
    assert value_text((8, 4)) == "8-4"
    assert value_text(()) == "none"
    assert value_text(0.1) == "0.1"
    assert value_text("minmax") == "minmax"


def test_settings_text_of_chosen_names_keeps_their_order():
    settings = {"learning_rate": 0.1, "momentum": 0.9}
    assert settings_text(settings, ["momentum", "absent"]) == "momentum 0.9"
    assert settings_text(settings) == "learning_rate 0.1, momentum 0.9"
    assert settings_text({}) == "as designed"
