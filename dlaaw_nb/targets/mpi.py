"""Several machines under MPI: the head runs mpiexec over them, as one node that carries plans out.

MPI ends whole when a machine is lost, and hangs when a cable is pulled: rank 0 notices the silence.
What is finished is kept by whoever listens, and another mpiexec does the rest on the machines that
still answer.
"""

from __future__ import annotations

import posixpath
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.engine.board import MEETING
from dlaaw_nb.errors import RemoteError, TargetError
from dlaaw_nb.targets.asking import at_once
from dlaaw_nb.targets.board import Board
from dlaaw_nb.targets.depot import Depot, python_finder
from dlaaw_nb.targets.ssh import Connection
from dlaaw_nb.targets.worker import WorkerLostError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.targets.idle import Idle
    from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

_LOOK = "import os, sys, numpy, mpi4py; print(); print(os.uname()[1]); print(sys.executable)"
_LOOK_S = 30.0
_GONE_S = 5.0  # for a node that is asked whether it is still there
_NEEDS = (
    "a node of a cluster under MPI needs NumPy and mpi4py. Install them there: sudo apt install "
    'python3-numpy python3-mpi4py, or pip. A cluster with launch = "ssh" needs no MPI.'
)
# With UCX, MPICH takes containers of one machine for one host; OFI works everywhere. Its TCP by
# itself makes MPI_Init wait for ever now and then (7 times of 60, libfabric of MPICH 5.0.2, a busy
# machine), over RxM it does not. What somebody has set there stays.
_MPICH = (
    'export MPIR_CVAR_CH4_NETMOD="${MPIR_CVAR_CH4_NETMOD:-ofi}" '
    'FI_PROVIDER="${FI_PROVIDER:-tcp;ofi_rxm}"; '
)
_OPEN_MPI = ("--bind-to", "none")  # otherwise a rank may have one core alone

__all__ = ["MpiNode", "World", "host_file", "mpiexec_words"]


def host_file(family: str, head: str, nodes: Sequence[str]) -> str:
    """Write the file that tells mpiexec its hosts.

    Parameters
    ----------
    family : str
        ``"openmpi"`` or ``"mpich"``.
    head : str
        Where rank 0 is.
    nodes : sequence of str
        Where the other ranks are, one each.

    Returns
    -------
    str
        A line for each host; of a host that is named twice, the first has both ranks.
    """
    ranks = {head: 1}
    for node in nodes:
        ranks[node] = ranks.get(node, 0) + 1
    form = "{host} slots={count}\n" if family == "openmpi" else "{host}:{count}\n"
    return "".join(form.format(host=host, count=count) for host, count in ranks.items())


def mpiexec_words(
    family: str, mpiexec: Sequence[str], hosts: str, ranks: int, root: bool
) -> list[str]:
    """Write the beginning of the command.

    Parameters
    ----------
    family : str
        ``"openmpi"`` or ``"mpich"``.
    mpiexec : sequence of str
        The command, and options of its own.
    hosts : str
        Path of the host file.
    ranks : int
        How many.
    root : bool
        Whether it runs as root, which Open MPI refuses unless told.

    Returns
    -------
    list of str
        What follows is the command of each rank.
    """
    if family == "openmpi":
        as_root = ["--allow-run-as-root"] if root else []
        return [*mpiexec, *as_root, "--hostfile", hosts, *_OPEN_MPI, "-n", str(ranks)]
    return [*mpiexec, "-f", hosts, "-n", str(ranks)]


