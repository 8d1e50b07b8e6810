"""Tasks for random workflows."""

from __future__ import annotations

from typing import NamedTuple

from dlaaw_nb.workflow import Task, task
from dlaaw_nb.workflow.function import FunctionTask


@task
def affine(x: int, k: int) -> int:
    return (3 * x + k) % 1009


@task
def summed(*parts: int) -> int:
    return sum(parts) % 1009


class Both(NamedTuple):
    quotient: int
    rest: int


@task
def divide_both(x: int, k: int) -> Both:
    return Both(*divmod(x, abs(k) + 2))


@task
def items(x: int) -> list:
    return list(range(x % 4))


@task
def total_of(values: list) -> int:
    return sum(values)


@task
def choose(x: int, y: int | None = None) -> int:
    return x if y is None else max(x, y)


def fails(one: Task) -> FunctionTask:
    """Make a task of the same ports that fails."""

    def affine(x: int, k: int = 0, y: int | None = None) -> int:
        raise ZeroDivisionError("on purpose")

    return FunctionTask(affine).placed(one.name)


@task
def numbers_of(values: list) -> list:
    return values
