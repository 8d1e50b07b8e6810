"""A person's own CUDA kernels as functions of Python, on any target."""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dlaaw_nb.engine import raw_build, raw_signature
from dlaaw_nb.errors import KernelError, TargetError
from dlaaw_nb.targets import gateway

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from dlaaw_nb.engine.raw_signature import Kernel

__all__ = ["CudaModule", "KernelFunction", "three_numbers"]

_BLOCK = 256
_OWN = ("grid", "block", "shared_bytes", "on_print", "stop_event")


class CudaModule:
    """CUDA source whose kernels can be called.

    Parameters
    ----------
    source : str
        CUDA C++ with at least one ``__global__`` function, which takes numbers and pointers to
        numbers.
    name : str
        What errors call it; letters, digits, ``_``, ``-``, ``.`` and spaces.
    target : str or None
        Where its kernels run: ``"gpu"``, ``"cpu"`` (emulated) or another target; None takes the
        GPU, if one can be used, else the processor.
    check : bool
        On a processor: watch every access for arrays that are left, races and shared memory that is
        not set (about ten times slower); what is found is a KernelError.

    Attributes
    ----------
    kernels : dict of str to KernelFunction
        By name.
    seconds : float
        Time to compile it.

    Raises
    ------
    KernelError
        When the source cannot be used; compile errors have its own line numbers.
    """

    def __init__(
        self, source: str, name: str = "cell", target: str | None = None, check: bool = False
    ) -> None:
        begin = time.perf_counter()
        self.source, self.name, self.check = source, name, check
        self.target = target or _best()
        found = raw_signature.kernels_of(source)
        if check and self.target != "cpu":
            raise KernelError(
                "check: only the emulator checks kernels. Use the target cpu with it."
            )
        self.emulated = self.target == "cpu"
        self._compile(found)
        self.kernels = {kernel.name: KernelFunction(self, kernel) for kernel in found}
        self.seconds = time.perf_counter() - begin

    def _compile(self, kernels: Sequence[Kernel]) -> None:
        if self.target == "cpu":
            raw_build.program(self.source, self.name, kernels, self.check)
            return
        device = gateway.describe(self.target)  # refuses a target that is not there
        self.emulated = device.get("kind") == "cpu"
        if device.get("kind") == "gpu" and gateway.is_here(self.target):  # else it compiles there
            arch = "sm_" + str(device["compute_capability"]).replace(".", "")
            raw_build.gpu_image(self.source, self.name, kernels, arch)

    def __getattr__(self, name: str) -> KernelFunction:
        kernels: dict[str, KernelFunction] = self.__dict__.get("kernels", {})
        if name not in kernels:
            raise AttributeError(f"{self.name!r} has no kernel {name!r}: {', '.join(kernels)}")
        return kernels[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.kernels]

    def __repr__(self) -> str:
        return f"CudaModule({self.name!r}, {self.target}: {', '.join(self.kernels)})"


def _best() -> str:
    try:
        gateway.describe("gpu")
    except TargetError:
        return "cpu"
    return "gpu"


