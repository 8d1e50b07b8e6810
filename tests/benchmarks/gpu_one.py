"""One training of each of the paper's networks on a GPU, and whether the weights agree."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import networks
from tests.benchmarks.agreement import LARGE_FACTOR, SMALL_TOLERANCE, distance
from tests.benchmarks.gpu_race import Stepped, fastest, race, remarks, trained, words
from tests.benchmarks.gpu_work import data_bytes, operations
from tests.benchmarks.peer_numpy import ByHand
from tests.benchmarks.report import Section, met, milliseconds, progress, times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.benchmarks.gpu_floor import Floor
    from tests.benchmarks.gpu_race import Deadline, Result, Stepper
    from tests.benchmarks.gpu_work import Sizes
    from tests.benchmarks.networks import Network, Work

EAGER_GOAL, REST_GOAL = 20.0, 3.0
REST = ("graph", "jax", "jax2")
STARTS = 3  # initial weights over which large sets are judged


def steppers(work: Work, sizes: Sizes) -> dict[str, tuple[str, Callable[[], Stepper]]]:
    """The peers, each behind a function that imports its library and builds it."""

    def torch_peer(kind: str) -> Stepper:
        from tests.benchmarks import gpu_torch

        gpu_torch.exact()
        peer: Stepper = getattr(gpu_torch, kind)(work, sizes.device)
        return peer

    def jax_peer(kind: str) -> Stepper:
        from tests.benchmarks import gpu_jax

        peer: Stepper = getattr(gpu_jax, kind)(work, sizes.unit)
        return peer

    return {
        "eager": ("PyTorch eager", lambda: torch_peer("Eager")),
        "graph": ("PyTorch, CUDA graph", lambda: torch_peer("Graph")),
        "jax2": ("JAX, batches unrolled", lambda: jax_peer("ScanUnrolled")),
        "jax": ("JAX, inner scan", lambda: jax_peer("Scan")),
    }


def run(sizes: Sizes, deadline: Deadline, floor: Floor, write: Any) -> list[Section]:
    """Race, and compare weights, network by network."""
    timed, compared, agreed = _sections(sizes)
    sections = [timed, compared, agreed]
    for position, network in enumerate(networks.NETWORKS):
        progress(f"  one training, {network.title}")
        here = deadline.part(1 / (len(networks.NETWORKS) - position))
        work = networks.train_and_test(network).with_epochs(sizes.epochs)
        built: dict[str, Stepper] = {}
        results = _race(work, sizes, here, built)
        _add_times(network, work, results, floor, timed, compared)
        try:
            agreed.rows.append(_agreement(network, sizes, built, here))
        except Exception as error:  # noqa: BLE001 - becomes a line of the table
            agreed.rows.append((network.title, *["-"] * 6, f"**failed**: {words(error)}"))
        built.clear()
        write(sections)
    return sections


def _race(
    work: Work, sizes: Sizes, deadline: Deadline, built: dict[str, Stepper]
) -> dict[str, Result]:
    def ours() -> Any:
        from tests.benchmarks.gpu_ours import Train

        return Train(work, sizes.target)

    def peer(key: str, make: Callable[[], Stepper], most_s: float) -> Any:
        built[key] = make()
        return Stepped(built[key], work.epochs, most_s)

    makers: dict[str, Any] = {"ours": ("dlaaw_nb", ours)}
    most_s = max(0.05, min(0.5, deadline.left / 30))
    for key, (name, make) in steppers(work, sizes).items():
        makers[key] = (name, lambda key=key, make=make: peer(key, make, most_s))
    return race(makers, deadline.part(0.8), sizes.rounds)


def _sections(sizes: Sizes) -> tuple[Section, Section, Section]:
    timed = Section(
        f"One training, {sizes.epochs} epochs (ms)",
        (
            "network", "training rows", "ours", "ours, whole call", "PyTorch eager",
            "PyTorch, CUDA graph", "JAX, batches unrolled", "JAX, inner scan",
            "ours: share of the floor",
        ),
        notes=["Medians of the training alone, data on the device, float32 without TF32."],
    )  # fmt: skip
    compared = Section(
        "One training: ratios of medians",
        ("network", "we against", "ratio", "ratio, our whole call", "goal", "met"),
        notes=["Training alone against training alone is what is judged."],
    )
    agreed = Section(
        f"Do the weights agree after {sizes.judged} epochs?",
        (
            "network", "ours to PyTorch eager", "CUDA graph to eager", "JAX to eager",
            "ours to float64", "eager to float64", "starts", "agree",
        ),
        notes=[
            (f"Small sets: ours within {SMALL_TOLERANCE:g} of PyTorch's. Large ones: or at most "
            f"{LARGE_FACTOR:g} times as far from a float64 run as PyTorch (medians over starts)."),
        ],
    )  # fmt: skip
    return timed, compared, agreed


def _add_times(
    network: Network,
    work: Work,
    results: Mapping[str, Result],
    floor: Floor,
    timed: Section,
    compared: Section,
) -> None:
    ours, whole = results["ours"].median(), results["ours"].median("whole")
    rows = len(work.labels)
    load = operations(work.widths, rows, work.epochs), data_bytes(work.widths, rows, work.epochs)
    cells = [cell(results[key].median()) for key in ("eager", "graph", "jax2", "jax")]
    timed.rows.append(
        (network.title, str(rows), cell(ours), cell(whole), *cells, floor.share(ours, *load))
    )
    timed.notes += remarks(network.title, results)
    for keys, goal in ((("eager",), EAGER_GOAL), (REST, REST_GOAL)):
        rival = fastest(results, keys)
        compared.rows.append(against(network.title, rival, ours, whole, goal))


def cell(seconds: float | None) -> str:
    """Milliseconds, or a dash."""
    return "-" if seconds is None else milliseconds(seconds)


def against(
    title: str, rival: Result | None, ours: float | None, whole: float | None, goal: float
) -> tuple[str, ...]:
    """A row of ratios: ours against a rival; a figure that is missing counts as missed."""
    theirs = rival.median() if rival else None
    name = rival.name if rival else "?"
    if theirs is None or ours is None or whole is None:
        return (title, name, "-", "-", times(goal), "**no** (not measured)")
    ratio = theirs / ours
    return (title, name, times(ratio), times(theirs / whole), times(goal), met(ratio, goal))


def _agreement(
    network: Network, sizes: Sizes, built: Mapping[str, Stepper], deadline: Deadline
) -> tuple[str, ...]:
    from tests.benchmarks.gpu_ours import Train

    starts = 1 if network.small or sizes.quick else STARTS
    found: dict[str, list[float]] = {}

    def add(key: str, value: float) -> None:
        found.setdefault(key, []).append(value)

    for start in range(starts):
        if start and not deadline.left:
            break
        work = networks.train_and_test(replace(network, seed=network.seed + start))
        work = work.with_epochs(sizes.judged)
        ours: Any = Train(work, sizes.target).parameters()[0]
        fresh = built if not start else _fresh(work, sizes)
        theirs: dict[str, Any] = {k: trained(s, sizes.judged)[0] for k, s in fresh.items()}
        exact = ByHand(np.float64).train(work).parameters
        add("ours64", distance(ours, exact))
        if "eager" not in theirs:
            continue
        add("eager64", distance(theirs["eager"], exact))
        add("ours", distance(ours, theirs["eager"]))
        for key in ("graph", "jax2"):
            if key in theirs:
                add(key, distance(theirs[key], theirs["eager"]))
    return _judge(network, {key: statistics.median(values) for key, values in found.items()},
                  len(found["ours64"]))  # fmt: skip


def _fresh(work: Work, sizes: Sizes) -> dict[str, Stepper]:
    """PyTorch's peers from other weights; JAX would have to be compiled again."""
    made = steppers(work, sizes)
    return {key: made[key][1]() for key in ("eager", "graph")}


def _judge(network: Network, found: Mapping[str, float], starts: int) -> tuple[str, ...]:
    cells = [
        f"{found[key]:.1e}" if key in found else "-"
        for key in ("ours", "graph", "jax2", "ours64", "eager64")
    ]
    if "ours" not in found:
        return (network.title, *cells, str(starts), "**no** (PyTorch did not run)")
    near = found["ours"] <= SMALL_TOLERANCE
    if not network.small:
        near = near or found["ours64"] <= LARGE_FACTOR * found["eager64"]
    return (network.title, *cells, str(starts), "yes" if near else "**no**")
