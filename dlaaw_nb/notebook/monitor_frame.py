"""One frame of a monitor: a line of words, a bar, a chart; always of the same height."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dlaaw_nb.nn.placements import draw_placements
from dlaaw_nb.views.html import escape, picture
from dlaaw_nb.views.live_chart import HEIGHT, WIDTH, describe, live_chart
from dlaaw_nb.views.text import counted, number_text, seconds_text, settings_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.notebook.course import Course
    from dlaaw_nb.views.canvas import View

__all__ = ["caption_html", "facts", "frame_html", "headline", "last_frame", "trouble"]

_TEXT = (
    "color:var(--jp-ui-font-color1,inherit);font-size:13px;line-height:20px;"
    "font-variant-numeric:tabular-nums"
)
_ONE_LINE = "height:20px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
_TRACK = (
    f"width:{WIDTH}px;max-width:100%;height:8px;border-radius:4px;overflow:hidden;margin:2px 0;"
    "background:var(--jp-layout-color3,#c8c8c8)"
)
_COLOURS = {
    "finished": "var(--jp-success-color1,#009268)",
    "stopped": "var(--jp-warn-color1,#d55e00)",
    "failed": "var(--jp-error-color1,#c62828)",
}
_DOING = {"training": "Training", "folds": "Cross-validation", "sweep": "Sweep"}


def headline(course: Course) -> str:
    """Say what runs, and how it stands.

    Parameters
    ----------
    course : Course
        The run.

    Returns
    -------
    str
        Plain text.
    """
    name = course.networks[0].name if len(course.networks) else "a network"
    took = seconds_text(course.seconds)
    what = f"{_DOING[course.kind]} of {name}"
    states = {
        "preparing": f"{what}: preparing (the first time, kernels are compiled), {took}",
        "running": f"{what}: running, {took}",
        "finished": f"{what}: finished in {took}",
        "stopped": f"{what}: stopped after {took}; what was trained so far is kept",
        "failed": f"{what}: failed after {took}",
    }
    if course.state == "stopped" and course.error is not None:
        return f"{what}: stopped after {took}, before anything was trained"
    return states[course.state]


def facts(course: Course) -> str:
    """Say the numbers: how far, how good, how fast, how long still.

    Parameters
    ----------
    course : Course
        The run.

    Returns
    -------
    str
        Plain text on one line.
    """
    pieces = [_how_far(course)]
    if course.kind == "sweep":
        best = course.best()
        if best is not None:
            pieces.append(f"best so far {number_text(best[0])} at {settings_text(best[1])}")
    else:
        mean = "mean " if course.kind == "folds" else ""
        pieces.append(f"{mean}cost {number_text(course.cost, 4)}")
        pieces.append(f"{mean}{course.score_name} {number_text(course.score)}")
    if not math.isnan(course.rows_a_second):
        pieces.append(f"{_short(course.rows_a_second)} rows/s")
    if not math.isnan(course.seconds_left):
        pieces.append(f"{seconds_text(_calm(course.seconds_left))} left")
    return " · ".join(pieces)


def trouble(error: BaseException) -> str:
    """Say in words what ended a run.

    Parameters
    ----------
    error : BaseException
        What was raised.

    Returns
    -------
    str
        Its kind and its message.
    """
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def frame_html(course: Course) -> str:
    """Draw a frame of a run that is under way.

    Parameters
    ----------
    course : Course
        The run.

    Returns
    -------
    str
        HTML of a fixed height, so that what is below does not jump.
    """
    title, lines, svg = _chart(course)
    return _wrapped(course, picture(svg, describe(lines, title), WIDTH), _nodes(course))


def last_frame(course: Course) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw the frame that stays, its picture by matplotlib.

    Parameters
    ----------
    course : Course
        A run that is over.

    Returns
    -------
    tuple of dict
        MIME bundle and its metadata.
    """
    data: dict[str, Any] = {"text/plain": _plain(course)}
    if course.state == "failed" or not (course.costs or course.ended):
        return {**data, "text/html": _wrapped(course, "")}, {}
    view = _view(course)
    data["text/html"] = _wrapped(course, view.to_html(), _nodes(course))
    view.settle()
    data["image/png"] = view.to_png()
    return data, {"image/png": view.png_metadata()}


def caption_html(text: str) -> str:
    """Write the line that goes above a result.

    Parameters
    ----------
    text : str
        Escaped here.

    Returns
    -------
    str
        HTML.
    """
    return f'<div style="{_TEXT}">{escape(text)}</div>'


def _plain(course: Course) -> str:
    lines = [headline(course), facts(course)]
    if course.state == "failed" and course.error is not None:
        lines.append(trouble(course.error))
    return "\n".join(lines)


def _nodes(course: Course) -> str:
    """Draw which training runs on which node, and how the nodes are; empty for one machine."""
    found = course.placements.found
    if not (found and len({place.node for place in found}) > 1) and not course.telemetry:
        return ""
    drawn = ""
    if len({place.node for place in found}) > 1:
        word = "fold" if course.kind == "folds" else "training"
        now = None if course.over else course.seconds_running
        drawn = draw_placements("", found, word, now).to_html()
    lines = [f"{name}: {telemetry_text(facts)}" for name, facts in course.telemetry.items()]
    told = "".join(f'<div style="{_ONE_LINE}">{escape(line)}</div>' for line in lines)
    return f'<div class="dlaaw-nodes">{drawn}{told}</div>'