class KernelFunction:
    """A kernel as a function: ``saxpy(out, x, y, n, a, grid=..., block=...)``.

    Arrays that the kernel declares ``const`` are read, the others are written in place.

    Parameters
    ----------
    module : CudaModule
        Its source.
    kernel : Kernel
        Its signature.

    Attributes
    ----------
    time_ms : float or None
        How long the last launch took, as the device counts it.
    resources : dict of str to int
        After a launch on a GPU: registers of a thread, local_bytes (spilled, of a thread),
        shared_bytes (of fixed size, of a block) and max_threads (of a block); else empty.
    """

    def __init__(self, module: CudaModule, kernel: Kernel) -> None:
        self._module, self._kernel = module, kernel
        self.time_ms: float | None = None
        self.resources: dict[str, int] = {}
        self.__signature__ = _signature(kernel)
        self.__name__ = self.__qualname__ = kernel.name
        self.__doc__ = (
            f"{kernel}\n\nA kernel in CUDA, on {module.target}: line {kernel.line} of "
            f"{module.name!r}. Arrays are NumPy's; those that are not const are written in place. "
            "grid and block: numbers of blocks and of threads, one to three each (block "
            f"{_BLOCK}, and as many blocks as the largest array needs, if left out); shared_bytes: "
            f"dynamic shared memory.\n\n{module.source}"
        )

    @property
    def signature(self) -> str:
        """Name and parameters, as in the source."""
        return str(self._kernel)

    @property
    def source(self) -> str:
        """The whole source."""
        return self._module.source

    def __call__(
        self,
        *arguments: Any,
        grid: int | Sequence[int] | None = None,
        block: int | Sequence[int] = _BLOCK,
        shared_bytes: int = 0,
        on_print: Callable[[str], object] = print,
        stop_event: threading.Event | None = None,
        **named: Any,
    ) -> None:
        """Launch it, and wait for the end.

        Parameters
        ----------
        *arguments, **named : array or number
            In the kernel's order, or by the kernel's names.
        grid, block : int or sequence of int
            Blocks, and threads of a block, in up to three dimensions.
        shared_bytes : int
            Dynamic shared memory of a block.
        on_print : callable
            Takes each line that the kernel prints.
        stop_event : Event or None
            Ends it when set, as an interrupt does, with KeyboardInterrupt.

        Raises
        ------
        KernelError
            When an argument does not fit, or the kernel did what it may not.
        TargetError
            When the target cannot run it, or failed.
        """
        given = self._given(arguments, named)
        threads = three_numbers(block, "block")
        wanted = three_numbers(grid, "grid") if grid is not None else self._grid(given, threads)
        arrays: dict[str, np.ndarray] = {}
        values: list[Any] = []
        for parameter, value in zip(self._kernel.parameters, given, strict=True):
            if isinstance(value, np.ndarray):
                known = [name for name, array in arrays.items() if array is value]
                name = known[0] if known else parameter.name
                arrays[name] = value
                values.append({"array": name})
            else:
                values.append(value.item() if isinstance(value, np.generic) else value)
        plan = {
            "kind": "kernel",
            "source": self._module.source,
            "name": self._module.name,
            "kernel": self._kernel.name,
            "grid": wanted,
            "block": threads,
            "shared_bytes": int(shared_bytes),
            "arguments": values,
            "check": self._module.check,
        }
        self._run({"plan": plan}, arrays, on_print, stop_event)

    def _run(
        self,
        spec: dict[str, Any],
        arrays: dict[str, np.ndarray],
        on_print: Callable[[str], object],
        stop_event: threading.Event | None,
    ) -> None:
        from dlaaw_nb.engine.raw_kernel import require

        require(spec, {"arrays": arrays})  # before anything travels
        job = gateway.submit(spec, {"arrays": arrays}, self._module.target)
        try:
            for event in job.events(stop_event):
                if event["event"] == "log":
                    on_print(event["message"])
                elif event["event"] == "kernel":
                    self.time_ms = 1e3 * float(event["seconds"])
                    self.resources = dict(event["resources"])
                    for name, array in event["arrays"].items():
                        arrays[name][...] = array
        except KeyboardInterrupt:
            job.cancel()
            job.wait(5.0)
            raise

    def _given(self, arguments: Sequence[Any], named: dict[str, Any]) -> list[Any]:
        parameters = self._kernel.parameters
        given = dict(zip((p.name for p in parameters), arguments, strict=False))
        if len(arguments) > len(parameters):
            raise KernelError(
                f"{self._kernel}: expected {len(parameters)} arguments, got {len(arguments)}. Give "
                "grid= and block= by name."
            )
        for name, value in named.items():
            if name in given or name not in {p.name for p in parameters}:
                what = "twice" if name in given else "and takes no such argument"
                raise KernelError(f"{self._kernel}: got {name!r} {what}.")
            given[name] = value
        missing = [p.name for p in parameters if p.name not in given]
        if missing:
            raise KernelError(f"{self._kernel}: {', '.join(missing)} missing. Give all of them.")
        return [given[p.name] for p in parameters]

    def _grid(self, given: Sequence[Any], threads: Sequence[int]) -> list[int]:
        sizes = [value.size for value in given if isinstance(value, np.ndarray)]
        if list(threads[1:]) != [1, 1]:
            raise KernelError(f"{self._kernel.name}: a block of several dimensions needs grid=.")
        return [max(1, -(-max(sizes, default=1) // threads[0])), 1, 1]

    def __repr__(self) -> str:
        return f"<kernel {self._kernel} on {self._module.target}>"


def _signature(kernel: Kernel) -> inspect.Signature:
    """Give the arguments as a notebook completes and shows them."""
    own = inspect.signature(KernelFunction.__call__).parameters
    named = [
        inspect.Parameter(
            parameter.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=f"{parameter.type} array" if parameter.pointer else parameter.type,
        )
        for parameter in kernel.parameters
    ]
    taken = {parameter.name for parameter in named}
    how = [own[name] for name in _OWN if name not in taken]
    return inspect.Signature([*named, *how])


def three_numbers(value: Any, what: str) -> list[int]:
    """Give a grid's or a block's numbers in all three dimensions.

    Parameters
    ----------
    value : int or sequence of int
        In up to three dimensions.
    what : str
        What it is, for the message.

    Returns
    -------
    list of int
        Three numbers.

    Raises
    ------
    KernelError
        When it is something else.
    """
    numbers = [value] if isinstance(value, (int, np.integer)) else list(value)
    if not 1 <= len(numbers) <= 3 or not all(isinstance(n, (int, np.integer)) for n in numbers):
        raise KernelError(f"{what}: expected one to three whole numbers, got {value!r}.")
    return [int(n) for n in numbers] + [1] * (3 - len(numbers))
