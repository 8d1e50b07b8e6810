"""Machines over SSH: first contact, a warm connection, what comes on top, clusters, many events."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, targets
from dlaaw_nb.engine.digest import digest_of
from dlaaw_nb.nn.mapper import default_plan
from dlaaw_nb.targets.remote import BoardNode, ClusterService, SshService
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings
from tests.benchmarks.report import Options, Section, met, milliseconds, progress

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

if TYPE_CHECKING:
    from cluster import Cluster

WARM_S, FIRST_S, EXTRA, FOLDS_X, IDEAL = 0.2, 5.0, 0.05, 4.0, 0.9
FOLD_S, ONE_S = 20.0, 10.0
EVENTS = 100_000
MEMORY_MB = 20.0


def run(options: Options) -> list[Section]:
    """Measure all of it; sshd, network namespaces and CPU quotas are real."""
    import sshd

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder  # where the speeds of nodes are kept
        with sshd.Sshd(Path(folder, "fresh")) as board:
            first = _first_contact(_settings(board))
        with sshd.Sshd(Path(folder, "board")) as board:
            single = [first, *_single(SshService(_settings(board)), options.rounds)]
        return [
            Section("One machine over SSH, loopback", ("what", "here", "goal", "met"), single),
            _told(Path(folder, "told")),
            _cluster(Path(folder, "equal")),
            _unlike(Path(folder, "unlike")),
        ]


def _settings(board: Any) -> BoardSettings:
    return BoardSettings(
        board.name,
        board.name,
        device="cpu",
        config_file=board.config,
        known_hosts=board.known_hosts,
    )


def _network(epochs: int, **settings: Any) -> NNWorkflow:
    layers = [Linear(8, 5), ReLU(), Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()]
    return NNWorkflow(layers, epochs=epochs, **settings)


def _data(rows: int = 3000) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(rows, 8))
    return {"features": features, "labels": (features.sum(1) > 0).astype(np.float64)}


def _spec(epochs: int, plan: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return _network(epochs, **settings).spec({**default_plan(), "live": False, **(plan or {})})


def _seconds(job: Any) -> float:
    """Wait for a job; seconds from here to its end."""
    begin = time.perf_counter()
    for _ in job.events():
        pass
    return time.perf_counter() - begin


def _first_contact(settings: BoardSettings) -> tuple[str, ...]:
    begin = time.perf_counter()
    _seconds(SshService(settings).submit(_spec(10), _data()))
    took = time.perf_counter() - begin
    progress(f"first contact: {took:.2f} s")
    return ("first contact: upload, compile, train", f"{took:.2f} s", f"{FIRST_S:.0f} s",
            met(took, FIRST_S, at_least=False))  # fmt: skip


def _single(service: SshService, rounds: int) -> list[tuple[str, ...]]:
    data = _data()
    _seconds(service.submit(_spec(10), data))
    firsts = []
    for _ in range(20):
        begin = time.perf_counter()
        job = service.submit(_spec(10, {"live": True}), data)
        next(event for event in job.events() if event["event"] == "cost")  # from there
        firsts.append(time.perf_counter() - begin)
        job.wait(10)
    warm = statistics.median(firsts)
    progress(f"warm: {milliseconds(warm)} ms")
    epochs = _epochs_for(ONE_S, data)
    pairs = []
    for _ in range(rounds):
        here = _seconds(targets.submit(_spec(epochs), data, "cpu"))
        pairs.append((here, _seconds(service.submit(_spec(epochs), data))))
        progress(f"{pairs[-1][0]:.2f} s here, {pairs[-1][1]:.2f} s there")
    here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
    return [
        ("submit to first event, connected", f"{milliseconds(warm)} ms", f"{1e3 * WARM_S:.0f} ms",
         met(warm, WARM_S, at_least=False)),
        (f"a training of {here:.1f} s here: on top of that", f"{100 * (there / here - 1):.1f} %",
         f"{100 * EXTRA:.0f} %", met(there / here - 1, EXTRA, at_least=False)),
        *_streamed(service),
    ]  # fmt: skip


def _epochs_for(seconds: float, data: dict[str, np.ndarray], cores: float = 1.0) -> int:
    """Find how many epochs take so long on so much of a core."""
    tried = 2000
    _seconds(targets.submit(_spec(tried), data, "cpu"))
    took = _seconds(targets.submit(_spec(tried), data, "cpu"))
    return int(tried * seconds * cores / took)


def _streamed(service: SshService) -> list[tuple[str, ...]]:
    spec = _spec(EVENTS, {"live": True}, cost_every=1)
    process, seen, memory = psutil.Process(), 0, []
    begin = time.perf_counter()
    for event in service.submit(spec, _data(60)).events():
        if event["event"] == "cost":
            seen += 1
            if seen % 10_000 == 0:
                memory.append(process.memory_info().rss / 2**20)
    took = time.perf_counter() - begin
    grown = max(memory[1:]) - memory[0]
    progress(f"{seen} cost events in {took:.1f} s, {grown:.1f} MiB more")
    return [
        (f"{EVENTS:,} cost events streamed", f"{seen:,} in {took:.1f} s", "none lost",
         met(seen, EVENTS)),
        ("memory here meanwhile, beyond that after 10,000", f"{grown:.1f} MiB",
         f"{MEMORY_MB:.0f} MiB", met(grown, MEMORY_MB, at_least=False)),
    ]  # fmt: skip


def _service(cluster: Cluster, nodes: int, launch: str = "ssh") -> ClusterService:
    boards = tuple(_settings(node) for node in cluster.nodes[:nodes])
    mpiexec = str(Path(sys.executable).parent / "mpiexec")  # of mpich, whose library mpi4py loads
    made = ClusterService(ClusterSettings("lab", boards, launch, mpiexec=mpiexec))
    made.describe()  # connected
    return made


def _told(folder: Path) -> Section:
    """Many events of several nodes at once, over SSH and through rank 0."""
    import cluster

    trials, epochs = 12, 5000
    spec = _spec(epochs, {"live": True, "kind": "cross_validate", "folds": trials}, cost_every=1)
    section = Section(
        f"{trials * epochs:,} cost events of {trials} folds on three nodes",
        ("nodes", "arrived", "seconds", "goal", "met"),
    )
    with cluster.Cluster(folder, 3) as three:
        for name, launch in (("3, over SSH", "ssh"), ("3, under MPI: four ranks", "mpi")):
            service = _service(three, 3, launch)
            _seconds(service.submit(spec, _data(60)))
            begin = time.perf_counter()
            events = service.submit(spec, _data(60)).events()
            seen = sum(event["event"] == "cost" for event in events)
            took = time.perf_counter() - begin
            progress(f"{name}: {seen:,} in {took:.1f} s")
            goal = ("none lost", met(seen, trials * epochs))
            section.rows.append((name, f"{seen:,}", f"{took:.1f}", *goal))
    return section


def _started(service: ClusterService) -> tuple[float, float]:
    """Seconds from the submission of ten epochs to their end: ranks to be started, and waiting."""
    first, again = (_seconds(service.submit(_spec(10), _data())) for _ in range(2))
    return first, again


def _cluster(folder: Path) -> Section:
    """Five folds on five equal nodes, beside one of them."""
    import cluster

    os.environ["XDG_STATE_HOME"] = str(folder / "state")  # these nodes have other nodes' names
    data = _data()
    section = Section(
        "Five folds on nodes of 0.3 core each (s)", ("nodes", "seconds", "times one", "goal", "met")
    )
    with cluster.Cluster(folder, 5) as five:
        for node in five.nodes:
            five.throttle(node.name, 0.3)
        spec = _spec(_epochs_for(FOLD_S, data, 0.3), {"kind": "cross_validate", "folds": 5})
        five_s = _seconds(_service(five, 5).submit(spec, data))
        progress(f"five nodes: {five_s:.1f} s")
        one_s = _seconds(_service(five, 1).submit(spec, data))
        progress(f"one node: {one_s:.1f} s")
        mpi = _service(five, 5, "mpi")
        started = _started(mpi)
        mpi_s = _seconds(mpi.submit(spec, data))
        progress(f"five nodes under MPI: {mpi_s:.1f} s")
    section.rows.append(("1", f"{one_s:.1f}", "1", "", ""))
    for name, seconds in (("5, over SSH", five_s), ("5, under MPI: six ranks", mpi_s)):
        times = f"{one_s / seconds:.2f}"
        goal = (f"{FOLDS_X:.0f}", met(one_s / seconds, FOLDS_X))
        section.rows.append((name, f"{seconds:.1f}", times, *goal))
    section.notes.append(
        f"Ten epochs under MPI there take {started[0]:.1f} s where mpiexec is to be started, and "
        f"{milliseconds(started[1])} ms where the ranks wait."
    )
    return section


def _unlike(folder: Path) -> Section:
    """A hundred trials on two fast and three slow nodes, shared out as they come and in advance."""
    import cluster

    os.environ["XDG_STATE_HOME"] = str(folder / "state")  # these nodes have other nodes' names
    data = _data()
    quotas = (0.3, 0.3, 0.1, 0.1, 0.1)
    section = Section(
        "A hundred trials on nodes of 0.3, 0.3, 0.1, 0.1 and 0.1 core",
        ("shared out", "seconds", "of the ideal", "goal", "met"),
    )
    with cluster.Cluster(folder, 5) as unlike:
        for node, quota in zip(unlike.nodes, quotas, strict=True):
            unlike.throttle(node.name, quota)
        rates = [{"optimizer": {"parameters": {"learning_rate": 0.01 * k}}} for k in range(1, 21)]
        plan = {"kind": "sweep", "folds": 5, "variants": rates}
        spec = _spec(_epochs_for(0.2, data), plan)
        service = _service(unlike, 5)
        first = _seconds(service.submit(spec, data))
        dynamic = _seconds(service.submit(spec, data))
        progress(f"as they come: {first:.1f} s, then {dynamic:.1f} s")
        under_mpi = _service(unlike, 5, "mpi")
        _started(under_mpi)
        mpi = _seconds(under_mpi.submit(spec, data))
        progress(f"under MPI: {mpi:.1f} s")
        static, alone = _static(unlike, spec, data)
    ideal = 100 / sum(20 / seconds for seconds in alone)
    rows = (
        ("as nodes are free; nothing is compiled there, nor known of their speeds", first),
        ("as nodes are free, again", dynamic),
        ("as nodes are free, under MPI: six ranks", mpi),
        ("20 to each, in advance", static),
    )
    for name, seconds in rows:
        share = ideal / seconds
        goal = (f"{100 * IDEAL:.0f} %", met(share, IDEAL)) if name.startswith("as") else ("", "")
        section.rows.append((name, f"{seconds:.1f}", f"{100 * share:.0f} %", *goal))
    section.notes.append(
        f"The ideal, {ideal:.1f} s, is 100 trials at the sum of the speeds that the nodes showed "
        "with 20 trials each."
    )
    return section


def _static(
    cluster: Cluster, spec: dict[str, Any], data: dict[str, np.ndarray]
) -> tuple[float, list[float]]:
    """Give each node 20 trials; seconds of all, and of each."""
    nodes = [BoardNode(_settings(node)) for node in cluster.nodes]
    took = [0.0] * len(nodes)
    digest = digest_of(data)
    for node in nodes:
        node.open()

    def work(place: int) -> None:
        only = list(range(20 * place, 20 * place + 20))
        plan = {**spec["plan"], "only": only}
        begin = time.perf_counter()
        nodes[place].run({**spec, "plan": plan}, data, digest, lambda _: None, threading.Event())
        took[place] = time.perf_counter() - begin

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(nodes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for node in nodes:
        node.close()
    return max(took), took
