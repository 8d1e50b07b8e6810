"""Benchmarks on one GPU beside PyTorch and JAX: ``python -m tests.benchmarks.gpu -o table.md``.

The table is written after each part, and what fails or has no time is a line in it. The exit
status is 1 where a goal was missed, weights disagree or something failed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.gpu_floor import Floor, measure
from tests.benchmarks.gpu_race import Deadline, words
from tests.benchmarks.gpu_work import Sizes
from tests.benchmarks.report import Section, machine, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

SHARES = {"floor": 2, "one": 28, "grid": 36, "group3": 6, "wide": 10, "scaling": 18}
PLACES = {
    "one": "gpu_one:run",
    "grid": "gpu_grid:run",
    "group3": "gpu_grid:group3",
    "wide": "gpu_wide:run",
    "scaling": "gpu_scaling:run",
}
SPARE_S = 20.0  # between the last part's end and the hard one


class Report:
    """The table as it grows, written whenever something is added."""

    def __init__(self, head: str, output: Path | None) -> None:
        self._head, self._output = head, output
        self._parts: dict[str, str] = {}
        self._lock = threading.Lock()
        self._write()

    @property
    def text(self) -> str:
        """All of it."""
        return self._head + "".join("\n" + part for part in self._parts.values())

    def writer(self, part: str) -> Callable[..., None]:
        """What a part calls with all its sections so far."""

        def write(sections: Sequence[Section], picture: str | None = None) -> None:
            text = "\n".join(section.markdown() for section in sections)
            if picture and self._output:
                path = self._output.with_name(f"{self._output.stem}_{part}.svg")
                path.write_text(picture, encoding="utf-8")
                text += f"\n![Time of one epoch over the rows]({path.name})\n"
            self.add(part, text)

        return write

    def add(self, part: str, text: str, *, more: bool = False) -> None:
        """Set a part's text, or add to it."""
        with self._lock:
            before = self._parts.get(part, "") if more else ""
            self._parts[part] = before + text
            self._write()

    def _write(self) -> None:
        if self._output:
            self._output.write_text(self.text, encoding="utf-8")

    def part(self, part: str) -> str:
        """One part's text."""
        return self._parts.get(part, "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    began = time.perf_counter()
    chosen = _parser().parse_args(arguments)
    sizes = _sizes(chosen)
    report = Report(f"# Benchmarks on a GPU\n\n{_head(sizes)}", chosen.output)
    print(report.text, flush=True)
    watchdog = threading.Timer(chosen.seconds - 2, _cut_off, (report,))
    watchdog.daemon = True
    watchdog.start()
    floor, ends = Floor(), Deadline(chosen.seconds - SPARE_S - (time.perf_counter() - began))
    wanted = [part for part in SHARES if part == "floor" or part in chosen.only]
    for position, part in enumerate(wanted):
        share = SHARES[part] / sum(SHARES[later] for later in wanted[position:])
        deadline, started = ends.part(share), time.perf_counter()
        progress(f"{part}: {deadline.left:.0f} s")
        try:
            floor = _run(part, sizes, deadline, floor, report)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the rest must run
            report.add(part, f"\n**{part} failed**: {words(error)}\n", more=True)
        took = time.perf_counter() - started
        report.add(part, f"\nThis part took {took:.0f} s.\n", more=True)
        print("\n" + report.part(part), flush=True)
    watchdog.cancel()
    report.add("end", f"All of it took {time.perf_counter() - began:.0f} s.\n")
    return 1 if "**" in report.text else 0


def _run(part: str, sizes: Sizes, deadline: Deadline, floor: Floor, report: Report) -> Floor:
    if part == "floor":
        section, floor = measure(sizes, deadline)
        report.writer(part)([section])
        return floor
    module, name = PLACES[part].split(":")
    run = getattr(importlib.import_module(f"tests.benchmarks.{module}"), name)
    run(sizes, deadline, floor, report.writer(part))
    return floor


def _cut_off(report: Report) -> None:
    report.add("end", "**Cut off**: the time was up, and something did not end.\n")
    print(report.text, flush=True)
    os._exit(1)


def _sizes(chosen: argparse.Namespace) -> Sizes:
    device = chosen.device or ("cuda" if _torch("cuda.is_available") else "cpu")
    if device == "cpu":  # neither may take the GPU, if there is one
        os.environ["JAX_PLATFORMS"] = "cpu"
    target = chosen.target or ("gpu" if device == "cuda" else "cpu")
    rounds = 1 if chosen.quick else chosen.rounds
    epochs = {"epochs": 20, "judged": 10} if chosen.quick else {}
    return Sizes(device, target, chosen.quick, rounds, **epochs)


def _torch(name: str) -> Any:
    """What a function of PyTorch says, or None."""
    try:
        found: Any = importlib.import_module("torch")
        for part in name.split("."):
            found = getattr(found, part)
        return found() if callable(found) else found
    except Exception:  # noqa: BLE001 - a missing or broken library is a line of the table
        return None


def _head(sizes: Sizes) -> str:
    lines = [machine().rstrip()]
    if sizes.device == "cuda":
        query = [
            "nvidia-smi",
            "--query-gpu=name,driver_version,memory.total",
            "--format=csv,noheader",
        ]
        try:
            said = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
            gpu = "; ".join(said.stdout.strip().splitlines())
        except (OSError, subprocess.SubprocessError):
            gpu = str(_torch("cuda.get_device_name"))
        lines.append(
            f"- GPU (name, driver, memory): {gpu}; PyTorch's CUDA {_torch('version.cuda')}"
        )
    else:
        lines.append("- no GPU: PyTorch and JAX on the CPU, no graphs; a test of this program")
    quick = f"; quick: {sizes.epochs} epochs, fewer settings and rows" if sizes.quick else ""
    lines.append(f"- ours on target `{sizes.target}`{quick}; JAX on {_jax_device()}")
    lines.append(f"- medians of at most {sizes.rounds} interleaved rounds")
    return "\n".join(lines) + "\n"


def _jax_device() -> str:
    try:
        from tests.benchmarks.gpu_jax import device

        return device()
    except Exception as error:  # noqa: BLE001 - a missing or broken library is a line of the table
        return f"nothing ({words(error)})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, metavar="TABLE.md")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does all of it run?")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=list(PLACES), metavar="PARTS",
        help=f"parts, by commas: {','.join(PLACES)} (floor always runs)",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=480.0, help="it ends before (480)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument("--device", choices=("cuda", "cpu"), help="PyTorch's and JAX's")
    parser.add_argument("--target", help="ours (gpu with cuda, else cpu)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
