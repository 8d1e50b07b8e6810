"""Regions of device memory, filled from the host and read back in one copy each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Sequence, Tuple

import numpy as np

if TYPE_CHECKING:
    from .cuda_driver import Device, Stream

__all__ = ["DataCache", "Region"]

_ALIGNMENT = 256
_MOST_KEPT = 0.5  # share of the device's memory that data sets may keep between jobs


class Region:
    """Arrays that lie one after another, on the host and on the device.

    Arrays are added, then the region is placed; from then on each has an address.

    Parameters
    ----------
    device : Device
        Where it lies.
    mirrored : bool
        Whether the host has a copy. Otherwise it is zeros on the device and stays there.
    """

    def __init__(self, device: Device, mirrored: bool) -> None:
        self._device, self._mirrored = device, mirrored
        self._slots: List[Tuple[int, int, Any]] = []
        self.nbytes = 0
        self._values: Dict[int, np.ndarray] = {}
        self._host = np.zeros(0, np.uint8)  # once it is placed, if mirrored
        self._base = 0

    def add(self, count: int, dtype: Any) -> int:
        """Reserve room for an array.

        Parameters
        ----------
        count : int
            Elements; at least one is reserved, so that it has an address.
        dtype : dtype
            Their type.

        Returns
        -------
        int
            Its number in the region.
        """
        kind = np.dtype(dtype)
        self._slots.append((self.nbytes, max(1, count), kind))
        self.nbytes += -(-max(1, count) * kind.itemsize // _ALIGNMENT) * _ALIGNMENT
        return len(self._slots) - 1

    def put(self, array: np.ndarray) -> int:
        """Reserve room for an array of one dimension that is already known.

        Parameters
        ----------
        array : array, shape (n,)
            Its values are taken at `place`.

        Returns
        -------
        int
            Its number.
        """
        number = self.add(len(array), array.dtype)
        self._values[number] = array
        return number

    def place(self, stream: Stream) -> None:
        """Allocate the region; what was put into it waits for `send`.

        Parameters
        ----------
        stream : Stream
            In whose order.

        Raises
        ------
        DeviceMemoryError
            When there is no room.
        """
        self._base = self._device.alloc(self.nbytes)
        if not self._mirrored:
            self._device.zero(self._base, self.nbytes, stream)
            return
        self._host = self._device.pinned(self.nbytes)
        for number, array in self._values.items():
            self.view(number)[: len(array)] = array

    def address(self, number: int) -> int:
        """Give the address of an array on the device.

        Parameters
        ----------
        number : int
            What `add` or `put` gave.

        Returns
        -------
        int
            Address.
        """
        return self._base + self._slots[number][0]

    def view(self, number: int) -> np.ndarray:
        """Give the host's copy of an array.

        Parameters
        ----------
        number : int
            What `add` or `put` gave.

        Returns
        -------
        array
            A view; valid after a `fetch` has passed, until the next one.
        """
        offset, count, kind = self._slots[number]
        part = self._host[offset : offset + count * kind.itemsize]
        return part.view(kind)

    def send(self, stream: Stream) -> None:
        """Copy the host's copy to the device, in a stream's order."""
        self._device.upload(self._base, self._host, stream)

    def fetch(self, stream: Stream) -> None:
        """Copy the region to the host, in a stream's order."""
        self._device.download(self._host, self._base, stream)

    def free(self) -> None:
        """Give the memory back; nothing may be under way in it."""
        if self._base:
            self._device.free(self._base)
            self._base = 0
        if len(self._host):
            self._device.give_back(self._host)
            self._host = np.zeros(0, np.uint8)


class DataCache:
    """Data that stays on a device from trial to trial and from job to job, by its content.

    Parameters
    ----------
    device : Device
        Where it lies.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._known: Dict[Any, Tuple[Tuple[int, ...], int]] = {}  # addresses, bytes; oldest first
        self._used: Dict[Any, int] = {}

    def take(self, key: Any, arrays: Sequence[np.ndarray]) -> Tuple[int, ...]:
        """Give the addresses of arrays, copied there if they are not yet.

        Parameters
        ----------
        key : hashable
            The same for the same content.
        arrays : sequence of array
            C-contiguous.

        Returns
        -------
        tuple of int
            Addresses, until `leave`.

        Raises
        ------
        DeviceMemoryError
            When there is no room, even without what nobody uses any more.
        """
        found = self._known.pop(key, None)
        if found is None:
            nbytes = sum(array.nbytes for array in arrays)
            self._make_room(nbytes)
            self._device.require({"data": nbytes})
            found = (tuple(self._device.place_array(array) for array in arrays), nbytes)
        self._known[key] = found
        self._used[key] = self._used.get(key, 0) + 1
        return found[0]

    def leave(self, key: Any) -> None:
        """Say that a user of `take` is done; the data stays while there is room.

        Parameters
        ----------
        key : hashable
            As for `take`.
        """
        self._used[key] -= 1

    def forget(self) -> None:
        """Drop everything that nobody uses."""
        for key in [key for key in self._known if not self._used.get(key)]:
            self._drop(key)

    def _make_room(self, nbytes: int) -> None:
        most = int(_MOST_KEPT * self._device.info["memory_bytes"])
        for key in [key for key in self._known if not self._used.get(key)]:
            kept = sum(size for _, size in self._known.values())
            if kept + nbytes <= most and nbytes < self._device.free_bytes() // 2:
                return
            self._drop(key)

    def _drop(self, key: Any) -> None:
        addresses, _ = self._known.pop(key)
        self._used.pop(key, None)
        for address in addresses:
            self._device.free(address)