class World:
    """An mpiexec under way: ranks on all machines that answer.

    Parameters
    ----------
    settings : ClusterSettings
        Which machines.
    without : sequence of str
        Nodes that are known not to answer.

    Attributes
    ----------
    board : Board
        Of the head.
    notes : list of str
        What is to be said of machines that are left out.

    Raises
    ------
    RemoteError
        When no machine answers, or the head cannot run mpiexec.
    """

    def __init__(self, settings: ClusterSettings, without: Sequence[str] = ()) -> None:
        self._without = without
        self._settings, self._mpiexec = settings, shlex.split(settings.mpiexec)
        self.notes: list[str] = []
        hosts = self._answering()
        chosen = settings.head or hosts[0]
        head = Depot(chosen)
        try:
            family, root = self._family(head)
        except BaseException:
            head.close()
            raise
        lines = host_file(family, _address(chosen), [_address(host) for host in hosts])
        ranks = 1 + len(hosts)

        def command(session: str) -> list[str]:
            file = posixpath.join(session, "hosts")
            words = mpiexec_words(family, self._mpiexec, file, ranks, root)
            return [*words, "/bin/sh", "-c", self._script(family, ranks, session)]

        self.board = Board(head, command, {"hosts": lines.encode()})

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as is known."""
        return self.board.alive

    @property
    def complete(self) -> bool:
        """Whether no machine was left out."""
        return not self.notes

    def _answering(self) -> list[BoardSettings]:
        """Put the worker on every machine; gives the nodes that can take part."""
        name, head, nodes = self._settings.name, self._settings.head, self._settings.nodes
        wanted = [*nodes, *([head] if head is not None and head not in nodes else [])]
        with ThreadPoolExecutor(len(wanted)) as pool:
            made = dict(zip((s.name for s in wanted), pool.map(self._furnish, wanted), strict=True))
        self._furnished = {name: f for name, f in made.items() if isinstance(f, _Furnished)}
        faults = {name: error for name, error in made.items() if isinstance(error, TargetError)}
        if head is not None and head.name in faults:
            raise faults[head.name]
        answering = [node for node in nodes if node.name in self._furnished]
        if not answering:
            told = "\n".join(f"  {node}: {error}" for node, error in faults.items())
            raise RemoteError(f"{name}: no node answers.\n{told}", name)
        for node, error in faults.items():
            self.notes.append(f"target {name}: node {node} is left out: {error}")
        return answering

    def _family(self, head: Depot) -> tuple[str, bool]:
        command = f"{shlex.quote(self._mpiexec[0])} --version 2>&1; id -u"
        ran = head.connection.run(f"exec /bin/sh -c {shlex.quote(command)}", 20.0)
        text = ran.out.decode(errors="replace")
        root = text.split()[-1:] == ["0"]
        if "Open MPI" in text or "OpenRTE" in text or "prterun" in text.lower():
            return "openmpi", root
        if "HYDRA" in text or "MPICH" in text.upper() or "Intel(R) MPI" in text:
            return "mpich", root
        raise RemoteError(
            f"{head.name}: {self._mpiexec[0]} --version says neither Open MPI nor "
            f"MPICH: {text[:300]!r}. Install one (apt install openmpi-bin), or set `mpiexec` of "
            f"the target {self._settings.name} to its path.",
            head.name,
            command,
            ran.status,
            ran.err,
        )

    def _script(self, family: str, ranks: int, session: str) -> str:
        """Write what each rank runs, wherever it is."""
        words = f"--ranks {ranks} --meet {shlex.quote(posixpath.join(session, MEETING))}"
        cases = "".join(
            f"{shlex.quote(found.hostname)}) exec {found.command} {words};; "
            for found in self._furnished.values()
        )
        first = _MPICH if family == "mpich" else ""
        last = 'echo "$(uname -n) is no node of ours" >&2; exit 1'
        return f'{first}case "$(uname -n)" in {cases}esac; {last}'

    def name_of(self, hostname: str) -> str:
        """Give a node's name, of what it calls itself.

        Parameters
        ----------
        hostname : str
            As its rank said it.

        Returns
        -------
        str
            The host name where that is no one node's.
        """
        nodes = {node.name for node in self._settings.nodes}
        names = [n for n, f in self._furnished.items() if f.hostname == hostname and n in nodes]
        return names[0] if len(names) == 1 else hostname

    def gone(self) -> list[str]:
        """Name the machines that do not answer any more."""
        nodes = {n.name: n for n in self._settings.nodes if n.name in self._furnished}
        found = at_once(nodes, lambda name: _asked(nodes[name]), _GONE_S)()
        return [name for name, facts in found.items() if facts["state"] != "available"]

    def _furnish(self, settings: BoardSettings) -> _Furnished | TargetError:
        if settings.name in self._without:
            return RemoteError(f"{settings.name}: it does not answer any more.", settings.name)
        return _furnish(settings)

    def close(self) -> None:
        """End mpiexec, and with it all ranks."""
        self.board.close()


class MpiNode:
    """All machines of a cluster under MPI, as one node; its ranks wait for the next job.

    Parameters
    ----------
    settings : ClusterSettings
        Which.
    note : callable
        Takes sentences about machines that are left out.
    idle : Idle
        Where worlds of ranks wait.
    """

    def __init__(
        self, settings: ClusterSettings, note: Callable[[str], None], idle: Idle[Any]
    ) -> None:
        self.name, self._settings, self._note, self._idle = settings.name, settings, note, idle
        self._world: World | None = None
        self._gone: list[str] = []  # just now

    def open(self) -> dict[str, Any]:
        """Run mpiexec over the machines that answer; see ``Node.open``."""
        if self._world is None or not self._world.alive:
            self._drop()
            gone, self._gone = self._gone, []
            self._world = self._idle.take(self._settings) or World(self._settings, gone)
            for note in self._world.notes:
                self._note(note)
        return self._world.board.device

    def run(
        self,
        spec: Mapping[str, Any],
        data: Mapping[str, Any],
        digest: str,
        emit: Callable[[dict[str, Any]], None],
        stop: threading.Event,
    ) -> None:
        """Carry a plan out; see ``Node.run``."""
        self.open()
        world = self._world
        if world is None:
            raise WorkerLostError(f"{self.name}: it is closed")

        def named(event: dict[str, Any]) -> None:
            if "node" in event:
                node = world.name_of(event["node"])
                event = {**event, "node": node}
                if "device" in event:
                    event["device"] = {**event["device"], "node": node}
            emit(event)

        try:
            world.board.run(spec, data, digest, named, stop)
        except WorkerLostError as error:
            self._drop()
            self._gone = [] if stop.is_set() else world.gone()
            told = f" ({', '.join(self._gone)} does not answer)" if self._gone else ""
            raise WorkerLostError(f"{error}{told}", blameless=bool(self._gone)) from error

    def _drop(self) -> None:
        """End what runs."""
        world, self._world = self._world, None
        if world is not None:
            world.close()

    def close(self) -> None:
        """Let it go; a world that lacks a machine is not for the next job, when it may be back."""
        world = self._world
        if world is None or not world.complete:
            self._drop()
            return
        self._world = None
        self._idle.give(self._settings, world)


@dataclass(frozen=True)
class _Furnished:
    """A machine with the worker: what it calls itself, and what starts the worker there."""

    hostname: str
    command: str


def _address(settings: BoardSettings) -> str:
    """Say by which name the head reaches a machine."""
    return settings.host.rpartition("@")[2].partition(":")[0]


def _asked(settings: BoardSettings) -> dict[str, Any]:
    """Say whether a machine answers."""
    try:
        Connection(settings).close()
    except TargetError as error:
        return {"state": "unreachable", "error": str(error)}
    return {"state": "available"}


def _furnish(settings: BoardSettings) -> _Furnished | TargetError:
    """Put the worker on a machine; gives what is there, or why it cannot take part."""
    try:
        depot = Depot(settings)
    except TargetError as error:
        return error
    try:
        find = python_finder(settings.python, f"exec \"$p\" -c '{_LOOK}'")
        command = f"exec /bin/sh -c {shlex.quote(find)}"
        ran = depot.connection.run(command, _LOOK_S)
        said = ran.out.decode(errors="replace").split("\n")
        if ran.status == 0 and len(said) > 3:  # a login shell may have printed before
            words = [said[-2], "-m", "mpi4py", depot.program, "worker"]
            command = f"{shlex.join(words)} --device {settings.device}"
            return _Furnished(said[-3], command)
        return depot.unfit(command, ran.status, ran.err.strip(), _NEEDS)
    except TargetError as error:
        return RemoteError(f"{settings.name}: {error}", settings.name)
    finally:
        depot.close()
