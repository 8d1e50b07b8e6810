"""Run the benchmarks, write a table: ``python -m tests.benchmarks --group I -o table.md``."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.peers import KEYS
from tests.benchmarks.report import Options, Section, machine

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS = {
    "I": "group1",
    "agreement": "agreement",
    "III": "group3",
    "sliders": "sliders",
    "stop": "stop",
    "first-use": "first_use",
    "import": "import_time",
    "memory": "memory",
    "large": "large",
    "classes": "classes",
    "views": "notebook_views",
    "slider": "slider",
    "watching": "watching",
    "workflows": "workflows",
    "canvas": "canvas",
    "remote": "remote",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 1 if a goal was missed or weights disagree."""
    chosen = _parser().parse_args(arguments)
    options = Options(
        chosen.rounds, chosen.full, tuple(sorted(set(chosen.network))), tuple(chosen.without)
    )
    text = f"# Benchmarks\n\n{machine()}"
    print(text, flush=True)
    asked = chosen.group or ["all"]
    for group, module in GROUPS.items():
        if "all" not in asked and group not in asked:
            continue
        for section in _run(module, options):
            print(section.markdown(), flush=True)
            text += "\n" + section.markdown()
        if chosen.output:
            chosen.output.write_text(text, encoding="utf-8")
    return 1 if "**no**" in text else 0


def _run(module: str, options: Options) -> list[Section]:
    sections = importlib.import_module(f"tests.benchmarks.{module}").run(options)
    return sections if isinstance(sections, list) else [sections]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--group",
        action="append",
        choices=[*GROUPS, "all"],
        help="what to run (may be given several times; default: all)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default: 3)")
    parser.add_argument(
        "--network", type=int, nargs="+", choices=range(1, 6), default=[1, 2, 3, 4, 5],
        help="only these networks of groups I and III",
    )  # fmt: skip
    parser.add_argument(
        "--without",
        action="append",
        choices=KEYS[1:],
        default=[],
        help="leave a peer out; `pytorch`, say, whose threads stall on a busy machine",
    )
    pytorch = parser.add_mutually_exclusive_group()
    pytorch.add_argument(
        "--full", action="store_true", help="group III: all of PyTorch's trainings, some 6 minutes"
    )
    pytorch.add_argument(
        "--torch-sample",
        dest="full",
        action="store_false",
        help="group III: 1 fold x 1 set of PyTorch, multiplied (the default)",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="TABLE.md", help="also write it here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
