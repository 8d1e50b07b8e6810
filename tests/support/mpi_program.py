"""Run by mpiexec: a workflow on the processes of MPI, twice; prints what came out as JSON."""

from __future__ import annotations

import json
import sys

from workflow_runs import run, states
from workflow_tasks import boom, column_sum, draw, nap, pid, print_from_child, square, steps, table

from dlaaw_nb.workflow import Workflow


def main() -> None:
    workflow, events = Workflow("mpi"), []
    workflow.output("pid", workflow.add(pid))
    workflow.output("sum", workflow.add(column_sum, data=workflow.add(table, n=1000)))
    workflow.output("map", workflow.map(square, {"x": workflow.input("x", [1, 2, 3])}))
    workflow.output("drawn", workflow.add(draw, n=2))
    workflow.add(boom, x=1)
    workflow.add(steps, n=2)
    workflow.add(print_from_child)
    for number in range(4):
        workflow.add(nap, seconds=0.05 + number / 1000)
    store = sys.argv[1]
    made = run(workflow, store, executor="mpi", check=False, callback=events.append)
    again = run(workflow, store, executor="mpi", check=False)
    told = {
        "outputs": dict(made.outputs),
        "state": made.state,
        "error": made.tasks["boom1"].error,
        "log": made.tasks["boom1"].log,
        "progress": [event["done"] for event in events if event["event"] == "progress"],
        "workers": len({one.worker for one in made.tasks.values()} - {""}),
        "again": states(again),
    }
    print("TOLD", json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
