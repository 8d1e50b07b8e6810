import math

import numpy as np
import pytest

from dlaaw_nb.errors import DataError
from dlaaw_nb.views import (
    accuracy_bars,
    class_view,
    comparison,
    confusion_view,
    cost_curves,
    heat_map,
    mean_curve,
    number_view,
    probability_view,
    residual_view,
    setting_dots,
    setting_trend,
)

CURVE = [(0, 0.7), (100, 0.4), (200, 0.3)]
OTHER = [(0, 0.9), (100, 0.6), (200, 0.5)]


def legend_of(axes):
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def words_of(axes):
    return [text.get_text() for text in axes.texts]


def inside(view):
    """Whether all that a figure draws, titles and labels too, lies within it."""
    view.draw_without_rendering()
    width, height = view.get_size_inches()
    box = view.get_tightbbox(view._get_renderer())
    return box.x0 > -0.02 and box.y0 > -0.02 and box.x1 < width + 0.02 and box.y1 < height + 0.02


# ---- curves


def test_cost_curves_of_one_have_no_legend_and_say_start_and_end():
    view = cost_curves({"training": CURVE}, title="Cost")
    assert legend_of(view.axes[0]) == []
    assert view.label == "Cost: from 0.7000 at epoch 0 to 0.3000 at epoch 200"


def test_cost_curves_of_two_name_both_and_look_different():
    axes = cost_curves({"a": CURVE, "b": OTHER}).axes[0]
    assert legend_of(axes) == ["a", "b"]
    first, second = axes.lines
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()
    assert first.get_linestyle() != second.get_linestyle()


@pytest.mark.parametrize("series", [{}, {"a": []}, {"a": [(0, math.nan)]}])
def test_cost_curves_without_points_say_so(series):
    view = cost_curves(series)
    assert words_of(view.axes[0]) == ["no costs were recorded"]
    view.to_png()


def test_cost_curves_of_one_point_show_a_marker():
    line = cost_curves({"a": [(0, 0.7)]}).axes[0].lines[0]
    assert line.get_marker() == "o"
    assert line.get_xdata().tolist() == [0]


def test_cost_curves_over_decades_are_logarithmic_with_plain_numbers():
    view = cost_curves({"a": [(0, 10.0), (100, 0.01)]})
    axes = view.axes[0]
    assert axes.get_yscale() == "log"
    view.draw_without_rendering()
    assert "0.1" in [label.get_text() for label in axes.get_yticklabels()]


def test_cost_curves_diverged_mark_the_epoch_and_leave_out_nan():
    axes = cost_curves({"a": [(0, 0.7), (100, math.inf)]}, diverged={"a": 100}).axes[0]
    assert legend_of(axes) == ["diverged at epoch 100"]
    assert axes.lines[0].get_xdata().tolist() == [0]


def test_cost_curves_mean_leaves_out_diverged():
    series = {"a": CURVE, "b": OTHER, "c": [(0, 0.7), (100, 90.0)]}
    axes = cost_curves(series, mean=True, diverged={"c": 150}).axes[0]
    assert legend_of(axes) == ["a", "b", "c", "mean of 2", "c diverged at epoch 150"]
    assert axes.lines[3].get_ydata() == pytest.approx([0.8, 0.5, 0.4])


def test_cost_curves_of_many_name_them_together():
    axes = cost_curves({f"fold {i}": CURVE for i in range(20)}, mean=True).axes[0]
    assert legend_of(axes) == ["each curve", "mean"]


def test_mean_curve_takes_the_epochs_that_all_have():
    assert mean_curve({"a": CURVE, "b": OTHER[:2], "c": []}) == [
        (0, pytest.approx(0.8)),
        (100, pytest.approx(0.5)),
    ]
    assert mean_curve({}) == []


# ---- bars


def test_accuracy_bars_have_values_on_top():
    axes = accuracy_bars(["one", "two"], [0.9, 0.8], [0.0004, 0.0]).axes[0]
    assert words_of(axes) == ["0.900", "0.800"]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([0.9, 0.8])
    # The value stands above the error bar of one std. dev..
    assert axes.texts[0].xy[1] == pytest.approx(0.92)


def test_accuracy_bars_without_a_value_say_none():
    assert words_of(accuracy_bars(["one"], [math.nan]).axes[0]) == ["none"]


