"""A cluster on one machine: nodes with a real sshd each, their network, and faults on demand.

::

    with Cluster(tmp_path, 3) as cluster:
        ...  # log in to "node1" with cluster.config
        cluster.cut("node2")

Each node has its own network, host name, processes, boot id, home, /tmp and shared memory; of the
machine it has the programs, Python among them, and the rest of the file system. Every node can
log in to every other by name, as MPI wants it. All of it ends with the test, however it ends.
"""

from __future__ import annotations

import shutil
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator, List, Mapping, Optional, Tuple

from box import Box, BoxError, Running, program, unavailable
from furnishing import Mount, mount, own_homes, quoted
from network import Network
from quota import Quota
from ssh_files import Client
from sshd import Sshd

_RELAY = str(Path(__file__).with_name("relay.py"))
_RELAY_PORT = 2222


class Node(Sshd):
    """One machine of a cluster: an ``Sshd`` on port 22 of its own network.

    Attributes
    ----------
    number : its place, from 1
    """

    def __init__(
        self, folder: Path, client: Client, network: Network, number: int, **options: Any
    ) -> None:
        self.number = number
        self._network = network
        self._quota = Quota(f"{network.number}-{number}")
        try:
            super().__init__(folder, client, **options)
        except BaseException:
            self._quota.close()
            raise

    def limit(self, cores: Optional[float]) -> None:
        """Let the node have so many cores, or all (None)."""
        self._quota.limit(cores)

    def start(self) -> None:
        """Start sshd after ``stop``, or turn the node on after ``kill``."""
        if not self.box.alive:
            self._network.unplug(self.number)
        super().start()

    def kill(self) -> None:
        """Turn the power off: connections close, and then nobody answers there any more."""
        super().kill()
        self._network.unplug(self.number)

    def close(self) -> None:
        """End the node and all that runs there."""
        super().close()
        self._quota.close()

    def processes(self) -> List[Running]:
        """List what runs there, without what makes it a node: sshd and the relay."""
        return [p for p in super().processes() if _RELAY not in p.command]

    def _place(self) -> Tuple[str, int]:
        return self._network.address(self.number), 22

    def _new_box(self) -> Box:
        return Box("net", "uts", "ipc")

    def _introduce(self) -> None:
        """The cluster does it, for all nodes."""

    def _settings(self, address: str) -> Iterator[str]:
        return super()._settings("0.0.0.0")  # noqa: S104 - of the node's own network

    def _begin(self) -> None:
        self._quota.add(self.box.pid)
        self._network.plug(self.number, self.box)
        super()._begin()

    def _furnish(self) -> None:
        super()._furnish()
        self.inside("/run/boot_id").write_text(f"{uuid.uuid4()}\n")
        mounts = [
            # MPICH takes machines with one boot id or one /sys for one and the same.
            Mount("/run/boot_id", "/proc/sys/kernel/random/boot_id"),
            Mount("node-sys", "/sys", "sysfs", "ro"),
            Mount("node-shm", "/dev/shm", "tmpfs", "mode=1777"),  # noqa: S108 - the node's own
        ]
        for place in ("/tmp", "/var/tmp"):  # noqa: S108 - still read, for Python may be there
            upper, work = f"/run/layers{place}/upper", f"/run/layers{place}/work"
            for folder in (upper, work):
                self.inside(folder).mkdir(parents=True)
            layers = f"lowerdir={place},upperdir={upper},workdir={work}"
            mounts.append(Mount("node-overlay", place, "overlay", layers))
        mount(self.box, mounts)
        self.box.run(f"hostname {self.name}")


