"""What the device can do at most: bytes copied and float32 operations in a second."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.gpu_race import words
from tests.benchmarks.report import Section, progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.gpu_race import Deadline
    from tests.benchmarks.gpu_work import Sizes

_CHAINS, _STEPS, _THREADS = 8, 4096, 256
_FMA = """
extern "C" __global__ void fma_rate(float* out, int steps) {
  const float a = 0.999f + 1e-9f * threadIdx.x, b = 1e-3f * blockIdx.x;
  float x[8];
  #pragma unroll
  for (int k = 0; k < 8; ++k) x[k] = k + threadIdx.x;
  for (int i = 0; i < steps; ++i) {
    #pragma unroll
    for (int k = 0; k < 8; ++k) x[k] = fmaf(x[k], a, b);
  }
  float sum = 0.0f;
  #pragma unroll
  for (int k = 0; k < 8; ++k) sum += x[k];
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}
"""


@dataclass
class Floor:
    """Rates of the device; 0 where unknown."""

    bytes_per_s: float = 0.0
    operations_per_s: float = 0.0

    def seconds(self, operations: float, data_bytes: float) -> float:
        """No training takes less: its operations or its bytes, whichever takes longer."""
        times = [
            amount / rate
            for amount, rate in (
                (operations, self.operations_per_s),
                (data_bytes, self.bytes_per_s),
            )
            if rate
        ]
        return max(times, default=0.0)

    def share(self, seconds: float | None, operations: float, data_bytes: float) -> str:
        """The floor over what was measured, as words."""
        least = self.seconds(operations, data_bytes)
        return f"{100 * least / seconds:.2g} %" if seconds and least else "-"


def measure(sizes: Sizes, deadline: Deadline) -> tuple[Section, Floor]:
    """Measure the device."""
    section = Section(
        "Floors of the device, measured in this run",
        ("what", "how", "rate"),
        notes=[
            (
                "A figure's share of the floor: the time that its float32 operations (three "
                "products of each layer for each row) or its bytes (features and labels, read once "
                "each epoch) take at these rates, whichever is longer, over the time it took."
            ),
        ],
    )
    floor = Floor()
    for what, unit, attribute, ways in (
        ("bytes read and written", "GB/s", "bytes_per_s", {"device copy": _copy}),
        (
            "float32 operations",
            "TFLOP/s",
            "operations_per_s",
            {"raw kernel of independent FMA chains": _chains, "matrix product, no TF32": _matmul},
        ),
    ):
        for how, way in ways.items():
            cell = _rate(way, sizes, deadline, floor, attribute)
            section.rows.append((what, how, f"{cell} {unit}" if cell[0].isdigit() else cell))
            progress(f"  {what}, {how}: {cell}")
    return section, floor


def _rate(
    way: Callable[[Sizes], float],
    sizes: Sizes,
    deadline: Deadline,
    floor: Floor,
    attribute: str,
) -> str:
    if way is _chains and sizes.device != "cuda":
        return "- (needs a GPU)"
    if not deadline.left:
        return "- (no time)"
    try:
        rate = way(sizes)
    except Exception as error:  # noqa: BLE001 - becomes a line of the table
        return f"- (**failed**: {words(error)})"
    setattr(floor, attribute, max(getattr(floor, attribute), rate))
    return f"{rate / (1e9 if attribute == 'bytes_per_s' else 1e12):.4g}"


def _fastest(call: Callable[[], object], sizes: Sizes, tries: int = 7) -> float:
    from tests.benchmarks.gpu_torch import synchronize

    call()
    synchronize(sizes.device)
    seconds = []
    for _ in range(tries):
        started = time.perf_counter()
        for _ in range(5):
            call()
        synchronize(sizes.device)
        seconds.append((time.perf_counter() - started) / 5)
    return min(seconds)


def _copy(sizes: Sizes) -> float:
    import torch

    count = 2**28 if sizes.device == "cuda" else 2**22
    source = torch.ones(count, dtype=torch.float32, device=sizes.device)
    copy = torch.empty_like(source)
    return 2 * 4 * count / _fastest(lambda: copy.copy_(source), sizes)


def _matmul(sizes: Sizes) -> float:
    import torch

    from tests.benchmarks.gpu_torch import exact

    exact()
    side = 8192 if sizes.device == "cuda" else 512
    a = torch.rand(side, side, device=sizes.device)
    out = torch.empty_like(a)
    return 2.0 * side**3 / _fastest(lambda: torch.mm(a, a, out=out), sizes, tries=3)


def _chains(sizes: Sizes) -> float:
    """The rate of a raw kernel, compiled by PyTorch's NVRTC."""
    import torch

    compile_kernel = torch.cuda._compile_kernel  # type: ignore[attr-defined]
    kernel = compile_kernel(_FMA, "fma_rate")
    blocks = 8 * torch.cuda.get_device_properties(0).multi_processor_count
    out = torch.empty(blocks * _THREADS, dtype=torch.float32, device="cuda")
    seconds = _fastest(
        lambda: kernel(grid=(blocks, 1, 1), block=(_THREADS, 1, 1), args=[out, _STEPS]), sizes
    )
    return 2.0 * _CHAINS * _STEPS * blocks * _THREADS / seconds
