"""Functions as tasks."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

from dlaaw_nb.errors import GraphError
from dlaaw_nb.workflow.importable import is_importable
from dlaaw_nb.workflow.policy import Policy
from dlaaw_nb.workflow.signature import input_ports, output_ports
from dlaaw_nb.workflow.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.workflow.port import Port

__all__ = ["FunctionTask", "task"]


class FunctionTask(Task):
    """A function as a task: its parameters are the inputs, what it returns are the outputs.

    It can still be called as the function it was.

    Parameters
    ----------
    function : callable
        The function.
    outputs : sequence of str, mapping of str to annotation, or None
        Names of the outputs where the return annotation does not tell.
    policy : Policy
        How it is run.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        outputs: Sequence[str] | Mapping[str, Any] | None = None,
        policy: Policy | None = None,
    ) -> None:
        given: Any = function
        if not callable(given) or isinstance(given, type):
            raise GraphError(f"@task: expected a function, got {given!r}. Derive from Task.")
        self.function = function
        self.given_outputs = outputs
        self.policy = policy or Policy()
        self._inputs = input_ports(function)
        self._outputs = output_ports(function, outputs)
        functools.update_wrapper(self, function, updated=())

    @property
    def kind(self) -> str:
        """Name of the function."""
        name: str = getattr(self.function, "__name__", "function")
        return name if name.isidentifier() else "function"

    @property
    def inputs(self) -> tuple[Port, ...]:
        """One port for each parameter of the function."""
        return self._inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What the function returns."""
        return self._outputs

    @property
    def run(self) -> Callable[..., Any]:
        """The function itself."""
        return self.function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as if it were no task."""
        return self.function(*args, **kwargs)

    def __copy__(self) -> FunctionTask:
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Give what is pickled: the function by its name where it can be imported by that.

        Its module's name stands for the task, so that pickle would not find the function there.
        """
        held = dict(vars(self))
        if _can_be_imported(self):
            held["function"] = _Imported(self.function.__module__, self.function.__qualname__)
            held.pop("__wrapped__", None)
        else:  # cloudpickle takes the name of the file away, which tracebacks need
            held["_file"] = getattr(getattr(self.function, "__code__", None), "co_filename", "")
        return held

    def __setstate__(self, held: dict[str, Any]) -> None:
        vars(self).update(held)
        function: Any = self.function
        if isinstance(function, _Imported):
            self.function = self.__wrapped__ = function.find()
        file = vars(self).pop("_file", "")
        code = getattr(function, "__code__", None)
        if file and code is not None and code.co_filename != file:
            function.__code__ = code.replace(co_filename=file)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FunctionTask):
            return NotImplemented
        return (self.function, self.given_outputs, self.policy) == (
            other.function,
            other.given_outputs,
            other.policy,
        )

    def __hash__(self) -> int:
        return hash(self.function)

    def __repr__(self) -> str:
        ports = ", ".join(f"{port.name}: {port.type.name}" for port in self.inputs)
        return f"<task {self.kind}({ports})>"


@dataclass(frozen=True)
class _Imported:
    """A function by its name, which stands for a task of it."""

    module: str
    name: str

    def find(self) -> Callable[..., Any]:
        found: Any = import_module(self.module)
        for part in self.name.split("."):
            found = getattr(found, part)
        function: Callable[..., Any] = found.function if isinstance(found, FunctionTask) else found
        return function


def _can_be_imported(task: FunctionTask) -> bool:
    """Whether the name of a task's function leads to a task of it, in another process too."""
    module = getattr(task.function, "__module__", None)
    name = getattr(task.function, "__qualname__", "<>")
    if not module or module == "__main__" or "<" in name or module not in sys.modules:
        return False
    if not is_importable(module):
        return False
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    return isinstance(found, FunctionTask) and found.function is task.function


@overload
def task(function: Callable[..., Any], /) -> FunctionTask: ...


@overload
def task(
    *,
    outputs: Sequence[str] | Mapping[str, Any] | None = None,
    retries: int = 0,
    backoff_s: float = 1.0,
    timeout_s: float | None = None,
    cached: bool = True,
) -> Callable[[Callable[..., Any]], FunctionTask]: ...


def task(
    function: Callable[..., Any] | None = None,
    /,
    *,
    outputs: Sequence[str] | Mapping[str, Any] | None = None,
    retries: int = 0,
    backoff_s: float = 1.0,
    timeout_s: float | None = None,
    cached: bool = True,
) -> FunctionTask | Callable[[Callable[..., Any]], FunctionTask]:
    """Make a function a task.

    Parameters
    ----------
    function : callable
        Its annotated parameters become input ports, its return annotation the output.
    outputs : sequence of str, mapping of str to annotation, or None
        Names of several outputs, of a function that returns a tuple or a mapping of them; with
        their types where the annotation does not tell. A NamedTuple as the return annotation needs
        none.
    retries, backoff_s, timeout_s, cached
        See `Policy`.

    Returns
    -------
    FunctionTask
        To be added to workflows; it can still be called as a function.

    Raises
    ------
    GraphError
        When ports cannot be read from the signature.

    Examples
    --------
    >>> @task
    ... def square(x: int) -> int:
    ...     return x * x
    >>> square
    <task square(x: int)>
    >>> square(3)
    9
    """
    policy = Policy(retries, backoff_s, timeout_s, cached)
    if function is None:
        return lambda wrapped: FunctionTask(wrapped, outputs, policy)
    return FunctionTask(function, outputs, policy)
