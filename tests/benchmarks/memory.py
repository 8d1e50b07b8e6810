"""Peak memory of a training on bank marketing against a bare interpreter with NumPy."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks import children, networks, peers
from tests.benchmarks.report import Options, Section, met

GOAL_COPIES = 4
MIB = 1024 * 1024

_BARE = children.PEAK + "import json, numpy\nprint(json.dumps(peak_bytes()))\n"
_FROM_CSV = (
    children.PEAK
    + children.NETWORK
    + """
import json
path, *widths = sys.argv[1:]
result = network([int(width) for width in widths], epochs=100).train(path)
print(json.dumps(peak_bytes()))
"""
)
_FROM_ARRAYS = (
    children.PEAK
    + children.NETWORK
    + """
import json, numpy
folder, *widths = sys.argv[1:]
features = numpy.load(folder + "/features.npy")
labels = numpy.load(folder + "/labels.npy")
result = network([int(width) for width in widths], epochs=100).train((features, labels))
print(json.dumps(peak_bytes()))
"""
)


def run(options: Options) -> list[Section]:
    """Peak resident memory of three processes; the compiler has run before."""
    section = Section(
        "Peak resident memory, bank marketing (MiB)",
        ("process", "peak", "above bare", "in copies of the data", "goal", "met"),
    )
    if not peers.available("ours"):
        return [section]
    network = networks.NETWORKS[-1]
    path = networks.data_path(network.data)
    table = np.loadtxt(path, delimiter=",")
    section.notes.append(
        f"One copy of the data: {table.shape[0]} x {table.shape[1]} float64,"
        f" {table.nbytes / MIB:.2f} MiB; arrays that the caller holds are one of the copies."
        f" The smallest of {max(options.rounds, 3)} runs; living child processes are added."
    )
    widths = [str(width) for width in network.widths]
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "features.npy", np.ascontiguousarray(table[:, :-1]))
        np.save(Path(folder) / "labels.npy", np.ascontiguousarray(table[:, -1]))
        children.run(_FROM_ARRAYS, folder, *widths)
        peaks = {
            "bare interpreter with NumPy": _smallest(options, _BARE),
            "`train((features, labels))`": _smallest(options, _FROM_ARRAYS, folder, *widths),
            "`train(path)` of the CSV file": _smallest(options, _FROM_CSV, str(path), *widths),
        }
    bare = peaks["bare interpreter with NumPy"]
    for name, peak in peaks.items():
        copies = (peak - bare) / table.nbytes
        goal = (str(GOAL_COPIES), met(copies, GOAL_COPIES, at_least=False))
        judged = ("-", "-") if peak == bare else goal
        above = f"{(peak - bare) / MIB:.1f}"
        section.rows.append((name, f"{peak / MIB:.1f}", above, f"{copies:.2f}", *judged))
    return [section]


def _smallest(options: Options, code: str, *arguments: str) -> int:
    return min(int(children.run(code, *arguments)) for _ in range(max(options.rounds, 3)))