def test_comparison_with_too_few_values_names_the_series():
    with pytest.raises(DataError, match=r"'ours': expected 2 values.*got 1.*NaN"):
        comparison(["one", "two"], {"ours": [0.9]})


def test_comparison_of_series_has_hatches_and_a_legend():
    view = comparison(["one"], {"ours": [0.9], "theirs": [0.8]}, seconds={"ours": [1e-3]})
    top, below = view.axes
    assert [bar.get_hatch() or "" for bar in top.patches] == ["", "//"]
    assert [text.get_text() for text in view.legends[0].get_texts()] == ["ours", "theirs"]
    assert words_of(below) == ["1 ms", "none"]


def test_comparison_of_far_apart_times_is_logarithmic():
    view = comparison(["a", "b"], {"": [0.9, 0.8]}, seconds={"": [0.001, 10.0]})
    assert view.axes[1].get_yscale() == "log"
    near = comparison(["a", "b"], {"": [0.9, 0.8]}, seconds={"": [1.0, 2.0]})
    assert near.axes[1].get_yscale() == "linear"


def test_comparison_of_nothing_still_draws():
    comparison([], {}).to_png()
    comparison(["a"], {"": [math.nan]}, seconds={"": [math.nan]}).to_png()


# ---- settings


def test_setting_dots_write_each_mean_and_the_best():
    axes = setting_dots(["a", "b", "c"], [0.8, 0.9, math.nan], [0.01, 0.0, math.nan], best=1).axes[
        0
    ]
    assert words_of(axes) == ["0.800", "0.900  best", "diverged"]
    assert "std. dev." in axes.get_xlabel()


def test_setting_dots_of_twenty_five_long_names_stay_inside():
    labels = [f"learning_rate {i}, momentum 0.9, epochs 1000, batches 6, seed 0" for i in range(25)]
    assert inside(setting_dots(labels, [0.9] * 25, [0.001] * 25, best=3))


def test_setting_dots_of_nothing_say_so():
    assert words_of(setting_dots([], []).axes[0]) == ["no settings were run"]


def test_setting_trend_over_decades_is_logarithmic():
    axes = setting_trend([0.001, 0.01, 0.1], [0.8, 0.9, 0.7], best=1).axes[0]
    assert axes.get_xscale() == "log"
    assert legend_of(axes) == ["best, 0.900"]


def test_setting_trend_marks_diverged():
    axes = setting_trend([1, 2], [0.8, math.nan], best=0).axes[0]
    assert "diverged" in legend_of(axes)
    setting_trend([1], [math.nan]).to_png()


# ---- heat map


def test_heat_map_writes_values_and_leaves_gaps_open():
    values = np.array([[0.5, math.nan], [0.75, 0.9]])
    axes = heat_map(values, ["a", "b"], ["c", "d"], row_label="r", column_label="s").axes[0]
    assert words_of(axes) == ["0.500", "\N{EN DASH}", "0.750", "0.900"]
    assert axes.get_xlabel() == "s"


def test_heat_map_of_many_cells_has_no_numbers_and_is_small():
    values = np.random.default_rng(0).random((20, 20))
    names = [f"{i / 7:.6g}" for i in range(20)]
    view = heat_map(values, names, names, row_label="learning_rate", column_label="momentum")
    assert words_of(view.axes[0]) == []
    assert inside(view)
    assert len(view.to_svg()) < 60_000


def test_heat_map_of_gaps_alone_still_draws():
    view = heat_map(np.full((1, 2), math.nan), ["a"], ["b", "c"], row_label="", column_label="")
    view.to_png()


# ---- predictions


def test_probability_view_by_class_counts_every_row():
    probabilities = np.array([0.0, 0.2, 0.5, 1.0])
    view = probability_view(probabilities, ("no", "yes"), np.array([0.0, 0.0, 1.0, 1.0]))
    axes = view.axes[0]
    assert legend_of(axes) == ["truly no (2)", "truly yes (2)"]
    assert sum(patch.get_data().values.sum() for patch in axes.patches) == 2 * 4
    assert axes.get_xlabel() == "probability of yes"


def test_probability_view_with_confusion_writes_counts_and_shares():
    counts = np.array([[3, 1], [0, 4]])
    view = probability_view(np.array([0.1, 0.9]), (0, 1), None, counts)
    assert words_of(view.axes[1]) == ["3\n37.5 %", "1\n12.5 %", "0\n0.0 %", "4\n50.0 %"]


