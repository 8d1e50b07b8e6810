"""Folds x settings of each network in one call, and the paper's group III as a whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks import networks
from tests.benchmarks.agreement import SMALL_TOLERANCE, distance
from tests.benchmarks.gpu_one import against, cell
from tests.benchmarks.gpu_race import Stepped, fastest, limit, race, remarks, trained, words
from tests.benchmarks.gpu_work import data_bytes, folds, operations, settings
from tests.benchmarks.report import Section, met, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.benchmarks.gpu_floor import Floor
    from tests.benchmarks.gpu_race import Deadline, Result, Stepper
    from tests.benchmarks.gpu_work import Sizes
    from tests.benchmarks.networks import Network

EAGER_GOAL, BATCHED_GOAL, GROUP3_GOAL_S = 300.0, 5.0, 2.0
BATCHED = ("vmap", "vmapgraph", "jax")


def run(sizes: Sizes, deadline: Deadline, floor: Floor, write: Any) -> list[Section]:
    """Race the grids of all networks."""
    chosen = settings(sizes.quick)
    trials = len(chosen) * networks.FOLDS
    timed = Section(
        f"{networks.FOLDS} folds x {len(chosen)} settings, {sizes.epochs} epochs (ms)",
        (
            "network", "trials", "ours, one call's job", "ours, whole call",
            "PyTorch eager, one by one", "PyTorch vmap", "PyTorch vmap, CUDA graph",
            "JAX jit+scan+vmap", "ours: share of the floor",
        ),
        notes=[
            ("Ours: seconds of the job in the worker (preparation and results included), and of "
            "`sweep(...)` from call to result. Peers: training alone."),
        ],
    )  # fmt: skip
    compared = Section(
        f"{trials} trials: ratios of medians",
        ("network", "we against", "ratio", "ratio, our whole call", "goal", "met"),
    )
    agreed = Section(
        f"Do the {trials} trials agree after {sizes.judged} epochs?",
        ("network", "peer", "median distance", "largest distance", "agree"),
        notes=[
            (
                f"From the same initial weights; small sets within {SMALL_TOLERANCE:g} (median), "
                "large ones drift apart by rounding, so that they are shown and not judged."
            ),
        ],
    )
    sections = [timed, compared, agreed]
    for position, network in enumerate(networks.NETWORKS):
        progress(f"  grid, {network.title}")
        here = deadline.part(1 / (len(networks.NETWORKS) - position))
        built: dict[str, Stepper] = {}
        results = _race(network, sizes, here, built)
        _add_times(network, results, sizes, floor, timed, compared)
        try:
            agreed.rows += _agreement(network, sizes, built)
        except Exception as error:  # noqa: BLE001 - becomes a line of the table
            agreed.rows.append((network.title, "-", "-", "-", f"**failed**: {words(error)}"))
        built.clear()
        write(sections)
    return sections


def _race(
    network: Network, sizes: Sizes, deadline: Deadline, built: dict[str, Stepper]
) -> dict[str, Result]:
    chosen = settings(sizes.quick)
    most_s = max(0.05, min(2.0, deadline.left / 20))

    def ours() -> Any:
        from tests.benchmarks.gpu_ours import Sweep

        return Sweep(network, chosen, sizes.target, sizes.epochs)

    def eager() -> Any:
        from tests.benchmarks import gpu_torch

        gpu_torch.exact()
        one = networks.fold(network, networks.HYPERPARAMETERS[0], 0)
        trials = len(chosen) * networks.FOLDS
        return Stepped(gpu_torch.Eager(one, sizes.device), sizes.epochs, min(0.3, most_s), trials)

    def batched(key: str, make: Callable[[], Stepper]) -> Any:
        built[key] = make()
        return Stepped(built[key], sizes.epochs, most_s)

    makers: dict[str, Any] = {
        "ours": ("dlaaw_nb", ours),
        "eager": ("PyTorch eager", eager),
    }
    for key, (name, make) in _steppers(network, sizes).items():
        makers[key] = (name, lambda key=key, make=make: batched(key, make))
    return race(makers, deadline.part(0.85), sizes.rounds)


def _steppers(network: Network, sizes: Sizes) -> dict[str, tuple[str, Callable[[], Stepper]]]:
    chosen = settings(sizes.quick)

    def work() -> Any:
        from tests.benchmarks.gpu_ours import Sweep

        initial = Sweep(network, chosen, sizes.target, sizes.judged, warm=False).initial()
        return folds(network, initial)

    def torch_peer(kind: str) -> Stepper:
        from tests.benchmarks import gpu_torch

        gpu_torch.exact()
        peer: Stepper = getattr(gpu_torch, kind)(work(), chosen, sizes.device)
        return peer

    def jax_peer() -> Stepper:
        from tests.benchmarks import gpu_jax

        return gpu_jax.Grid(work(), chosen, sizes.unit)

    return {
        "vmapgraph": ("PyTorch vmap, CUDA graph", lambda: torch_peer("VmapGraph")),
        "vmap": ("PyTorch vmap", lambda: torch_peer("Vmap")),
        "jax": ("JAX jit+scan+vmap", jax_peer),
    }


def _add_times(
    network: Network,
    results: Mapping[str, Result],
    sizes: Sizes,
    floor: Floor,
    timed: Section,
    compared: Section,
) -> None:
    ours, whole = results["ours"].median(), results["ours"].median("whole")
    trials = len(settings(sizes.quick)) * networks.FOLDS
    rows = len(networks.prepared(network.data)[1]) * (networks.FOLDS - 1) // networks.FOLDS
    work = trials * operations(network.widths, rows, sizes.epochs)
    share = floor.share(ours, work, data_bytes(network.widths, rows, sizes.epochs))
    cells = [cell(results[key].median()) for key in ("eager", "vmap", "vmapgraph", "jax")]
    timed.rows.append((network.title, str(trials), cell(ours), cell(whole), *cells, share))
    timed.notes += remarks(network.title, results)
    for keys, goal in ((("eager",), EAGER_GOAL), (BATCHED, BATCHED_GOAL)):
        compared.rows.append(against(network.title, fastest(results, keys), ours, whole, goal))


def _agreement(
    network: Network, sizes: Sizes, built: Mapping[str, Stepper]
) -> list[tuple[str, ...]]:
    from tests.benchmarks.gpu_ours import Sweep

    ours: Any = Sweep(network, settings(sizes.quick), sizes.target, sizes.judged).parameters()
    rows: list[tuple[str, ...]] = []
    for stepper in built.values():
        theirs: Any = trained(stepper, sizes.judged)
        apart = sorted(distance(a, b) for a, b in zip(ours, theirs, strict=True))
        middle = apart[len(apart) // 2]
        verdict = "-"
        if network.small:
            verdict = "yes" if middle <= SMALL_TOLERANCE else "**no**"
        rows.append((network.title, stepper.name, f"{middle:.1e}", f"{apart[-1]:.1e}", verdict))
    return rows


def group3(sizes: Sizes, deadline: Deadline, floor: Floor, write: Any) -> list[Section]:
    """All 100 trainings: five sweeps one after the other, as a user calls them."""
    from tests.benchmarks.gpu_ours import Sweep

    section = Section(
        f"The paper's group III: 5 networks x 4 sets x 5 folds, {sizes.epochs} epochs (s)",
        ("network", "trainings", "job", "whole call", "goal", "met", "share of the floor"),
        notes=["The whole calls are judged, data set and code in place by a sweep before."],
    )
    sweeps, each = [], len(networks.HYPERPARAMETERS) * networks.FOLDS
    with limit(max(30.0, deadline.left)):
        for network in networks.NETWORKS:
            started = time.perf_counter()
            sweeps.append(Sweep(network, networks.HYPERPARAMETERS, sizes.target, sizes.epochs))
            ready = time.perf_counter() - started
            section.notes.append(f"{network.title}: first call {ready:.2f} s.")
        rounds: list[list[dict[str, float]]] = []
        while len(rounds) < max(3, sizes.rounds) and (deadline.left or not rounds):
            rounds.append([sweep() for sweep in sweeps])
    rounds.sort(key=lambda found: sum(one["whole"] for one in found))
    middle, least = rounds[len(rounds) // 2], 0.0
    for network, one in zip(networks.NETWORKS, middle, strict=True):
        rows = len(networks.prepared(network.data)[1]) * (networks.FOLDS - 1) // networks.FOLDS
        work = each * operations(network.widths, rows, sizes.epochs)
        size = data_bytes(network.widths, rows, sizes.epochs)
        least += floor.seconds(work, size)
        share = floor.share(one[""], work, size)
        figures = (f"{one['']:.3g}", f"{one['whole']:.3g}")
        section.rows.append((network.title, str(each), *figures, "-", "-", share))
    job, whole = (sum(one[label] for one in middle) for label in ("", "whole"))
    goal = (f"{GROUP3_GOAL_S:g}", met(whole, GROUP3_GOAL_S, at_least=False))
    share = f"{100 * least / job:.2g} %" if least else "-"
    section.rows.append(("all", str(5 * each), f"{job:.3g}", f"{whole:.3g}", *goal, share))
    section.notes.append(f"The median of {len(rounds)} rounds.")
    write([section])
    return [section]
