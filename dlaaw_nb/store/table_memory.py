"""The memory of an Arrow file that was read: columns are views into it."""

from __future__ import annotations

from typing import Any

__all__ = ["Memory"]


class Memory:
    """A file's bytes, and where they lie.

    Parameters
    ----------
    view : memoryview
        The file, of single bytes; may be written to.
    buffer : pyarrow.Buffer
        Of the same memory.
    """

    def __init__(self, view: memoryview, buffer: Any) -> None:
        self._view = view
        self._start = buffer.address
        self.buffer = buffer

    def values(self, array: Any, dtype: Any) -> Any:
        """See numbers where they lie, those under missing values included.

        Parameters
        ----------
        array : pyarrow.Array
            Of numbers or dates.
        dtype : numpy.dtype
            What they are.

        Returns
        -------
        NumPy array
            Into the file's memory, so it may be written to where that may; a copy of what lies
            elsewhere.

        Raises
        ------
        TypeError
            When the array has values of another size.
        """
        import numpy as np

        buffers = array.buffers()
        if len(buffers) != 2 or array.type.bit_width != 8 * dtype.itemsize:
            raise TypeError(f"a column of {array.type}, not of {dtype}")
        count, data = len(array), buffers[1]
        if not count or data is None:
            return np.zeros(count, dtype)
        at = data.address - self._start + array.offset * dtype.itemsize
        if not 0 <= at <= len(self._view) - count * dtype.itemsize:
            return np.frombuffer(data, dtype, count, array.offset * dtype.itemsize).copy()
        return np.frombuffer(self._view, dtype, count, at)
