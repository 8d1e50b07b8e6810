import pytest

from dlaaw_nb.views.palette import COLOURS, DASHES, GREY, HATCHES, MARKERS, contrast


@pytest.mark.parametrize("background", ["#ffffff", "#111111"])
@pytest.mark.parametrize("colour", COLOURS)
def test_series_colour_on_light_and_dark_is_seen(colour, background):
    assert contrast(colour, background) >= 3.0


@pytest.mark.parametrize("background", ["#ffffff", "#111111"])
def test_text_colour_on_light_and_dark_is_read(background):
    assert contrast(GREY, background) >= 4.0


def test_contrast_of_black_and_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("marks", [DASHES, MARKERS, HATCHES])
def test_series_are_told_apart_without_colour(marks):
    assert len(set(marks)) == len(COLOURS)
