"""Tasks for tests of runs; in a module, so that worker processes can import them."""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dlaaw_nb.workflow import Task, task
from dlaaw_nb.workflow.context import context


@task
def square(x: int) -> int:
    print("squaring", x)
    return x * x


@task
def add(*parts: int) -> int:
    return sum(parts)


@task
def plus(x: int, y: int = 10) -> int:
    return x + y


@task
def numbers(n: int) -> list:
    return list(range(n))


@task
def noted(x: int, note: str) -> int:
    """Appends a line to a file, so that a test can count its calls."""
    with Path(note).open("a", encoding="utf-8") as file:
        file.write(f"{x}\n")
    return x + 1


@task
def boom(x: int) -> int:
    print("before the boom")
    raise ValueError(f"no {x}")


@task
def odd_only(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(f"{x} is even")
    return x


@task
def leave(x: int) -> int:
    os._exit(3)


@task
def crash(x: int) -> int:
    ctypes.string_at(0)
    return x


@task
def quit_program(x: int) -> int:
    sys.exit(4)


@task(timeout_s=0.5)
def hang(x: int) -> int:
    while True:
        time.sleep(0.05)


@task
def wrong(x: int) -> int:
    return "text"


@task
def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@task
def nap_with_child(pid_file: str) -> int:
    child = subprocess.Popen(["sleep", "600"])
    Path(pid_file).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
    return 1


@task(timeout_s=1.5)
def hang_with_child(pid_file: str) -> int:
    return nap_with_child(pid_file)


@task(retries=3, backoff_s=0.01)
def flaky(path: str, failures: int) -> int:
    tries = int(Path(path).read_text()) if Path(path).exists() else 0
    Path(path).write_text(str(tries + 1))
    print("try", tries)
    if tries < failures:
        raise RuntimeError("not yet")
    return tries


@task(retries=1, backoff_s=0.01)
def leave_once(path: str) -> int:
    if not Path(path).exists():
        Path(path).touch()
        os._exit(1)
    return 7


@task
def print_much(megabytes: int) -> int:
    line = "x" * 1023 + "\n"
    for _ in range(megabytes * 1024):
        sys.stdout.write(line)
    return megabytes


@task
def print_from_child() -> int:
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    os.write(2, "a word: größer\n".encode())
    return 1


@task
def zeros(n: int) -> np.ndarray:
    return np.zeros(n)


@task
def total(values: np.ndarray) -> float:
    return float(values.sum())


@task
def address(values: np.ndarray) -> int:
    return values.__array_interface__["data"][0]


@task(outputs={"values": "array", "where": "int"})
def array_and_address(n: int) -> Any:
    values = np.arange(float(n))
    return values, values.__array_interface__["data"][0]


@task
def pid(x: Any = 0) -> int:
    return os.getpid()


@task
def table(n: int) -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(n), "b": np.arange(n) * 0.5})


@task
def column_sum(data: pd.DataFrame) -> float:
    return float(data["b"].sum())


@task
def draw(n: int) -> list:
    return [random.random() for _ in range(n)] + np.random.random(n).tolist()  # noqa: NPY002 - that too is seeded


@task
def seeded(n: int) -> list:
    return np.random.default_rng(context().seed).random(n).tolist()


@task
def write_file(text: str) -> Path:
    Path(context().folder, "notes.txt").write_text(text)
    return Path("notes.txt")


@task
def read_file(path: Path) -> str:
    return f"{Path(path).name}: {Path(path).read_text()}"


@task
def half_a_file(x: int) -> Path:
    path = context().folder / "half.bin"
    with path.open("wb") as file:
        file.write(b"x" * 1000)
        file.flush()
        os._exit(9)


@task
def no_file(x: int) -> Path:
    return Path("nothing-here.txt")


class Both(NamedTuple):
    quotient: int
    rest: int


@task
def divide(x: int, by: int) -> Both:
    return Both(x // by, x % by)


@task(outputs=("small", "large"))
def order(x: int, y: int) -> tuple[int, int]:
    return min(x, y), max(x, y)


@task(outputs={"first": int, "second": str})
def by_name(x: int) -> dict:
    print("wanted", sorted(context().wanted or ()))
    return {"second": str(x), "first": x}


@task(outputs={"first": int, "second": int})
def only_wanted(x: int) -> dict:
    wanted = context().wanted or {"first", "second"}
    return dict.fromkeys(wanted, x)


@dataclass
class Box:
    content: int


@task
def make_box(x: int) -> Box:
    return Box(x)


@task
def open_box(box: Box) -> int:
    return box.content


@task
def make_lock(x: int) -> Any:
    return threading.Lock()


@task
def use_lock(lock: Any) -> int:
    with lock:
        return 1


@task
def steps(n: int) -> int:
    for step in range(n):
        context().progress(step, n, "steps")
        context().cost(step, 1.0 / (step + 1))
        context().emit("output", step * 10, step)
        time.sleep(0.05)
    return n * 10


@task
def show(value: int, scale: int = 1) -> str:
    return f"{value * scale}"


@task(cached=False)
def never_cached(note: str) -> int:
    with Path(note).open("a", encoding="utf-8") as file:
        file.write("x\n")
    return 5


@task
def stop_politely(note: str) -> int:
    Path(note).touch()
    context().stop.wait(60)
    return 1


@dataclass(frozen=True)
class Scale(Task):
    factor: int = 2

    def run(self, x: int) -> int:
        return self.factor * x


class Shift(Task):
    """A task that is no dataclass, with state of its own."""

    def __init__(self, by: int) -> None:
        self.by = by

    def run(self, x: int) -> int:
        return x + self.by


class CannotTravelError(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} {second}")
        self.lock = threading.Lock()


@task
def raise_oddly(x: int) -> int:
    raise CannotTravelError(x, 2)


@task
def wait_for(path: str, then: int = 1) -> int:
    while not Path(path).exists():
        time.sleep(0.01)
    return then


@task
def touch(path: str) -> str:
    Path(path).touch()
    return path


@task(timeout_s=0.5)
def hang_for_a_while() -> int:
    time.sleep(2.0)
    return 1


@task
def count(*parts: float) -> int:
    return len(parts)
