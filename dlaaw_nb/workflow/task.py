"""The base class of every step of a workflow, a layer of a network included."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from dlaaw_nb.workflow.port import Port

__all__ = ["Source", "Task", "counted_name"]


class Source(NamedTuple):
    """Where an edge begins: an output of a placed task, or an input of the workflow.

    Attributes
    ----------
    task : str
        Name of the task; empty for an input of the workflow.
    port : str
        Name of the output, or of the workflow's input.
    """

    task: str
    port: str

    def __str__(self) -> str:
        return f"{self.task}.{self.port}" if self.task else self.port


class Task:
    """A step with typed inputs and outputs.

    An implementer derives a frozen dataclass whose fields are the task's parameters (plain JSON
    values), and writes `run`: its parameters are the input ports, by name and annotation, and its
    return annotation says what comes out. Where ports depend on the parameters, an implementer
    overrides `inputs` and `outputs` instead. An implementer may override `placed` to take in what
    becomes known on placing, and `fingerprint` where more than the class's source decides the
    result. An implementer must not remember the workflow the task stands in, for one task may be
    placed many times; must not change a task after it was placed; and must not change what comes
    in, for other tasks may read it at the same time.

    Attributes
    ----------
    name : str
        Unique within its workflow, such as ``"Linear1"``; empty before the task is placed.
    policy : Policy
        How it is run: tries, time limit, whether it is cached.
    carries_code : bool
        Whether its parameters hold commands or code, or say what is sent or written elsewhere. From
        a file that is not trusted such a task is not run.
    uses_target : bool
        Whether what it gives depends on the run's target.
    palette_group : str
        Under what a palette shows its kind, such as ``"Tables"``; empty for the package's name.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Scale(Task):
    ...     factor: float = 2.0
    ...     def run(self, value: float) -> float:
    ...         return self.factor * value
    >>> Scale(3.0).run(2.0), [port.type.name for port in Scale().inputs]
    (6.0, ['float'])
    """

    name: str = ""
    policy: Policy = Policy()
    carries_code: ClassVar[bool] = False
    uses_target: ClassVar[bool] = False
    palette_group: ClassVar[str] = ""

    @property
    def kind(self) -> str:
        """Name of the class; tasks are counted by it when they are named."""
        return type(self).__name__

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The ports it reads from; by default the parameters of `run`."""
        return _ports(self)[0]

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The ports it writes to; by default what `run` returns."""
        return _ports(self)[1]

    @property
    def parameters(self) -> dict[str, Any]:
        """What it was made with, by name; plain JSON values."""
        own: Any = self
        if not is_dataclass(own):
            return {}
        return {
            item.name: getattr(own, item.name)
            for item in fields(own)
            if item.init and item.name not in ("name", "policy")
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Task:
        """Make the task of which `parameters` were written down.

        Parameters
        ----------
        parameters : mapping of str to object
            As `parameters` gave them, perhaps through JSON.

        Returns
        -------
        Task
            An equal one.
        """
        return cls(**parameters)

    @classmethod
    def carries_code_in(cls, parameters: Mapping[str, Any]) -> bool:  # noqa: ARG003
        """Tell whether parameters as a file has them hold code, commands or addresses.

        Parameters
        ----------
        parameters : mapping of str to object
            Anything that a file may say.

        Returns
        -------
        bool
            `carries_code`, unless it depends on the parameters; then each task must say the same
            in its own `carries_code`.
        """
        return cls.carries_code

    def fingerprint(self) -> str:
        """Hash what decides the result besides the inputs: code and parameters.

        Returns
        -------
        str
            SHA-256 in hexadecimal; another one means that earlier results do not count.
        """
        from dlaaw_nb.workflow.fingerprint import task_fingerprint

        return task_fingerprint(self)

    def call(self) -> str | None:
        """Write the Python that makes the task, where that says more than its parameters.

        Returns
        -------
        str or None
            Text whose names ``dlaaw_nb`` and ``dlaaw_nb.tasks`` offer; None to have the parameters
            written.
        """
        return None

    def with_policy(self, **changes: Any) -> Self:
        """Make a copy that is run in another way.

        Parameters
        ----------
        **changes : object
            Fields of `Policy`: retries, backoff_s, timeout_s, cached.

        Returns
        -------
        Task
            The copy.

        Raises
        ------
        GraphError
            When a name is unknown or a value out of its range.
        """
        known = {name: getattr(self.policy, name) for name in Policy.__slots__}
        strange = [name for name in changes if name not in known]
        if strange:
            raise GraphError(
                f"{self.kind}: no policy {strange[0]!r}. Choose one of: {', '.join(known)}."
            )
        twin = copy.copy(self)
        object.__setattr__(twin, "policy", Policy(**{**known, **changes}))
        return twin

    def __getitem__(self, port: str) -> Source:
        """One of its outputs, to be given to `Workflow.add` or `connect`."""
        return Source(self.name, self.output(port).name)

    __iter__ = None  # not a sequence, though its outputs can be asked for by name

    def input(self, name: str | None = None) -> Port:
        """Find an input port.

        Parameters
        ----------
        name : str or None
            Its name; None for the only one there is.

        Returns
        -------
        Port
            The port.

        Raises
        ------
        GraphError
            When there is none of that name, or None was given and there is not exactly one.
        """
        return self._find(self.inputs, name, "input")

    def output(self, name: str | None = None) -> Port:
        """Find an output port.

        Parameters
        ----------
        name : str or None
            Its name; None for the only one there is.

        Returns
        -------
        Port
            The port.

        Raises
        ------
        GraphError
            When there is none of that name, or None was given and there is not exactly one.
        """
        return self._find(self.outputs, name, "output")

    def placed(self, name: str) -> Self:
        """Make the copy that stands in a workflow.

        Parameters
        ----------
        name : str
            Its name there.

        Returns
        -------
        Task
            A copy of the same class; the original stays free to be placed elsewhere.
        """
        twin = copy.copy(self)
        object.__setattr__(twin, "name", name)  # works for frozen dataclasses too
        return twin

    def _find(self, ports: Sequence[Port], name: str | None, side: str) -> Port:
        for port in ports if name is not None else ():
            if port.name == name:
                return port
        if name is None and len(ports) == 1:
            return ports[0]
        known = ", ".join(port.name for port in ports) or "none"
        where = self.name or self.kind
        if name is None:
            raise GraphError(
                f"{where}: expected exactly one {side} port, has {known}. Name the port."
            )
        raise GraphError(f"{where}: no {side} port {name!r}. Choose one of: {known}.")


def counted_name(kind: str, counts: dict[str, int]) -> str:
    """Name the next task of a kind: ``Linear1``, ``ReLU1``, ``Linear2``.

    Parameters
    ----------
    kind : str
        The kind of task.
    counts : dict of str to int
        How many of each kind were named before; the count of `kind` goes up by one.

    Returns
    -------
    str
        The kind followed by its count, from 1.
    """
    counts[kind] = counts.get(kind, 0) + 1
    return f"{kind}{counts[kind]}"


def _ports(task: Task) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    kind: Any = type(task)
    return _signature(kind)


@cache
def _signature(kind: Any) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    from dlaaw_nb.workflow.signature import input_ports, output_ports

    run = getattr(kind, "run", None)
    if run is None:
        return (), ()
    return input_ports(run, method=True), output_ports(run)
