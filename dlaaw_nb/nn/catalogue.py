"""What networks add to the catalogue of a canvas: layers, a template, what a network is told."""

from __future__ import annotations

from typing import Any, Final

from dlaaw_nb.nn.hyperparameters import HYPERPARAMETERS
from dlaaw_nb.nn.layers import Linear, Sigmoid, layer_kind, layer_kinds
from dlaaw_nb.nn.losses import Loss
from dlaaw_nb.nn.network import NNWorkflow
from dlaaw_nb.nn.optimizers import Optimizer
from dlaaw_nb.nn.parts import part_kinds
from dlaaw_nb.nn.schedules import Schedule
from dlaaw_nb.nn.stopping import EarlyStopping
from dlaaw_nb.workflow.docstrings import parameter_texts, summary_of
from dlaaw_nb.workflow.parameter_info import parameter_info, parameters_of

__all__ = ["hyperparameters", "layers", "network", "parts"]

_NETWORK: Final = NNWorkflow([Linear(1, 1), Sigmoid()])
_GROUPS: Final = {
    "linear": "Weights",
    "activations": "Activations",
    "softmax": "Activations",
    "batchnorm1d": "Regularization",
    "dropout": "Regularization",
    "own": "Your own",
}
_ROLES: Final = {"loss": Loss, "optimizer": Optimizer, "schedule": Schedule}
_TYPES: Final = {"early_stopping": Any, "clip_norm": float | None, "shuffle": Any}
_SECTIONS: Final = ("preprocessing", "training")


def layers() -> list[dict[str, Any]]:
    """Describe the kinds of layer.

    Returns
    -------
    list of dict
        ``kind``, ``group``, ``summary``, ``parameters`` (without the width of what comes in, which
        follows from the layer before), and ``width``: ``"given"`` where `out_features` is one of
        the parameters, ``"same"`` where a layer is as wide as what feeds it.
    """
    infos = []
    for name in layer_kinds():
        kind = layer_kind(name)
        room, _, module = kind.__module__.rpartition(".")
        ours = room == "dlaaw_nb.nn.layers"
        infos.append(
            {
                "kind": name,
                "group": _GROUPS[module] if ours else kind.__module__.partition(".")[0],
                "summary": summary_of(kind.__doc__),
                "parameters": parameters_of(kind, ("name", "policy", "in_features")),
                "width": "given" if "out_features" in kind.own_widths() else "same",
            }
        )
    order = list(dict.fromkeys(_GROUPS.values()))
    return sorted(
        infos,
        key=lambda info: (
            order.index(info["group"]) if info["group"] in order else len(order),
            info["kind"],
        ),
    )


def network() -> dict[str, Any]:
    """Give the template of a network's entry in a document: one that has no layers yet.

    Returns
    -------
    dict
        ``kind`` and ``parameters``; layers go into ``parameters.network.layers``.
    """
    parameters = _NETWORK.parameters
    parameters["network"]["layers"] = {"nodes": [], "edges": []}
    return {"kind": "NNWorkflow", "parameters": parameters}


def hyperparameters() -> list[dict[str, Any]]:
    """Describe what a network is told besides its layers.

    Returns
    -------
    list of dict
        As the parameters of tasks; ``path`` says where in an entry's ``parameters`` each stands. A
        loss, an optimizer and a schedule are chosen by kind; `parts` holds what each brings along.
    """
    spec = _NETWORK.spec()
    modes = parameter_texts(NNWorkflow.as_task.__doc__)
    infos = [
        {**parameter_info(name, kind, default, *modes[name]), "path": [name]}
        for name, kind, default in (("mode", str, "train"), ("target", str | None, None))
    ]
    for name in HYPERPARAMETERS:
        told = parameter_texts(NNWorkflow.__doc__)[name]
        if name in _ROLES:
            info = parameter_info(name, str, spec[name]["kind"], "", told.text)
            kinds = list(part_kinds(_ROLES[name]))
            info |= {"type": "choice", "choices": kinds, "optional": False}
            infos.append({**info, "path": ["network", name, "kind"]})
            continue
        path = _path(spec, name)
        default: Any = spec
        for key in path:
            default = default[key]
        kind = _TYPES.get(name, type(default))
        info = parameter_info(name, kind, default, told.type, told.text)
        infos.append({**info, "path": ["network", *path]})
    return infos


def parts() -> dict[str, Any]:
    """Describe the losses, optimizers, schedules and the early stopping.

    Returns
    -------
    dict
        For each role a list: ``kind``, ``summary``, ``parameters``, and ``spec``, what stands for
        it in a specification as long as nothing else is said.
    """
    found: dict[str, Any] = {}
    for role, base in _ROLES.items():
        found[role] = [
            {
                "kind": name,
                "summary": summary_of(kind.__doc__),
                "parameters": parameters_of(kind),
                "spec": _part_spec(role, kind),
            }
            for name, kind in part_kinds(base).items()
        ]
    stopping = EarlyStopping()
    return {
        **found,
        "early_stopping": [
            {
                "kind": stopping.kind,
                "summary": summary_of(EarlyStopping.__doc__),
                "parameters": parameters_of(EarlyStopping),
                "spec": stopping.parameters,
            }
        ],
    }


def _part_spec(role: str, kind: Any) -> dict[str, Any]:
    if role != "optimizer":
        return {"kind": kind.__name__, "parameters": kind().parameters}
    spec: dict[str, Any] = NNWorkflow([Linear(1, 1), Sigmoid()], optimizer=kind()).spec()[role]
    return spec


def _path(spec: dict[str, Any], name: str) -> list[str]:
    for section in _SECTIONS:
        if name in spec[section]:
            return [section, name]
    return [name] if name in spec else ["optimizer", "parameters", name]
