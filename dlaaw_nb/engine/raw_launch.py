"""A launch of a person's own kernel, held against the source's own signature."""

from __future__ import annotations

import re
from typing import Any, List, Mapping, Sequence, Tuple

import numpy as np

from .faults import KernelError
from .raw_signature import Kernel, Parameter, kernels_of
from .raw_source import dynamic_shared

__all__ = ["MOST_THREADS", "Launch", "checked", "geometry"]

MOST_THREADS = 1024  # of a block


class Launch:
    """A plan ``kernel``, checked against the source's own signature.

    Raises
    ------
    KernelError
        When something does not fit.
    """

    def __init__(self, spec: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        plan = spec["plan"]
        self.source, self.name = str(plan["source"]), str(plan.get("name") or "cell")
        if not re.fullmatch(r"[\w.\- ]{1,80}", self.name):
            raise KernelError(f"name: expected a word, got {self.name[:80]!r}.")
        self.kernels = kernels_of(self.source)
        names = [kernel.name for kernel in self.kernels]
        if plan["kernel"] not in names:
            raise KernelError(
                f"kernel: expected one of {', '.join(names)}, got {plan['kernel']!r}."
            )
        self.number = names.index(plan["kernel"])
        self.kernel: Kernel = self.kernels[self.number]
        self.check = bool(plan.get("check"))
        self.grid, self.block = geometry(plan["grid"], plan["block"])
        self.shared_bytes = int(plan.get("shared_bytes") or 0)
        line = dynamic_shared(self.source, self.kernel)
        if line and self.shared_bytes <= 0:
            raise KernelError(
                f"{self.kernel.name}: line {line} declares `extern __shared__`, whose size is said "
                "at the launch. Give shared_bytes=."
            )
        self.arguments = self._arguments(plan["arguments"], data.get("arrays") or {})

    def _arguments(
        self, given: Sequence[Any], arrays: Mapping[str, np.ndarray]
    ) -> List[Tuple[Parameter, str, np.ndarray]]:
        wanted = self.kernel.parameters
        if len(given) != len(wanted):
            raise KernelError(f"{self.kernel}: expected {len(wanted)} arguments, got {len(given)}.")
        found = []
        for parameter, value in zip(wanted, given):
            name = str(value.get("array")) if isinstance(value, Mapping) else ""
            if name and name not in arrays:
                raise KernelError(
                    f"{self.kernel.name}, argument {parameter.name!r}: no array {name[:80]!r} "
                    "came along."
                )
            thing = arrays[name] if name else value
            found.append((parameter, name, checked(self.kernel, parameter, thing)))
        return found

    def written(self) -> List[Tuple[str, np.ndarray]]:
        """List the arrays that the kernel may write, by name."""
        return [(name, a) for p, name, a in self.arguments if p.writes]


def geometry(
    grid: Sequence[int], block: Sequence[int]
) -> Tuple[Tuple[int, int, int], Tuple[int, int, int]]:
    """Hold a grid and a block against what any device takes.

    Parameters
    ----------
    grid, block : sequence of int
        Three numbers each.

    Returns
    -------
    two tuples of int
        The same.

    Raises
    ------
    KernelError
        When one is empty or too large.
    """
    blocks, threads = _three(grid, "grid", 2**31 - 1), _three(block, "block", MOST_THREADS)
    if int(np.prod(threads)) > MOST_THREADS:
        raise KernelError(
            f"block: expected at most {MOST_THREADS} threads, got {int(np.prod(threads))}. Use a "
            "smaller block and more of them (grid)."
        )
    return blocks, threads


def _three(value: Any, what: str, most: int) -> Tuple[int, int, int]:
    numbers = [int(n) for n in value]
    if len(numbers) != 3 or any(not 1 <= n <= most for n in numbers):
        raise KernelError(f"{what}: expected three numbers from 1 to {most}, got {tuple(value)}.")
    return numbers[0], numbers[1], numbers[2]


def checked(kernel: Kernel, parameter: Parameter, value: Any) -> np.ndarray:
    """Hold an argument against what the kernel takes.

    Parameters
    ----------
    kernel : Kernel
        Whose argument it is, for the message.
    parameter : Parameter
        What it takes there.
    value : array or number
        What it is given.

    Returns
    -------
    array
        The array itself, or the number in its type, shape ().

    Raises
    ------
    KernelError
        With the kernel, the argument, what was expected, what came, and what to do.
    """
    place = f"{kernel.name}, argument {parameter.name!r} ({parameter})"
    if not parameter.pointer:
        return _number(place, parameter, value)
    wanted = f"an array of {parameter.dtype}"
    if not isinstance(value, np.ndarray):
        raise KernelError(
            f"{place}: expected {wanted}, got {type(value).__name__}. Use NumPy arrays."
        )
    if value.dtype != parameter.dtype:
        raise KernelError(
            f"{place}: expected {wanted}, got one of {value.dtype}. Convert it: "
            f"{parameter.name}.astype(np.{parameter.dtype})."
        )
    if not value.flags.c_contiguous:
        raise KernelError(
            f"{place}: expected an array that lies in one piece, got a slice or a transposed one. "
            f"Use np.ascontiguousarray({parameter.name})."
        )
    if not parameter.const and not value.flags.writeable:
        raise KernelError(
            f"{place}: the kernel may write to it, but it is read-only. Declare it const in the "
            "kernel, or give a copy."
        )
    return value


def _number(place: str, parameter: Parameter, value: Any) -> np.ndarray:
    kind = parameter.dtype.kind
    plain = isinstance(value, (bool, int, float, np.generic)) and not isinstance(value, np.ndarray)
    if not plain:
        raise KernelError(f"{place}: expected a number, got {type(value).__name__}.")
    number = value.item() if isinstance(value, np.generic) else value
    if kind == "f":
        with np.errstate(over="ignore"):
            made = np.array(number, parameter.dtype)
        if np.isinf(made) and not np.isinf(number):
            raise KernelError(f"{place}: {number!r} is beyond what a {parameter.type} holds.")
        return made
    if isinstance(number, float):
        raise KernelError(f"{place}: expected a whole number, got {number!r}.")
    if kind != "b":
        limits = np.iinfo(parameter.dtype)
        if not limits.min <= int(number) <= limits.max:
            raise KernelError(
                f"{place}: expected a number from {limits.min} to {limits.max}, got {number}."
            )
    return np.array(number, parameter.dtype)