class Cluster:
    """Nodes ``node1`` ... on a network of their own.

    Parameters
    ----------
    folder : where its files are put; empty, and of this cluster alone
    count : how many nodes
    special : what single nodes have otherwise, by name: ``{"node2": {"python": None}}``
    options : what all nodes are like, see ``furnishing.Options``

    Attributes
    ----------
    nodes : the nodes, in order
    head : the first one
    client : the person who may log in to all of them, see ``ssh_files.Client``
    config : the client's OpenSSH configuration, with all nodes by name
    network : the switch and its cables; ``network.host`` is the test's own address in it
    """

    def __init__(
        self,
        folder: Path,
        count: int,
        special: Optional[Mapping[str, Mapping[str, Any]]] = None,
        **options: Any,
    ) -> None:
        self.nodes: List[Node] = []
        self.client = Client(folder / "client")
        self.config = self.client.config
        self.network = Network()
        names = [f"node{number}" for number in range(1, count + 1)]
        hosts = {name: self.network.address(place) for place, name in enumerate(names, 1)}

        def start(name: str) -> None:
            own = {"hosts": hosts, **options, **(special or {}).get(name, {}), "name": name}
            place = names.index(name) + 1
            self.nodes.append(Node(folder / name, self.client, self.network, place, **own))

        try:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(start, names))
            self.nodes.sort(key=lambda node: node.number)
            self._introduce()
        except BaseException as error:
            self.close()
            if isinstance(error, BoxError):
                unavailable(f"a cluster of namespaces: {error}")
            raise
        self.head = self.nodes[0]

    def __enter__(self) -> Cluster:  # noqa: PYI034 - Self needs a newer Python
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __getitem__(self, name: str) -> Node:
        """Give a node by its name."""
        return next(node for node in self.nodes if node.name == name)

    def close(self) -> None:
        """End all nodes and the network."""
        for node in self.nodes:
            node.close()
        self.network.close()

    def kill(self, name: str) -> None:
        """Turn a node's power off."""
        self[name].kill()

    def start(self, name: str) -> None:
        """Turn it on again: the same home and keys, a new boot id, an empty /tmp."""
        self[name].start()

    def cut(self, name: str) -> None:
        """Pull a node's cable: silence, while all there goes on."""
        self.network.cut(self[name].number)

    def mend(self, name: str) -> None:
        """Put the cable in again."""
        self.network.mend(self[name].number)

    def throttle(self, name: str, cores: Optional[float]) -> None:
        """Let a node have so many cores, such as 0.3, for all that runs there; None: all."""
        self[name].limit(cores)

    def processes(self, name: str) -> List[Running]:
        """List what still runs on a node, sshd aside."""
        return self[name].processes()

    def loss(self, name: str, percent: float) -> None:
        """Lose so many of the packets to a node, and of those from it; 0: none."""
        chance = f"numgen random mod 10000 < {round(percent * 100)} drop"
        self._drop(name, "loss", chance if percent else "")

    def narrow(self, name: str, bytes_per_s: float) -> None:
        """Drop what goes beyond so many bytes a second over a node's cable, each way; 0: none."""
        beyond = f"limit rate over {round(bytes_per_s)} bytes/second burst 64 kbytes drop"
        self._drop(name, "narrow", beyond if bytes_per_s else "")

    def _drop(self, name: str, table: str, rule: str) -> None:
        """Have packets dropped at both ends of a node's cable; in place of the table's rule."""
        number = self[name].number
        for box, device in (
            (self[name].box, "eth0"),
            (self.network.switch, f"port{number}"),
        ):
            chain = f"{{ type filter hook ingress device {device} priority 0; {rule}; }}"
            _nft(box, f"netdev {table}{number}", f"chain lose {chain}" if rule else "")

    def delay(self, name: str, ms: float) -> None:
        """Let SSH to a node (new connections to port 22) take ``ms`` longer each way; 0: none.

        A relay in the node does it, for not every kernel can delay packets.
        """
        box = self[name].box
        box.run("[ ! -e /run/relay.pid ] || kill $(cat /run/relay.pid); rm -f /run/relay.pid")
        _nft(box, "ip delay", "")
        if ms:
            relay = [sys.executable, _RELAY, _RELAY_PORT, 22, ms / 1000]
            box.run(
                f"{' '.join(map(quoted, relay))} >/run/relay.log 2>&1 & echo $! >/run/relay.pid"
            )
            box.run(f"until ss -Hltn 'sport = :{_RELAY_PORT}' | grep -q .; do sleep 0.02; done")
            chance = f"tcp dport 22 redirect to :{_RELAY_PORT}"
            chain = f'{{ type nat hook prerouting priority -100; iifname "eth0" {chance}; }}'
            _nft(box, "ip delay", f"chain pass {chain}")

    def _introduce(self) -> None:
        """Let the client know the nodes, and the nodes each other."""
        for node in self.nodes:
            self.client.add(node.name, node.host, 22, node.user)
            self.client.know([node.name, node.host], 22, node.host_key)
        for node in self.nodes:
            for home in node.homes():
                folder = home / ".ssh"
                folder.mkdir(mode=0o700)
                for path in (self.client.key, self.client.known_hosts):
                    shutil.copy(path, folder)
            own_homes(node.box, node.options)


def _nft(box: Box, table: str, rules: str) -> None:
    """Give a node or the switch a table of packet rules, in place of the one of that name."""
    program("nft", "nftables")
    new = f"table {table} {{ {rules}; }}" if rules else ""
    box.run(f"nft {quoted(f'table {table} {{ }}; delete table {table}; {new}')}")
