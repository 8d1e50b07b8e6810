"""Looks at what a run gave: a few lines of text, and HTML for what has a picture or is a table."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError, RunError
from dlaaw_nb.views.html import table
from dlaaw_nb.views.text import counted, value_text
from dlaaw_nb.workflow.composite import SubWorkflow

if TYPE_CHECKING:
    from dlaaw_nb.workflow.run import Run

__all__ = ["look_at", "outputs_of", "value_at"]

_LETTERS: Final = 4_000
_HTML: Final = 2_000_000
_ROWS, _COLUMNS, _CELL = 1_000, 40, 200


def look_at(value: Any) -> dict[str, str]:
    """Show a value.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    dict
        ``text``; and ``html``, escaped, of a table or picture, and of what this package shows.
    """
    found = {"text": _text(value)}
    try:
        html = _html(value)
    except Exception as error:  # noqa: BLE001 - a view of a foreign value may raise anything
        return {"text": f"{found['text']}\n(no picture: {error})"}
    if html is not None and len(html) <= _HTML:
        found["html"] = html
    return found


def outputs_of(run: Run) -> list[dict[str, str]]:
    """Show all that a run gave.

    Parameters
    ----------
    run : Run
        That is over.

    Returns
    -------
    list of dict
        ``name``, ``type``, ``preview`` and perhaps ``html`` of each output that is there.
    """
    shown = []
    there = run.outputs.found()
    for name, source in run.workflow.outputs.items():
        if name in there:
            kind = run.workflow.tasks[source.task].output(source.port).type.name
            try:
                look = look_at(run.value(name))
            except DlaawError as error:
                look = {"text": str(error)}
            shown.append({"name": name, "type": kind, "preview": look.pop("text"), **look})
    return shown


def value_at(run: Run, task: str, port: str) -> Any:
    """Load what a task gave; of a workflow inside of another one, what its output's task gave.

    Parameters
    ----------
    run : Run
        Under way, or over.
    task, port : str
        Names of the task and its output; an empty port is the first one.

    Returns
    -------
    object
        The value.

    Raises
    ------
    RunError
        When there is no such task or output, or it is not there yet.
    """
    inner: Any = run.workflow.tasks.get(task)
    while isinstance(inner, SubWorkflow):
        outputs = inner.workflow.outputs
        source = outputs.get(port) if port else next(iter(outputs.values()), None)
        if source is None:
            raise RunError(f"{task}: it has no output {port!r}.", run)
        task, port = f"{task}/{source.task}", source.port
        inner = inner.workflow.tasks.get(source.task)
    found = run.tasks.get(task)
    if found is None:
        raise RunError(f"{task!r:.200}: the run has no such task.", run)
    return found.output(port or None)


def _text(value: Any) -> str:
    try:
        text = str(value) if isinstance(value, str | PurePath) else repr(value)
    except Exception as error:  # noqa: BLE001 - a foreign repr may raise anything
        text = f"<{type(value).__name__}: {error}>"
    return text if len(text) <= _LETTERS else f"{text[:_LETTERS]} ..."


def _html(value: Any) -> str | None:
    place = f"{type(value).__module__}.{type(value).__qualname__}"
    if place in ("pandas.core.frame.DataFrame", "pandas.DataFrame"):
        return _table(value)
    if place == "matplotlib.figure.Figure":
        return _figure(value)
    if not place.startswith("dlaaw_nb."):
        return None  # what others write is not escaped for certain
    html = getattr(value, "_repr_html_", None)
    if html is not None:
        return str(html())
    bundle = getattr(value, "_repr_mimebundle_", None)
    made = bundle() if bundle is not None else {}
    data = made[0] if isinstance(made, tuple) else made
    found = data.get("text/html")
    return None if found is None else str(found)


def _table(frame: Any) -> str:
    rows, columns = frame.shape
    part = frame.iloc[:_ROWS, :_COLUMNS]
    caption = f"{counted(rows, 'row')}, {counted(columns, 'column')}"
    if rows > _ROWS or columns > _COLUMNS:
        caption += f"; here the first {len(part):,} and {part.shape[1]:,}"
    cells = (
        [str(index)[:_CELL], *(value_text(value)[:_CELL] for value in row)]
        for index, row in zip(part.index, part.itertuples(index=False, name=None), strict=True)
    )
    return table(cells, ["", *(str(name)[:_CELL] for name in part.columns)], caption)


def _figure(figure: Any) -> str:
    import io

    from dlaaw_nb.store.picture import Picture

    file = io.BytesIO()
    figure.savefig(file, format="png")
    return Picture(file.getvalue()).to_html()
