"""What the ready tasks that train have in common: a network, kept as plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from dlaaw_nb.tasks.ready import ReadyTask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlaaw_nb.nn.layers import NNTask
    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["NetworkHolder", "with_kernels"]


@dataclass(frozen=True)
class NetworkHolder(ReadyTask):
    """A task that holds a network, and trains it.

    An implementer derives a frozen dataclass whose ``__post_init__`` calls this one's, gives `run`,
    and sets ``__hash__`` to this one's, for a network as plain values has none.

    Parameters
    ----------
    network : NNWorkflow or mapping
        The network, or its specification; a plan in it is left aside.
    target : str or None
        Where it trains; None for the network's own target, or the run's.
    """

    palette_group = "Networks"
    uses_target: ClassVar[bool] = True
    network: Any = None
    target: str | None = None

    def __post_init__(self) -> None:
        from dlaaw_nb.nn.network import NNWorkflow

        if isinstance(self.network, NNWorkflow):
            made = self.network.unplaced()
            self._keep("target", self.target or made.target)
        elif isinstance(self.network, Mapping):
            made = NNWorkflow.from_spec(self.network)
        else:
            raise self._refuse("network", "an NNWorkflow, or its specification")
        spec = made.spec()
        spec.pop("plan", None)
        self._keep("network", spec)
        self._keep("carries_code", self.carries_code_in({"network": spec}))
        if self.target is not None:
            self._check_text("target", empty=False)

    @property
    def made(self) -> NNWorkflow:
        """The network, made anew."""
        from dlaaw_nb.nn.network import NNWorkflow

        return NNWorkflow.from_spec(self.network)

    @property
    def ready(self) -> NNWorkflow:
        """The network, to be run: a run begins only with what is trusted."""
        from dlaaw_nb.nn.layers.own_trust import trust_layers

        made = self.made
        trust_layers(made.layers)
        return made

    @classmethod
    def carries_code_in(cls, parameters: Mapping[str, Any]) -> bool:
        """Whether the network carries activations in source."""
        from dlaaw_nb.nn.layers.own_trust import carries_source

        return carries_source(parameters)

    def call(self) -> str | None:
        """Write the task with its network as Python, where that can be done: see ``Task.call``."""
        from dlaaw_nb.nn.task_code import written

        network = written(self.made)
        if network is None:
            return None
        usual = {item.name: item.default for item in fields(self)}
        rest = [
            f"{name}={value!r}"
            for name, value in self.parameters.items()
            if name != "network" and value != usual[name]
        ]
        return f"{type(self).__name__}({', '.join([network, *rest])})"

    def fingerprint(self) -> str:
        """Hash code and parameters, and the kernels that compute: see ``Task.fingerprint``."""
        return with_kernels(super().fingerprint(), self.made.layers)

    def __hash__(self) -> int:
        return hash((type(self), repr(self.parameters)))


def with_kernels(fingerprint: str, layers: Iterable[NNTask] = ()) -> str:
    """Hash a task's fingerprint together with all code that computes networks.

    Parameters
    ----------
    fingerprint : str
        Of the task alone.
    layers : iterable of NNTask
        Of its network; those of other packages bring code of their own.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    from dlaaw_nb.nn.task_code import computing_fingerprint

    text = f"{fingerprint}\0{computing_fingerprint(layers)}"
    return hashlib.sha256(text.encode()).hexdigest()