def telemetry_text(facts: Mapping[str, Any]) -> str:
    """Say how a node is: what was measured, in words.

    Parameters
    ----------
    facts : mapping
        See ``dlaaw_nb.engine.telemetry``.

    Returns
    -------
    str
        Such as ``GPU 97 %, CPU 12 %, 51 °C, 9.3 W, 2.1 of 3.9 GB``; without what is not known.
    """
    forms = {
        "utilization_pct": "GPU {:.0f} %",
        "cpu_pct": "CPU {:.0f} %",
        "temperature_c": "{:.0f} °C",
        "power_w": "{:.1f} W",
    }
    told = [form.format(facts[key]) for key, form in forms.items() if facts.get(key) is not None]
    used, total = facts.get("memory_used_mb"), facts.get("memory_total_mb")
    if used is not None and total is not None:
        told.append(f"{used / 1024:.1f} of {total / 1024:.1f} GB")
    return ", ".join(told)


def _wrapped(course: Course, chart: str, nodes: str = "") -> str:
    colour = _COLOURS.get(course.state, "var(--jp-brand-color1,#0077bb)")
    percent = 100.0 if course.state == "finished" else 100.0 * course.share
    bar = (
        f'<div role="progressbar" aria-label="epochs done" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent:.0f}" style="{_TRACK}">'
        f'<div style="width:{percent:.1f}%;height:100%;background:{colour}"></div></div>'
    )
    below = ""
    if course.state == "failed" and course.error is not None:
        style = f"border-left:3px solid {_COLOURS['failed']};padding-left:8px;margin:6px 0"
        below = f'<p role="alert" style="{style}">{escape(trouble(course.error))}</p>'
    elif chart:
        below = f'<div style="min-height:{HEIGHT + 4}px">{chart}</div>'
    return (
        f'<div class="dlaaw-monitor" data-state="{course.state}" style="{_TEXT}">'
        f'<div style="{_ONE_LINE}">{escape(headline(course))}</div>{bar}'
        f'<div style="{_ONE_LINE}">{escape(facts(course))}</div>{below}{nodes}</div>'
    )


def _chart(course: Course) -> tuple[str, Sequence[Sequence[tuple[float, float]]], str]:
    if course.kind == "sweep":
        dots, best = _sweep_points(course)
        title = f"Test {course.score_name} by training: dots; best so far: line"
        svg = live_chart(
            [best], title=title, x_label="trainings done", y_label=course.score_name,
            x_end=course.trials, dots=dots,
        )  # fmt: skip
        return title, [best], svg
    lines = [course.costs[trial] for trial in sorted(course.costs)]
    title = "Training cost" if course.kind == "training" else "Training cost, a line for each fold"
    epochs = course.networks[0].epochs if len(course.networks) else 1
    svg = live_chart(lines, title=title, x_label="epoch", y_label="cost", x_end=epochs)
    return title, lines, svg


def _sweep_points(course: Course) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    dots: list[tuple[float, float]] = []
    best: list[tuple[float, float]] = []
    top = -math.inf
    for number, item in enumerate(list(course.ended), 1):
        dots.append((number, item["score"]))
        top = max(top, item["score"]) if not math.isnan(item["score"]) else top
        best.append((number, top if top > -math.inf else math.nan))
    return dots, best


def _view(course: Course) -> View:
    from dlaaw_nb.views.curves import cost_curves
    from dlaaw_nb.views.settings import setting_trend

    name = course.networks[0].name
    if course.kind == "sweep":
        dots, _ = _sweep_points(course)
        return setting_trend(
            [x for x, _ in dots],
            [y for _, y in dots],
            value_label="training (in order of its end)",
            title=f"Test {course.score_name} by setting",
            score_name=course.score_name,
        )
    many = course.kind == "folds"
    names = {trial: f"fold {trial}" if many else "training" for trial in sorted(course.costs)}
    lost = {
        names[item["trial"]]: item["diverged"]
        for item in course.ended
        if item["diverged"] is not None and item["trial"] in names
    }
    curves = {names[trial]: course.costs[trial] for trial in names}
    title = f"Training cost of {name}"
    return cost_curves(curves, mean=many, diverged=lost, title=title)


def _how_far(course: Course) -> str:
    if not course.total:
        return "epoch 0"
    if course.kind == "training":
        return f"epoch {course.done:,} of {course.total:,}"
    noun = "fold" if course.kind == "folds" else "training"
    ended = f"{len(course.ended):,} of {counted(course.trials, noun)}"
    return f"{ended}, {100 * course.share:.0f} % of the epochs"


def _short(value: float) -> str:
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.0f}"


def _calm(seconds: float) -> float:
    """Round a guess, so that it does not flicker."""
    return float(max(1, round(seconds))) if seconds < 100 else round(seconds / 10) * 10.0
