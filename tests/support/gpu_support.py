"""A real GPU for tests, where there is one."""

from __future__ import annotations

import os
from typing import Iterator

import pytest

from dlaaw_nb.engine import cuda_build, cuda_driver
from dlaaw_nb.engine.faults import BuildError, DeviceError
from dlaaw_nb.engine.gpu import Gpu


def missing() -> str:
    """Why there is no GPU to test on; nothing if there is one."""
    try:
        cuda_driver.open_device(0)
        cuda_build.compiler_name()
    except (DeviceError, BuildError) as error:
        return str(error)
    return ""


_REASON = missing()
needs_gpu = pytest.mark.skipif(
    bool(_REASON) and not os.environ.get("DLAAW_REQUIRE_GPU"), reason=_REASON or "there is a GPU"
)


@pytest.fixture(scope="session")
def gpu() -> Iterator[Gpu]:
    """The first GPU of this machine, in this process."""
    machine = Gpu(cuda_driver.open_device(0))
    yield machine
    cuda_driver.close_devices()
