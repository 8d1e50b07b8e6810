"""Time of an epoch over the number of rows, 10^3 to 10^7, and its exponent."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import networks
from tests.benchmarks.gpu_race import Stepped, limit, words
from tests.benchmarks.gpu_scaling_plot import plot
from tests.benchmarks.gpu_work import data_bytes, grown, operations
from tests.benchmarks.report import Section, met, milliseconds, progress

if TYPE_CHECKING:
    from tests.benchmarks.gpu_floor import Floor
    from tests.benchmarks.gpu_race import Deadline
    from tests.benchmarks.gpu_work import Sizes

NETWORK = networks.NETWORKS[4]
EXPONENT = 1.02  # no faster than the rows, and what two decimals of noise may be
_FILL = 30_000_000  # rows that a timed training should go through, ...
_EPOCHS = (3, 1000)  # ... within these numbers of epochs
_PEERS = {"graph": "PyTorch, CUDA graph", "jax2": "JAX, batches unrolled"}

Points = dict[str, dict[int, float]]


def run(sizes: Sizes, deadline: Deadline, floor: Floor, write: Any) -> list[Section]:
    """Measure size by size, the small ones first, while there is time."""
    section = Section(
        f"Time of one epoch of {NETWORK.title} over the rows (ms)",
        ("training rows", "epochs timed", "ours", "ours: share of the floor", *_PEERS.values()),
        notes=["5 batches an epoch, synthetic rows; training alone over its epochs; medians."],
    )
    points: Points = {"ours": {}, **{key: {} for key in _PEERS}}
    last_s = 0.0
    for power in range(3, 5 if sizes.quick else 8):
        rows, started = 10**power, time.perf_counter()
        if last_s * 8 > deadline.left:
            section.notes.append(f"10^{power} rows left out: no time.")
            continue
        progress(f"  scaling, 10^{power} rows")
        epochs = min(max(_FILL // rows, _EPOCHS[0]), _EPOCHS[1])
        epochs = 5 if sizes.quick else epochs
        _measure(rows, epochs, sizes, deadline, points, section)
        work = operations(NETWORK.widths, rows, 1), data_bytes(NETWORK.widths, rows, 1)
        ours = points["ours"].get(rows)
        others = [_cell(points[key].get(rows)) for key in _PEERS]
        share = floor.share(ours, *work)
        section.rows.append((f"{rows:,}", str(epochs), _cell(ours), share, *others))
        write([section])
        last_s = time.perf_counter() - started
    _fit(section, points, sizes)
    write([section], picture=plot(points))
    return [section]


def _cell(seconds: float | None) -> str:
    return "-" if seconds is None else milliseconds(seconds)


def _measure(
    rows: int, epochs: int, sizes: Sizes, deadline: Deadline, points: Points, section: Section
) -> None:
    work = grown(NETWORK, rows).with_epochs(epochs)

    def ours() -> Any:
        from tests.benchmarks.gpu_ours import Train

        return Train(work, sizes.target, warm=rows <= 10**6)

    def graph() -> Any:
        from tests.benchmarks import gpu_torch

        gpu_torch.exact()
        return Stepped(gpu_torch.Graph(work, sizes.device), epochs, 0.3)

    def jax() -> Any:
        from tests.benchmarks import gpu_jax

        return Stepped(gpu_jax.ScanUnrolled(work, min(epochs, 10)), epochs, 0.3)

    for key, make in {"ours": ours, "graph": graph, "jax2": jax}.items():
        if key != "ours" and not deadline.left:
            continue
        try:
            with limit(max(15.0, deadline.left * 0.8)):
                call = make()
                found = [call()[""] / epochs for _ in range(3 if rows <= 10**6 else 1)]
                points[key][rows] = float(np.median(found))
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a line of the table
            section.notes.append(f"{rows:,} rows, {key} **failed**: {words(error)}")
    _release()


def _release() -> None:
    try:
        from tests.benchmarks.gpu_torch import release
    except ImportError:
        return
    release()


def _fit(section: Section, points: Points, sizes: Sizes) -> None:
    """Add each exponent: the slope of a line through the logarithms."""
    for key, name in {"ours": "ours", **_PEERS}.items():
        found = points[key]
        if len(found) < 2:
            continue
        slope = float(np.polyfit(np.log(list(found)), np.log(list(found.values())), 1)[0])
        rows = sorted(found)
        steepest = max(
            float(np.log(found[b] / found[a]) / np.log(b / a)) for a, b in pairwise(rows)
        )
        text = f"{name}: time grows as rows^{slope:.2f}, between two sizes at most {steepest:.2f}"
        if key == "ours":
            verdict = met(slope, EXPONENT, at_least=False)
            text += f"; goal at most {EXPONENT:g} by the fit, met: {verdict}"
        section.notes.append(text + ".")
    needed = 2 if sizes.quick else 5
    if len(points["ours"]) < needed:
        section.notes.append(f"ours: {len(points['ours'])} of {needed} sizes measured: **no**.")
