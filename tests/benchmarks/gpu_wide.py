"""784-256-128-10 in float32: a network whose layers are products, at two sizes of batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.agreement import distance
from tests.benchmarks.gpu_one import steppers
from tests.benchmarks.gpu_race import Stepped, race, remarks, trained, words
from tests.benchmarks.gpu_work import WIDE, operations, wide
from tests.benchmarks.report import Section, met, progress, times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.benchmarks.gpu_floor import Floor
    from tests.benchmarks.gpu_race import Deadline, Result, Stepper
    from tests.benchmarks.gpu_work import Sizes
    from tests.benchmarks.networks import Work

GOALS = {128: 1.0, 4096: 0.7}  # speed over that of PyTorch with CUDA graphs
STEPS = {128: 64, 4096: 4}  # of an epoch
EPOCHS = {128: 20, 4096: 50}
TOLERANCE = 1e-3


def run(sizes: Sizes, deadline: Deadline, floor: Floor, write: Any) -> list[Section]:
    """Race at each size of batch."""
    section = Section(
        f"{'-'.join(map(str, WIDE))}, Softmax, SGD with momentum, synthetic rows (us a step)",
        (
            "batch", "ours", "PyTorch eager", "PyTorch, CUDA graph", "JAX, inner scan",
            "speed over CUDA graph", "goal", "met", "ours: share of the floor",
            "weights, ours to eager",
        ),
        notes=[
            ("Training alone over its steps; float32 products without TF32 for all. The floor "
            "counts three products of each layer, the first layer's input gradient too."),
        ],
    )  # fmt: skip
    for position, batch in enumerate(GOALS):
        progress(f"  wide, batch {batch}")
        here = deadline.part(1 / (len(GOALS) - position))
        steps = 4 if sizes.quick else STEPS[batch]
        work = wide(batch, steps * batch).with_epochs(2 if sizes.quick else EPOCHS[batch])
        built: dict[str, Stepper] = {}
        results = _race(work, sizes, here, built)
        section.rows.append(_row(batch, work, results, floor, _agreement(work, sizes, built)))
        section.notes += remarks(f"batch {batch}", results)
        built.clear()
        write([section])
    return [section]


def _race(
    work: Work, sizes: Sizes, deadline: Deadline, built: dict[str, Stepper]
) -> dict[str, Result]:
    from dataclasses import replace

    few = replace(sizes, epochs=min(10, work.epochs))  # of one call of JAX

    def ours() -> Any:
        from tests.benchmarks.gpu_ours import Train

        return Train(work, sizes.target)

    def peer(key: str, make: Callable[[], Stepper]) -> Any:
        built[key] = make()
        return Stepped(built[key], work.epochs, max(0.05, min(1.0, deadline.left / 20)))

    makers: dict[str, Any] = {"ours": ("dlaaw_nb", ours)}
    for key, (name, make) in steppers(work, few).items():
        if key != "jax2":  # an epoch has too many steps to unroll
            makers[key] = (name, lambda key=key, make=make: peer(key, make))
    return race(makers, deadline.part(0.8), sizes.rounds)


def _agreement(work: Work, sizes: Sizes, built: Mapping[str, Stepper]) -> str:
    from tests.benchmarks.gpu_ours import Train

    try:
        ours: Any = Train(work.with_epochs(2), sizes.target).parameters()[0]
        theirs: Any = trained(built["eager"], 2)[0]
    except Exception as error:  # noqa: BLE001 - becomes a line of the table
        return f"**failed**: {words(error)}"
    apart = distance(ours, theirs)
    verdict = met(apart, TOLERANCE, at_least=False)
    return f"{apart:.1e} after {2 * work.batches} steps ({verdict})"


def _row(
    batch: int, work: Work, results: Mapping[str, Result], floor: Floor, agreement: str
) -> tuple[str, ...]:
    steps, ours, theirs = (
        work.epochs * work.batches,
        results["ours"].median(),
        results["graph"].median(),
    )

    def cell(key: str) -> str:
        found = results[key].median()
        return "-" if found is None else f"{1e6 * found / steps:.3g}"

    verdict = ("-", times(GOALS[batch]), "**no** (not measured)")
    if ours and theirs:
        speed = theirs / ours
        verdict = (times(speed), times(GOALS[batch]), met(speed, GOALS[batch]))
    share = floor.share(ours, operations(work.widths, len(work.labels), work.epochs), 0.0)
    cells = [cell(key) for key in ("ours", "eager", "graph", "jax")]
    return (str(batch), *cells, *verdict, share, agreement)
