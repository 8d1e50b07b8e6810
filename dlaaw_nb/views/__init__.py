"""Views: plain data in, a matplotlib figure, SVG, PNG or HTML out.

They know no network and no notebook. Importing this room costs nothing: matplotlib is loaded with
the first figure.
"""

from dlaaw_nb.views.bars import accuracy_bars, comparison
from dlaaw_nb.views.confusion import confusion_view
from dlaaw_nb.views.curves import cost_curves, mean_curve
from dlaaw_nb.views.heat import heat_map
from dlaaw_nb.views.html import escape, note, picture, section, table
from dlaaw_nb.views.prediction import class_view, probability_view
from dlaaw_nb.views.residuals import number_view, residual_view
from dlaaw_nb.views.settings import setting_dots, setting_trend
from dlaaw_nb.views.shown import Shown
from dlaaw_nb.views.text import counted, number_text, seconds_text, settings_text, value_text

__all__ = [
    "Shown",
    "accuracy_bars",
    "class_view",
    "comparison",
    "confusion_view",
    "cost_curves",
    "counted",
    "escape",
    "heat_map",
    "mean_curve",
    "note",
    "number_text",
    "number_view",
    "picture",
    "probability_view",
    "residual_view",
    "seconds_text",
    "section",
    "setting_dots",
    "setting_trend",
    "settings_text",
    "table",
    "value_text",
]
