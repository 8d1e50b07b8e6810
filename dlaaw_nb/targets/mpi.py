"""Several machines under MPI: the head runs mpiexec over them, as one node that carries plans out.

MPI ends whole when a machine is lost, and hangs when a cable is pulled: rank 0 notices the silence.
What is finished is kept by whoever listens, and another mpiexec does the rest on the machines that
still answer.
"""

from __future__ import annotations

import posixpath
import shlex
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import RemoteError, TargetError
from dlaaw_nb.targets.board import Board
from dlaaw_nb.targets.depot import Depot, python_finder
from dlaaw_nb.targets.worker import WorkerLostError
from dlaaw_nb.targets.worker_archive import archive

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

__all__ = ["MpiNode", "host_file", "mpiexec_words"]


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


def mpiexec_words(family: str, mpiexec: str, hosts: str, ranks: int, root: bool) -> list[str]:
    """Write the beginning of the command.

    Parameters
    ----------
    family : str
        ``"openmpi"`` or ``"mpich"``.
    mpiexec : str
        The command.
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
        return [mpiexec, *as_root, "--hostfile", hosts, "-n", str(ranks)]
    # With UCX, MPICH takes containers of one machine for one host; OFI works everywhere.
    return [mpiexec, "-f", hosts, "-genv", "MPIR_CVAR_CH4_NETMOD", "ofi", "-n", str(ranks)]


class MpiNode:
    """All machines of a cluster under MPI, as one node.

    Parameters
    ----------
    settings : ClusterSettings
        Which.
    note : callable
        Takes sentences about machines that are left out.
    """

    def __init__(self, settings: ClusterSettings, note: Callable[[str], None]) -> None:
        self.name, self._settings, self._note = settings.name, settings, note
        self._head = settings.head or settings.nodes[0]
        self._board: Board | None = None
        self._names: dict[str, str] = {}  # of the target, by what ranks call themselves

    def open(self) -> dict[str, Any]:
        """Run mpiexec over the machines that answer; see ``Node.open``."""
        if self._board is not None and self._board.alive:
            return self._board.device
        self.close()
        hosts = self._answering()
        head = Depot(self._head)
        try:
            family, root = self._family(head)
        except BaseException:
            head.close()
            raise
        addresses = {settings.name: self._address(settings) for settings in hosts}
        own = addresses.get(self._head.name) or self._address(self._head)
        lines = host_file(family, own, list(addresses.values()))
        ranks = 1 + len(hosts)

        def command(session: str) -> list[str]:
            file = posixpath.join(session, "hosts")
            words = mpiexec_words(family, self._settings.mpiexec, file, ranks, root)
            return [*words, "/bin/sh", "-c", self._script(hosts, ranks)]

        self._board = Board(head, command, {"hosts": lines.encode()})
        self._name_ranks(hosts)
        return self._board.device

    def _answering(self) -> list[BoardSettings]:
        """Put the worker on every machine; gives those that answer."""
        nodes = list(self._settings.nodes)
        with ThreadPoolExecutor(len(nodes)) as pool:
            found = dict(zip((n.name for n in nodes), pool.map(_furnish, nodes), strict=True))
        self._hostnames = {name: said for name, said in found.items() if isinstance(said, str)}
        faults = {name: said for name, said in found.items() if not isinstance(said, str)}
        if not self._hostnames:
            told = "\n".join(f"  {name}: {error}" for name, error in faults.items())
            raise RemoteError(f"{self.name}: no node answers.\n{told}", self.name)
        for name, error in faults.items():
            self._note(f"target {self.name}: node {name} is left out: {error}")
        return [node for node in nodes if node.name in self._hostnames]

    def _family(self, head: Depot) -> tuple[str, bool]:
        command = f"{shlex.quote(self._settings.mpiexec)} --version 2>&1; id -u"
        ran = head.connection.run(f"exec /bin/sh -c {shlex.quote(command)}", 20.0)
        text = ran.out.decode(errors="replace")
        root = text.split()[-1:] == ["0"]
        if "Open MPI" in text or "OpenRTE" in text or "prterun" in text.lower():
            return "openmpi", root
        if "HYDRA" in text or "MPICH" in text.upper() or "Intel(R) MPI" in text:
            return "mpich", root
        raise RemoteError(
            f"{self._head.name}: {self._settings.mpiexec} --version says neither Open MPI nor "
            f"MPICH: {text[:300]!r}. Install one (apt install openmpi-bin), or set `mpiexec` of "
            f"the target {self.name} to its path.",
            self._head.name,
            command,
            ran.status,
            ran.err,
        )

    def _address(self, settings: BoardSettings) -> str:
        """Say by which name the head reaches a machine."""
        return settings.host.rpartition("@")[2].partition(":")[0]

    def _script(self, hosts: Sequence[BoardSettings], ranks: int) -> str:
        """Write what each rank runs: it finds the worker and a Python wherever it is."""
        name = archive().name
        caches = [settings.cache for settings in (self._head, *hosts) if settings.cache]
        roots = ['"$HOME/.cache/dlaaw_nb"', *map(shlex.quote, dict.fromkeys(caches))]
        roots += [f'"{place}/dlaaw_nb-$(id -un)"' for place in ("/var/tmp", "/dev/shm")]  # noqa: S108
        pythons = {settings.python for settings in hosts}
        device = hosts[0].device if len({s.device for s in hosts}) == 1 else "auto"
        words = f"worker --ranks {ranks} --device {device}"
        start = f'exec "$p" -m mpi4py "$w" {words}'
        find = python_finder(next(iter(pythons)) if len(pythons) == 1 else None, start)
        return (
            f"for r in {' '.join(roots)}; do "
            f'if [ -f "$r/worker/{name}" ]; then w="$r/worker/{name}"; break; fi; done; {find}'
        )

    def _name_ranks(self, hosts: Sequence[BoardSettings]) -> None:
        by_host = {self._hostnames[settings.name]: settings.name for settings in hosts}
        told = self._board.device.get("nodes", ()) if self._board is not None else ()
        self._names = {str(rank): by_host.get(str(rank), str(rank)) for rank in told}

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
        board = self._board
        if board is None:
            raise WorkerLostError(f"{self.name}: it is closed")

        def named(event: dict[str, Any]) -> None:
            if "node" in event:
                node = self._names.get(event["node"], event["node"])
                event = {**event, "node": node}
                if "device" in event:
                    event["device"] = {**event["device"], "node": node}
            emit(event)

        try:
            board.run(spec, data, digest, named, stop)
        except WorkerLostError as error:
            self.close()
            gone = [] if stop.is_set() else self._gone()
            told = f"{error}" + (f" ({', '.join(gone)} does not answer)" if gone else "")
            raise WorkerLostError(told, blameless=bool(gone)) from error

    def _gone(self) -> list[str]:
        """Name the machines that do not answer any more."""
        nodes = [node for node in self._settings.nodes if node.name in self._hostnames]
        with ThreadPoolExecutor(len(nodes)) as pool:
            found = list(pool.map(_furnish, nodes))
        return [n.name for n, said in zip(nodes, found, strict=True) if not isinstance(said, str)]

    def close(self) -> None:
        """End mpiexec, and with it all ranks."""
        board, self._board = self._board, None
        if board is not None:
            board.close()


def _furnish(settings: BoardSettings) -> str | TargetError:
    """Put the worker on a machine; gives the machine's own name, or why it cannot be used."""
    try:
        depot = Depot(settings)
    except TargetError as error:
        return error
    try:
        ran = depot.connection.run("exec /bin/sh -c 'uname -n'", 10.0)
        return ran.out.decode(errors="replace").split()[-1]
    except (TargetError, IndexError) as error:
        return RemoteError(f"{settings.name}: {error}", settings.name)
    finally:
        depot.close()