def test_confusion_view_of_no_rows_still_draws():
    view = confusion_view(np.zeros((2, 2), int), ("no", "yes"))
    assert words_of(view.axes[0]) == ["0", "0", "0", "0"]
    view.to_png()


@pytest.mark.parametrize(
    "view",
    [
        lambda: cost_curves({f"fold {i}": CURVE for i in range(5)}, mean=True),
        lambda: accuracy_bars([f"a long name {i}" for i in range(9)], [0.9] * 9, [0.01] * 9),
        lambda: comparison(["bank marketing"] * 5, {"a": [0.9] * 5, "b": [1.0] * 5}),
        lambda: setting_trend(list(range(100)), [0.9] * 100, [0.01] * 100, best=3),
        lambda: confusion_view(np.array([[99999, 1], [1, 99999]]), ("a rather long class", "b")),
    ],
)
def test_drawing_keeps_its_texts_inside_and_its_svg_small(view):
    drawn = view()
    assert inside(drawn)
    assert len(drawn.to_svg()) < 60_000


# ---- several classes and numbers


def test_confusion_of_three_classes_writes_counts_and_names():
    axes = confusion_view(np.diag([3, 4, 5]), ("a", "b", "c")).axes[0]
    assert words_of(axes) == ["3", "0", "0", "0", "4", "0", "0", "0", "5"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


@pytest.mark.parametrize("classes", [21, 100])
def test_confusion_of_many_classes_is_one_bitmap_of_shares(classes):
    view = confusion_view(np.diag(np.arange(classes)), [f"a long name {i}" for i in range(classes)])
    axes = view.axes[0]
    assert words_of(axes) == []
    assert len(axes.patches) == 0
    (image,) = axes.images
    np.testing.assert_allclose(np.diag(image.get_array()), [0, *[100.0] * (classes - 1)])
    assert len(axes.get_yticklabels()) <= 40
    assert inside(view)
    assert len(view.to_svg()) < 200_000


def test_confusion_of_a_part_takes_shares_of_all_rows():
    matrix = np.diag([5] * 30)
    image = confusion_view(matrix, range(30), rows=np.full(30, 20)).axes[0].images[0]
    assert image.get_array()[0, 0] == pytest.approx(25.0)


def test_classes_predicted_show_the_thirty_with_most_rows():
    counts = [100 - i for i in range(60)]
    view = class_view(counts, [f"kind {i}" for i in range(60)])
    axes = view.axes[0]
    assert [bar.get_width() for bar in axes.patches] == counts[:30]
    assert "30 of 60" in axes.get_title()
    assert inside(view)


def test_residuals_draw_the_line_of_truth_and_zero():
    view = residual_view(np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0]), name="price")
    left, right = view.axes
    assert left.get_xlabel() == "true price"
    assert left.lines[0].get_xdata().tolist() == left.lines[0].get_ydata().tolist() == [1.0, 4.0]
    assert right.lines[1].get_ydata().tolist() == [-0.5, 0.0, 1.0]
    assert inside(view)


def test_residuals_of_many_rows_stay_small_and_of_none_say_so():
    numbers = np.random.default_rng(0).normal(size=100_000)
    assert len(residual_view(numbers, numbers).to_svg()) < 600_000
    empty = np.empty(0)
    assert words_of(residual_view(empty, empty).axes[0]) == ["no rows"]
    assert words_of(number_view(empty).axes[0]) == ["no rows"]


def test_heat_map_of_one_very_low_score_still_tells_the_others_apart():
    image = (
        heat_map(np.array([[0.4, 0.5], [-300.0, 0.1]]), "ab", "cd", row_label="r", column_label="c")
        .axes[0]
        .images[0]
    )
    assert image.get_clim() == (-1.0, 0.5)
    usual = heat_map(np.array([[0.4, 0.5]]), "a", "cd", row_label="r", column_label="c")
    assert usual.axes[0].images[0].get_clim() == (0.4, 0.5)


def test_comparison_below_zero_begins_below_the_lowest_spread():
    axes = comparison(["a", "b"], {"": [0.5, -0.4]}, {"": [0.0, 0.25]}, score_name="R2").axes[0]
    assert axes.get_ylim()[0] < -0.9
    assert axes.get_ylabel() == "test R2, mean ± std. dev."
    assert comparison(["a"], {"": [0.5]}).axes[0].get_ylim() == (0, 1.12)
