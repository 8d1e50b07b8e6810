"""A person's own kernel as a task: ports, shapes, files, trust."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlaaw_nb import GraphError, Workflow
from dlaaw_nb.engine.build import compiler
from dlaaw_nb.errors import RunError, TrustError
from dlaaw_nb.targets.kernels import CudaModule
from dlaaw_nb.tasks.cuda_kernel import CudaKernel

pytestmark = pytest.mark.skipif(compiler() is None, reason="needs a C++ compiler")

SAXPY = """__global__ void saxpy(float* out, const float* x, const float* y, int n, float a) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i == 0) printf("a is %g\\n", a);
  if (i < n) out[i] = a * x[i] + y[i];
}
"""
X = np.arange(600, dtype=np.float32)


@pytest.fixture(autouse=True)
def own_trust(monkeypatch, tmp_path):
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "trust"))


def workflow():
    flow = Workflow("saxpies")
    task = CudaKernel.of(CudaModule(SAXPY, target="cpu").saxpy, grid=(4,), block=(160,))
    n, a = flow.input("n", 600), flow.input("a", 3.0)
    node = flow.add(task, x=flow.input("x"), y=flow.input("y"), n=n, a=a)
    flow.output("out", node)
    return flow


def test_ports_are_those_of_the_kernel():
    task = CudaKernel(SAXPY)
    assert [(p.name, p.type.name) for p in task.inputs] == [
        ("x", "array"), ("y", "array"), ("n", "int"), ("a", "float"),
    ]  # fmt: skip
    assert [p.name for p in task.outputs] == ["out"]


def test_workflow_runs_it_and_keeps_what_it_prints(tmp_path):
    run = workflow().run(inputs={"x": X, "y": X + 1}, store=tmp_path / "store")
    np.testing.assert_array_equal(run.outputs["out"], 3 * X + X + 1)
    assert "a is 3" in run.tasks["CudaKernel1"].log


def test_file_carries_the_source_and_asks_for_trust(tmp_path, monkeypatch):
    path = workflow().save(tmp_path / "f.dlaaw")
    assert "blockIdx.x" in path.read_text()
    monkeypatch.setenv("DLAAW_TRUST", str(tmp_path / "elsewhere"))
    flow = Workflow.load(path)
    with pytest.raises(TrustError, match="CudaKernel"):
        flow.run(inputs={"x": X, "y": X}, store=tmp_path / "store")
    flow.trust()
    run = flow.run(inputs={"x": X, "y": X}, store=tmp_path / "store")
    np.testing.assert_array_equal(run.outputs["out"], 4 * X)


def test_parameters_survive_json():
    task = CudaKernel(SAXPY, "saxpy", grid=(2, 1), shapes={"out": ["n"]})
    again = CudaKernel.from_parameters(json.loads(json.dumps(task.parameters)))
    assert again == task


def test_shapes_come_from_numbers_and_inputs():
    source = (
        "__global__ void k(float* a, int* b, const float* x, int n) { a[0] = x[0]; b[n - 1] = 7; }"
    )
    task = CudaKernel(source, shapes={"a": [2, "n"], "b": "n"}, block=(1,), grid=(1,))
    made = task.run(x=X, n=3)
    assert made["a"].shape == (2, 3)
    assert made["b"].tolist() == [0, 0, 7]


def test_array_of_updates_comes_in_and_is_left_as_it_was():
    source = "__global__ void k(float* x) { x[threadIdx.x] += 1.0f; }"
    task = CudaKernel(source, updates=["x"], block=(4,), grid=(1,))
    given = np.arange(4, dtype=np.float32)
    assert task.run(x=given)["x"].tolist() == [1, 2, 3, 4]
    assert given.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"source": ""}, "source: expected text"),
        ({"source": "int x;"}, "no kernel"),
        ({"source": SAXPY, "kernel": "other"}, "kernel: expected one of saxpy"),
        ({"source": SAXPY, "block": [2000]}, "from 1 to 1024"),
        ({"source": SAXPY, "shapes": {"x": "y"}}, "shapes: expected a mapping of outputs"),
        ({"source": SAXPY, "shapes": {"out": "z"}}, "shapes: expected sizes, or inputs"),
        ({"source": SAXPY, "updates": ["x"]}, "updates: expected outputs"),
        ({"source": "__global__ void k(int n) {}"}, "a kernel that writes an array"),
    ],
)
def test_parameter_that_does_not_fit_is_an_error(parameters, message):
    with pytest.raises(GraphError, match=message):
        CudaKernel(**parameters)


def test_wrong_type_of_an_array_fails_the_task_by_name(tmp_path):
    with pytest.raises(RunError, match=r"saxpy, argument 'x' .*expected an array of float32"):
        workflow().run(inputs={"x": X.astype(float), "y": X}, store=tmp_path / "store")
