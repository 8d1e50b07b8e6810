"""``import dlaaw_nb`` against ``import numpy``, many interpreters in turn."""

from __future__ import annotations

from functools import partial

from tests.benchmarks import children, peers
from tests.benchmarks.measure import interleaved, ratio
from tests.benchmarks.report import Options, Section, met, milliseconds

GOAL = 1.3
STATEMENTS = (
    "import numpy",
    "import dlaaw_nb",
    "from dlaaw_nb import NNWorkflow, Linear, ReLU, Sigmoid",
)

_CODE = """
import json, sys, time
code = compile(sys.argv[1], "import", "exec")
started = time.perf_counter()
exec(code)
print(json.dumps(time.perf_counter() - started))
"""


def run(options: Options) -> list[Section]:
    """Time each import statement in new interpreters."""
    section = Section(
        "Import (ms)",
        ("statement", "median", "fastest", "times `import numpy`", "goal", "met"),
        notes=["Measured within a new interpreter around the statement alone, interleaved."],
    )
    if not peers.available("ours"):
        return [section]
    calls = {statement: partial(_once, statement) for statement in STATEMENTS}
    for call in calls.values():
        call()
    timings = interleaved(calls, 10 * options.rounds, fill_s=0.0)
    base = timings[STATEMENTS[0]]
    for statement, timing in timings.items():
        found = ratio(timing, base)
        judged = statement == STATEMENTS[1]
        section.rows.append(
            (
                f"`{statement}`",
                milliseconds(timing.median),
                milliseconds(timing.best),
                f"{found:.2f}",
                f"{GOAL}" if judged else "-",
                met(found, GOAL, at_least=False) if judged else "-",
            )
        )
    section.rows.sort(key=lambda row: STATEMENTS.index(row[0].strip("`")))
    return [section]


def _once(statement: str) -> dict[str, float]:
    return {statement: children.run(_CODE, statement)}
