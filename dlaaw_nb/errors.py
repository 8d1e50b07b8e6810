"""The tree of errors.

Each also inherits the builtin that fits, so that plain ``except ValueError`` works.

::

    DlaawError
    ├── DataError            (ValueError)       data that cannot be used, with file, line and column
    │   ├── MissingDataError (FileNotFoundError) no such file, or a data set that is not here
    │   └── DownloadError    (ConnectionError)  a data set not fetched, or its checksum differs
    ├── NetworkError         (ValueError)       layers that do not chain, or a wrong hyperparameter
    ├── GraphError           (ValueError)       ports or edges that do not fit
    ├── PlanError            (ValueError)       a plan that does not fit its data (batches > rows)
    ├── FormatError          (ValueError)       a spec or model file that is not one
    │   └── VersionError                        written by a newer version
    ├── SaveError            (OSError)          a file not written; the old one is untouched
    ├── TargetError          (RuntimeError)     an unknown target, or one that cannot run this
    │   ├── RemoteError      (ConnectionError)  a machine elsewhere: not reached, or lacks something
    │   └── DeviceError                         a GPU that is not there, or failed
    │       └── DeviceMemoryError (MemoryError) one with too little memory
    ├── BuildError           (RuntimeError)     a compiler refused the kernels
    ├── KernelError          (ValueError)       a person's own kernel, or what it was given
    ├── DivergenceError      (ArithmeticError)  a training's numbers ran off to NaN or infinity
    ├── RunError             (RuntimeError)     a run of a workflow that did not finish
    ├── TaskError            (RuntimeError)     a task of a workflow that failed
    │   └── TaskTimeoutError (TimeoutError)     one that took longer than it may
    ├── StoreError           (OSError)          a store that cannot be read or written
    ├── CodecError           (ValueError)       a value that its port's type cannot keep
    └── TrustError           (PermissionError)  a file that would run code, and is not trusted
"""

from __future__ import annotations

from typing import Any

from dlaaw_nb.engine.faults import (
    BuildError,
    DeviceError,
    DeviceMemoryError,
    DlaawError,
    KernelError,
    PlanError,
    TargetError,
)

__all__ = [
    "BuildError",
    "CodecError",
    "DataError",
    "DeviceError",
    "DeviceMemoryError",
    "DivergenceError",
    "DlaawError",
    "DownloadError",
    "FormatError",
    "GraphError",
    "KernelError",
    "MissingDataError",
    "NetworkError",
    "PlanError",
    "RemoteError",
    "RunError",
    "SaveError",
    "StoreError",
    "TargetError",
    "TaskError",
    "TaskTimeoutError",
    "TrustError",
    "VersionError",
]


class RemoteError(TargetError, ConnectionError):
    """A machine that is reached over a network cannot be used.

    Parameters
    ----------
    message : str
        Which machine, what was expected, what came, and what to do.
    node : str
        Name of the target.
    command : str
        What was run there, if anything.
    status : int or None
        Exit status of that.
    stderr : str
        Its last lines.
    """

    def __init__(
        self,
        message: str,
        node: str = "",
        command: str = "",
        status: int | None = None,
        stderr: str = "",
    ) -> None:
        super().__init__(message)
        self.node, self.command, self.status, self.stderr = node, command, status, stderr


class DataError(DlaawError, ValueError):
    """Data that cannot be used.

    Parameters
    ----------
    message : str
        Where, what was expected, what came, and what to do.
    source : str or None
        File or kind of object the data came from.
    line : int or None
        Line of the file, counted from 1.
    column : str or int or None
        Name or position (from 0) of the column.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        line: int | None = None,
        column: str | int | None = None,
    ) -> None:
        super().__init__(message)
        self.source = source
        self.line = line
        self.column = column


class MissingDataError(DataError, FileNotFoundError):
    """No file or data set of that name is here."""


class DownloadError(DataError, ConnectionError):
    """A data set could not be fetched, or what came is not what was expected."""


class NetworkError(DlaawError, ValueError):
    """Layers that do not chain, or a hyperparameter out of its range."""


class GraphError(DlaawError, ValueError):
    """Ports, edges or tasks that do not fit together."""


class FormatError(DlaawError, ValueError):
    """A specification or model file that is not one.

    Parameters
    ----------
    message : str
        Where, what was expected, what came, and what to do.
    path : str
        Place inside the document, such as ``layers.nodes[2].kind``.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class VersionError(FormatError):
    """A file written by a newer version of the package."""


class SaveError(DlaawError, OSError):
    """A file could not be written; what stood there before is untouched."""


class DivergenceError(DlaawError, ArithmeticError):
    """A training whose weights became NaN or infinite.

    Parameters
    ----------
    message : str
        The epoch and what to try.
    epoch : int
        The epoch in which it happened, counted from 0.
    result : object
        The result up to there: costs, and the parameters of the last finished epoch.
    """

    def __init__(self, message: str, epoch: int, result: Any = None) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.result = result


class RunError(DlaawError, RuntimeError):
    """A run of a workflow that failed, was cancelled, or cannot be found.

    Parameters
    ----------
    message : str
        What failed first, what hung on it, and what to do.
    run : Run or None
        The run, with all that was finished.
    """

    def __init__(self, message: str, run: Any = None) -> None:
        super().__init__(message)
        self.run = run


class TaskError(DlaawError, RuntimeError):
    """A task of a workflow that failed.

    Parameters
    ----------
    message : str
        Task, what it raised, and the end of its log.
    task : str
        Its name in the workflow.
    trace : str
        The traceback where it ran, as text; empty where there is none.
    """

    def __init__(self, message: str, task: str = "", trace: str = "") -> None:
        super().__init__(message)
        self.task = task
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.task, self.trace)


class TaskTimeoutError(TaskError, TimeoutError):
    """A task that took longer than its time limit."""


class StoreError(DlaawError, OSError):
    """A store, or something in it, that cannot be read or written."""


class CodecError(DlaawError, ValueError):
    """A value that a port's type cannot keep, or bytes that are none of its values."""


class TrustError(DlaawError, PermissionError):
    """A file that carries code or commands, and was not trusted by the person."""
