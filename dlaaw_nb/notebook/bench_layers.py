"""A layer on the canvas, looked into: its facts and its kernel source; after a run its neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlaaw_nb.errors import DlaawError, GraphError, RunError
from dlaaw_nb.notebook.kernel_source import find_sources
from dlaaw_nb.views.html import section, table
from dlaaw_nb.views.text import counted, number_text
from dlaaw_nb.workflow.fed_values import fed_value
from dlaaw_nb.workflow.states import DONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlaaw_nb.nn.data import Dataset
    from dlaaw_nb.nn.model import Model
    from dlaaw_nb.notebook.neuron_graph import ModelState
    from dlaaw_nb.workflow.run import Run

__all__ = ["look_into"]

_NEURONS: Final = 64  # rows of the table of neurons
_LISTENS: Final = 5  # inputs that it names for each
_LETTERS: Final = 400_000


def look_into(
    document: Any, task: str, layer: str, run: Run | None = None, row: Any = 0
) -> dict[str, Any]:
    """Show a layer.

    Parameters
    ----------
    document : dict
        Of the workflow, as the canvas draws it.
    task : str
        Name of the network's task; one inside of another workflow is ``Outer1/Inner1``.
    layer : str
        Name of the layer.
    run : Run or None
        Whose model is looked into, where its layers are the same.
    row : int
        Which row of the network's data goes through it; negative counts from the end.

    Returns
    -------
    dict
        ``summary`` (a line), ``facts`` (pairs), ``kernel`` (of each file ``file``, ``language``,
        ``text``, ``html``), and of a trained one ``neurons`` (HTML), ``row`` and ``rows``; else
        ``why`` there are none.

    Raises
    ------
    GraphError
        When the document has no such task or layer.
    """
    spec = _network(document, task)
    nodes = spec["layers"]["nodes"]
    node = next((one for one in nodes if one.get("id") == layer), None)
    if node is None:
        raise GraphError(f"{task}: it has no layer {layer!r:.100}.")
    return {
        **_facts(node),
        "kernel": _kernel(node["kind"]),
        **_trained(run, task, layer, nodes, row),
    }


def _network(document: Any, task: str) -> dict[str, Any]:
    entry = _entry(document, task)
    spec = (entry or {}).get("parameters", {}).get("network")
    try:
        fits = all(isinstance(node["kind"], str) for node in spec["layers"]["nodes"])
    except (TypeError, KeyError):
        fits = False
    if not fits:
        raise GraphError(f"{task!r:.200}: expected a network with layers, there is none.")
    return dict(spec)


def _entry(body: Any, task: str) -> dict[str, Any] | None:
    tasks = body.get("tasks") if isinstance(body, dict) else None
    for one in tasks if isinstance(tasks, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            if one["name"] == task:
                return one
            inside = one["name"] + "/"
            if task.startswith(inside) and "workflow" in one:
                found = _entry(one["workflow"], task.removeprefix(inside))
                if found is not None:
                    return found
    return None


def _facts(node: Mapping[str, Any]) -> dict[str, Any]:
    from dlaaw_nb.nn.layers import layer_kind

    summary, facts = "", [("takes", _columns(node.get("in_features")))]
    facts.append(("puts out", _columns(node.get("out_features"))))
    try:
        kind = layer_kind(node["kind"])
        summary = (kind.__doc__ or "").strip().split("\n")[0].replace("``", "")
        given = dict(node.get("parameters") or {})
        widths = {name: node[name] for name in kind.own_widths()}
        made = kind(**widths, **given).fitted(node["in_features"])
        shapes = made.parameter_shapes.items()
        facts += [(name, " by ".join(f"{n:,}" for n in shape)) for name, shape in shapes]
        facts.append(("parameters that learn", f"{made.parameter_count:,}"))
    except (DlaawError, TypeError, KeyError, ValueError) as error:
        facts.append(("does not fit", str(error)))
    return {"summary": summary, "facts": [list(pair) for pair in facts]}


def _columns(width: Any) -> str:
    return counted(width, "column") if isinstance(width, int) else "any number of columns"


def _kernel(kind: str) -> list[dict[str, str]]:
    return [
        {
            "file": source.name, "language": "CUDA C++", "text": source.text[:_LETTERS],
            "html": source._repr_html_() if len(source.text) <= _LETTERS else "",
        }
        for source in find_sources(kind)
    ]  # fmt: skip


def _trained(
    run: Run | None, task: str, layer: str, nodes: Sequence[Any], row: Any
) -> dict[str, Any]:
    if run is None:
        return {"why": "Run the network to see what its neurons have learned."}
    try:
        model = _model(run, task)
        kinds = [(one["kind"], one.get("out_features")) for one in nodes]
        if [(one.kind, one.out_features) for one in model.layers] != kinds:
            return {
                "why": "Its layers have changed since the run. Run it again to see its neurons."
            }
        return _neurons(model, _data(run, task, model), layer, row)
    except DlaawError as error:
        return {"why": str(error)}


def _model(run: Run, task: str) -> Model:
    found = run.tasks.get(task)
    if found is None:
        raise GraphError(f"{task}: the last run did not have it. Run it to see its neurons.")
    try:
        model: Model = found.output("model")
    except RunError:
        if found.state not in DONE:
            raise
        model = fed_value(run, task, "model")  # it predicts with a model that it is given
    return model


def _data(run: Run, task: str, model: Model) -> Dataset | None:
    from dlaaw_nb.nn.data import as_dataset

    try:
        data = as_dataset(fed_value(run, task, "dataset"))  # a path, where a run was given one
    except (DlaawError, OSError):
        return None  # the weights can be shown without it
    return data if data.n_features == model.network.in_features else None


def _neurons(model: Model, data: Dataset | None, layer: str, row: Any) -> dict[str, Any]:
    from dlaaw_nb.notebook.network_scene import NetworkScene
    from dlaaw_nb.notebook.neuron_graph import LIMIT, ModelState

    rows = 0 if data is None else data.rows
    at = row if isinstance(row, int) and not isinstance(row, bool) and -rows <= row < rows else 0
    state = ModelState(model, data, at % rows if rows else 0)
    column = _column(model, layer)
    scene = NetworkScene(model.network, model, LIMIT, [column])
    picture, _ = scene.picture(state)
    html = picture["text/html"] + _table(scene, state, column)
    return {"neurons": html, "row": state.row, "rows": rows}


def _column(model: Model, layer: str) -> str:
    """Name the layer with weights whose neurons show what a layer puts out."""
    column = "inputs"
    for one in model.layers:
        if len(one.parameter_shapes.get("weight", ())) == 2:
            column = one.name
        if one.name == layer:
            break
    return column


def _table(scene: Any, state: ModelState, column: str) -> str:
    known = [
        scene.neuron(at, state)
        for at, neuron in enumerate(scene.places.neurons)
        if scene.places.columns[neuron.column].name == column
    ]
    rows = [
        (
            one["name"], number_text(one["activation"], 4),
            "" if one["bias"] is None else number_text(one["bias"], 4),
            ", ".join(f"{name}: {number_text(w, 3)}" for name, w in _first(one["inputs"])),
        )
        for one in known[:_NEURONS]
    ]  # fmt: skip
    return section(
        f"What {column} listens to",
        table(rows, ("neuron", "puts out", "bias", "strongest weights")),
    )


def _first(inputs: Mapping[str, float]) -> list[tuple[str, float]]:
    return [*inputs.items()][:_LISTENS]
