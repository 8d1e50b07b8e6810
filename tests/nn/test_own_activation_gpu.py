"""Activations in source on a recorded GPU: kernels emulated, the bits of the processor."""

from __future__ import annotations

import gpu_compilers
import numpy as np
import pytest
import recorded_device
from engine_support import make_data, needs_compiler, run, trials
from recorded_device import RecordedDevice

from dlaaw_nb import Linear, NNWorkflow, Sigmoid
from dlaaw_nb.engine import cuda_build
from dlaaw_nb.engine.chain import Chain
from dlaaw_nb.engine.codegen import training_source, wide_source
from dlaaw_nb.engine.execute import execute
from dlaaw_nb.engine.gpu import Gpu
from dlaaw_nb.nn.layers import activation
from dlaaw_nb.nn.mapper import default_plan

pytestmark = needs_compiler

SOURCE = """
__device__ float forward(float x, float a, float b) {
  return a * tanhf(x) + b * x * erff(x) + logf(1.0f + expf(-fabsf(x))) + sqrtf(1.0f + x * x);
}
__device__ float backward(float x, float dy, float a, float b) {
  const float t = tanhf(x), e = expf(-fabsf(x));
  const float slope = e / (1.0f + e) * (x < 0.0f ? 1.0f : -1.0f);
  return dy * (a * (1.0f - t * t) + b * (erff(x) + 1.1283792f * x * expf(-x * x)) + slope +
               x / sqrtf(1.0f + x * x));
}
"""


@pytest.fixture
def everything():
    """An activation that calls each function whose bits are the same everywhere."""
    return activation("Everything", SOURCE, {"a": 0.5, "b": 0.25})


@pytest.mark.parametrize("width", [4, 272], ids=["fused", "layer by layer"])
def test_emulated_gpu_gives_the_bits_of_the_processor(everything, width, monkeypatch):
    layers = [Linear(3, width), everything(), Linear(width, 1), Sigmoid()]
    spec = NNWorkflow(layers, epochs=3, batches=3).spec({**default_plan(), "live": False})
    data = make_data(300, 3)
    (ours,) = trials(run(spec, data))
    recorded_device.use(monkeypatch)
    events, device = [], RecordedDevice(multiprocessors=2)
    device.threads = 32 if width == 4 else 256  # of a block, as the host launches it
    execute(spec, data, events.append, None, Gpu(device))
    (theirs,) = trials(events)
    for name, array in ours["parameters"].items():
        if width == 4:
            np.testing.assert_array_equal(theirs["parameters"][name], array)
        else:  # on the processor NumPy's BLAS adds up
            np.testing.assert_allclose(theirs["parameters"][name], array, rtol=1e-3, atol=1e-5)


@pytest.mark.skipif(bool(gpu_compilers.missing("sm_90")), reason="no nvcc")
@pytest.mark.parametrize("wide", [False, True], ids=["fused", "layer by layer"])
def test_gpu_compiler_takes_it(everything, wide):
    nodes = NNWorkflow([Linear(3, 4), everything(), Linear(4, 1), Sigmoid()]).spec()["layers"]
    write = wide_source if wide else training_source
    source = write(Chain(nodes["nodes"]), "BinaryCrossEntropy", "SGD")
    assert cuda_build.program_cubin(source, "sm_90")[:4] == b"\x7fELF"
