"""The task that launches a person's own CUDA kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from dlaaw_nb.engine.raw_launch import geometry
from dlaaw_nb.engine.raw_signature import Kernel, Parameter, kernels_of
from dlaaw_nb.errors import DlaawError, GraphError, TaskError
from dlaaw_nb.targets.kernels import CudaModule, KernelFunction, three_numbers
from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.workflow.context import context
from dlaaw_nb.workflow.port import Port
from dlaaw_nb.workflow.port_type import port_type

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CudaKernel"]


@dataclass(frozen=True)
class CudaKernel(ReadyTask):
    """Launch a CUDA kernel of one's own, on a GPU or the emulator.

    Inputs are the kernel's const pointers and its numbers, outputs the arrays that it writes, which
    begin as zeros. It runs on the run's target.

    Parameters
    ----------
    source : str
        CUDA C++.
    kernel : str
        Which of its kernels; may be empty if it has one.
    grid : list of int
        Blocks along x, y, z; empty for enough to give each item of the first array a thread.
    block : list of int
        Threads of a block.
    shared_bytes : int
        Dynamic shared memory of a block.
    shapes : mapping of str to str or list of int
        Of each output: the name of an input that has the same shape, or sizes; an input of a whole
        number may stand for one. Left out, that of the first input array.
    updates : list of str
        Outputs that come in too: the kernel begins with what an input of that name holds.
    check : bool
        Whether each access of memory is looked at (emulator only).

    Raises
    ------
    GraphError
        When the source has no such kernel, or a parameter does not fit it.
    """

    palette_group = "Scripts and services"
    carries_code: ClassVar[bool] = True

    source: str = ""
    kernel: str = ""
    grid: tuple[int, ...] = ()
    block: tuple[int, ...] = (256,)
    shared_bytes: int = 0
    shapes: dict[str, Any] = field(default_factory=dict)
    updates: tuple[str, ...] = ()
    check: bool = False

    def __post_init__(self) -> None:
        self._check_text("source", empty=False)
        self._check_text("kernel")
        self._check_flag("check")
        self._check_names("updates", what="names of outputs")
        self._check_count("shared_bytes", 0)
        try:
            known = kernels_of(self.source)
            for name in ("grid", "block"):
                value: Any = getattr(self, name)
                self._keep(name, tuple(three_numbers(value, name)) if value else ())
            geometry(self.grid or (1, 1, 1), self.block or (1, 1, 1))
        except DlaawError as error:
            raise GraphError(f"{self.kind}: {error}") from error
        names = [one.name for one in known]
        if self.kernel not in names and (self.kernel or len(names) > 1):
            raise self._refuse("kernel", f"one of {', '.join(names)}")
        self._check_shapes()

    def _check_shapes(self) -> None:
        written = [p.name for p in self._written]
        if not written:
            mend = "Leave const out where it writes."
            raise self._refuse("source", "a kernel that writes an array", mend)
        if set(self.updates) - set(written):
            raise self._refuse("updates", f"outputs, which are {', '.join(written)}")
        shapes: Any = self.shapes
        if not isinstance(shapes, dict) or set(shapes) - set(written):
            raise self._refuse("shapes", f"a mapping of outputs, which are {', '.join(written)}")
        taken = {p.name for p in self._taken}
        for shape in shapes.values():
            for size in shape if isinstance(shape, (list, tuple)) else [shape]:
                counts = type(size) is int and size >= 0 and shape is not size
                if not counts and size not in taken:
                    some = ", ".join(sorted(taken)) or "none"
                    raise self._refuse("shapes", f"sizes, or inputs, which are {some}")

    @property
    def _signature(self) -> Kernel:
        if not self.source:  # a palette asks for the ports of a task that has nothing yet
            return Kernel("", 0, ())
        known = kernels_of(self.source)
        return next((one for one in known if one.name == self.kernel), known[0])

    @property
    def _written(self) -> list[Parameter]:
        return [p for p in self._signature.parameters if p.writes]

    @property
    def _taken(self) -> list[Parameter]:
        return [p for p in self._signature.parameters if not p.writes or p.name in self.updates]

    @property
    def inputs(self) -> tuple[Port, ...]:
        """One port for each const pointer, each number, and each array of `updates`."""
        return tuple(Port(p.name, port_type(_type_of(p)), "input") for p in self._taken)

    @property
    def outputs(self) -> tuple[Port, ...]:
        """One port for each array that the kernel writes."""
        return tuple(Port(p.name, port_type("array"), "output") for p in self._written)

    @classmethod
    def of(cls, function: KernelFunction, **parameters: Any) -> CudaKernel:
        """Make the task of a kernel of a cell.

        Parameters
        ----------
        function : KernelFunction
            What ``%%cuda`` put into the namespace.
        **parameters : object
            Of the task: grid, block, shared_bytes, shapes, updates, check.

        Returns
        -------
        CudaKernel
            With the cell's source.
        """
        return cls(function.source, function.__name__, **parameters)

    def run(self, **given: Any) -> dict[str, Any]:
        """Launch it."""
        made, signature = context(), self._signature
        arguments = [self._argument(p, given) for p in signature.parameters]
        module = CudaModule(self.source, signature.name, made.target or "cpu", self.check)
        launch = {"block": self.block or 256, "shared_bytes": self.shared_bytes}
        if self.grid:
            launch["grid"] = self.grid
        function: Any = module.kernels[signature.name]
        try:
            function(
                *arguments,
                on_print=lambda line: made.log(f"{line}\n"),
                stop_event=made.stop,
                **launch,
            )
        except KeyboardInterrupt as error:
            if made.cancelled:
                raise TaskError(f"{self.where}: its kernel was ended.", self.where) from error
            raise
        values = dict(zip((p.name for p in signature.parameters), arguments, strict=True))
        return {p.name: values[p.name] for p in self._written}

    def _argument(self, parameter: Parameter, given: Mapping[str, Any]) -> Any:
        name = parameter.name
        if name in self.updates:
            return np.array(given[name])
        if not parameter.writes:
            return given[name]
        return np.zeros(self._shape(name, given), parameter.dtype)

    def _shape(self, name: str, given: Mapping[str, Any]) -> tuple[int, ...]:
        shape = self.shapes.get(name)
        if shape is None:
            arrays = [p.name for p in self._taken if p.pointer]
            if not arrays:
                raise self._refuse("shapes", f"the shape of {name}, for no array comes in")
            shape = arrays[0]
        if isinstance(shape, (list, tuple)):
            return tuple(int(size if isinstance(size, int) else given[size]) for size in shape)
        value = given[shape]
        return value.shape if isinstance(value, np.ndarray) else (int(value),)


def _type_of(parameter: Parameter) -> str:
    if parameter.pointer:
        return "array"
    return {"b": "bool", "f": "float"}.get(parameter.dtype.kind, "int")
