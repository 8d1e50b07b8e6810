"""A network of boxes on one machine: a switch, and a cable from it to each box and to the test.

The switch is a box too, so that the kernel takes the network away when the test ends, however it
ends. Addresses are of 198.18.0.0/15, which the internet keeps for tests of networks (RFC 2544);
each network of this machine has a /24 of its own.
"""

from __future__ import annotations

import socket
import subprocess
from typing import Optional

from box import Box, BoxError, program, unavailable


class Network:
    """A switch with cables.

    Attributes
    ----------
    number : of this network, different from that of every other on this machine (0 to 511)
    link, host : the device and the address of the test's own end
    """

    def __init__(self) -> None:
        self._claim: Optional[socket.socket] = None
        self._ip = program("ip", "iproute2")
        self.number = self._claim_number()
        self.link = f"dlaaw{self.number}"
        self.host = self.address(254)
        try:
            self.switch = Box("net")
        except BaseException:
            self._claim.close()
            raise
        try:
            self.switch.run("ip link add br0 type bridge && ip link set br0 up")
            self._plug_in_the_test()
        except BaseException as error:
            self.close()
            if isinstance(error, BoxError):
                unavailable(f"network namespaces with a bridge: {error}")
            raise

    def address(self, place: int) -> str:
        """Give the address of a place on the switch, from 1."""
        return f"198.{18 + self.number // 256}.{self.number % 256}.{place}"

    def plug(self, place: int, box: Box) -> None:
        """Put a cable between a place of the switch and ``eth0`` of a box."""
        # The same address of the hardware after a restart, or others go on sending to the old one.
        hardware = f"02:00:{self.number // 256:02x}:{self.number % 256:02x}:00:{place:02x}"
        self._link(f"port{place}", self.switch, "eth0", box, "address", hardware)
        self.switch.run(f"ip link set port{place} master br0 up")
        address = f"addr add {self.address(place)}/24 dev eth0"
        box.run(rf"printf 'link set lo up\n{address}\nlink set eth0 up\n' | ip -batch -")

    def unplug(self, place: int) -> None:
        """Take the cable away for good, if there is one."""
        self.switch.run(f"ip link del port{place} 2>/dev/null; true")

    def cut(self, place: int) -> None:
        """Pull the cable: nothing comes through, and nobody is told."""
        self.switch.run(f"ip link set port{place} down")

    def mend(self, place: int) -> None:
        """Put the cable in again."""
        self.switch.run(f"ip link set port{place} up")

    def close(self) -> None:
        """Take the network away."""
        self._unplug_the_test()  # the kernel would, but a little later
        self.switch.close()
        if self._claim is not None:
            self._claim.close()

    def _claim_number(self) -> int:
        """Take a number that no other test of this machine has, by an address in the kernel."""
        self._claim = socket.socket(socket.AF_UNIX)
        for number in range(512):
            try:
                self._claim.bind(f"\0dlaaw-test-network-{number}")
            except OSError:
                continue
            return number
        self._claim.close()
        unavailable("a free test network; 512 are in use")
        raise AssertionError

    def _plug_in_the_test(self) -> None:
        self._unplug_the_test()  # of an earlier test that was killed a moment ago
        self._link(self.link, None, "host", self.switch)
        self.switch.run("ip link set host master br0 up")
        self._call("addr", "add", f"{self.host}/24", "dev", self.link)
        self._call("link", "set", self.link, "up")

    def _unplug_the_test(self) -> None:
        delete = [self._ip, "link", "del", self.link]
        subprocess.run(delete, check=False, stderr=subprocess.DEVNULL)

    def _link(self, name: str, box: Optional[Box], peer: str, other: Box, *more: str) -> None:
        here = [] if box is None else ["netns", str(box.pid)]
        there = ["peer", "name", peer, "netns", str(other.pid), *more]
        self._call("link", "add", "name", name, *here, "type", "veth", *there)

    def _call(self, *words: str) -> None:
        done = subprocess.run([self._ip, *words], check=False, capture_output=True, text=True)
        if done.returncode:
            raise BoxError(f"ip {' '.join(words)}: {done.stderr.strip()}")
