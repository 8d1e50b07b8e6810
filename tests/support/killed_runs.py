"""A program that runs a workflow, to be killed or interrupted: ``killed_runs.py WHAT FOLDER``.

Everything that a task does is told in a file of FOLDER, so that a test can see what ran again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from workflow_runs import run, start

from dlaaw_nb.workflow import Workflow, task

FOLDER = Path(sys.argv[2]) if __name__ == "__main__" else Path()
HELD = "held"
"""File in FOLDER that keeps a run from its end for as long as it is there."""
LAST = "t24"


@task
def work(x: int, name: str, calls: str, seconds: float) -> int:
    with Path(calls).open("a", encoding="utf-8") as file:
        file.write(name + "\n")
    time.sleep(seconds)
    while name == LAST and Path(calls).with_name(HELD).exists():
        time.sleep(0.01)
    return x + 1


@task(cached=False)
def work_uncached(x: int, name: str, calls: str, seconds: float) -> int:
    with Path(calls).open("a", encoding="utf-8") as file:
        file.write(name + "\n")
    time.sleep(seconds)
    return 2 * x


@task
def collect(*values: int) -> list:
    return list(values)


@task
def nap_with_child(pids: str) -> int:
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
    Path(pids).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
    return 1


def build(folder: Path, seconds: float = 0.03, uncached: bool = False) -> Workflow:
    """Three rows of five tasks, and one that collects."""
    workflow, calls = Workflow("killed"), str(folder / "calls.txt")
    before: list[Any] = [0, 1, 2, 3, 4]
    for row in range(3):
        kind = work_uncached if uncached and row == 1 else work
        for number, x in enumerate(before):
            placed = before[number] = workflow.place(kind, f"t{row}{number}")
            if row:
                workflow.connect(x, placed, target_port="x")
            else:
                workflow.set(placed, x=x)
            workflow.set(placed, name=placed.name, calls=calls, seconds=seconds)
    workflow.output("all", workflow.add(collect, *before, name="collect"))
    return workflow


def main() -> None:
    what, store = sys.argv[1], FOLDER / "store"
    if what == "run":
        executor, resume = sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else ""
        made = run(build(FOLDER, uncached=True), store, executor=executor, resume=resume, workers=2)
        print(json.dumps({"outputs": dict(made.outputs), "id": made.id}))
    elif what == "child":
        workflow = Workflow("child")
        workflow.add(collect, 1, name="quick")
        workflow.add(nap_with_child, pids=str(FOLDER / "pids"))
        made = run(workflow, store, executor=sys.argv[3], check=False)
        print(json.dumps({"state": made.state, "id": made.id}))
    elif what == "leave":
        workflow = Workflow("leave")
        workflow.add(collect, 1, name="quick")
        workflow.add(nap_with_child, pids=str(FOLDER / "pids"))
        made = start(workflow, store, executor=sys.argv[3])
        while made.tasks["quick"].state != "finished" or not (FOLDER / "pids").exists():
            time.sleep(0.02)
        print(made.id, flush=True)
    elif what == "hang":
        workflow = Workflow("hang")
        workflow.output("y", workflow.add(collect, 1))

        @task(timeout_s=0.3)
        def hang() -> int:
            import ctypes

            ctypes.CDLL(None).sleep(60)
            return 1

        workflow.add(hang)
        made = run(workflow, store, executor="threads", check=False)
        print(made.tasks["hang1"].state, made.outputs["y"], flush=True)


if __name__ == "__main__":
    main()
