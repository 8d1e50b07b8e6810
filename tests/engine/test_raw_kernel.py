"""A person's own kernels: signatures, arguments, the emulator, checks, and the calls of a GPU."""

from __future__ import annotations

import shutil
import threading
import time

import numpy as np
import pytest
from engine_support import needs_compiler

from dlaaw_nb.engine import raw_build
from dlaaw_nb.engine.execute import execute
from dlaaw_nb.engine.faults import KernelError
from dlaaw_nb.engine.raw_signature import kernels_of
from dlaaw_nb.engine.raw_source import exported, require_emulated
from dlaaw_nb.engine.session import Stop

SOURCE = r"""
__constant__ float two = 2.0f;
__device__ float twice(float x) { return two * x; }

// __global__ void commented(float* x) { }
__global__ void __launch_bounds__(256)
saxpy(float* out, const float* __restrict__ x, const float *y, int n, float a) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i == 3) printf("thread %d of %d\n", i, n);
  if (i < n) out[i] = a * x[i] + y[i];
}

extern "C" __global__ void total(const float* x, float* sums, int n) {
  __shared__ float s[64];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  s[threadIdx.x] = i < n ? twice(x[i]) : 0.0f;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = s[0];
}
__global__ void reversed(int* x, unsigned n) {
  extern __shared__ int copy[];
  copy[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = copy[n - 1 - threadIdx.x];
}
__global__ void histogram(const unsigned char* x, unsigned* bins, size_t n) {
  size_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(&bins[x[i]], 1u);
}
__global__ void beyond(float* x, int n) { x[threadIdx.x + n] = 1.0f; }
__global__ void ever(int* x) {
  while (atomicAdd(x, 0) == 0) {
  }
}
__global__ void wild(int* x) { *(int*)8 = x[0]; }
__global__ void sure(const int* x) { assert(x[threadIdx.x] > 0); }
__global__ void plane(float* out, int width) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  out[y * width + x] = 100 * y + x;
}
"""


def launch(kernel, arguments, arrays, grid=1, block=64, source=SOURCE, stop=None, **plan):
    """Events of a launch."""
    events = []
    grid, block = (list(n) if isinstance(n, tuple) else [n, 1, 1] for n in (grid, block))
    plan = {
        "source": source,
        "name": "cell",
        "kernel": kernel,
        "grid": grid,
        "block": block,
        **plan,
    }
    spec = {"plan": {"kind": "kernel", "arguments": arguments, **plan}}
    execute(spec, {"arrays": arrays}, events.append, stop)
    return events


def written(events):
    return next(event for event in events if event["event"] == "kernel")["arrays"]


def a(name):
    return {"array": name}


def test_signatures_are_read():
    found = {kernel.name: kernel for kernel in kernels_of(SOURCE)}
    assert "commented" not in found
    assert str(found["saxpy"]) == (
        "saxpy(float* out, const float* x, const float* y, int n, float a)"
    )
    assert found["saxpy"].line == 6
    kinds = [(p.dtype.str, p.pointer, p.const) for p in found["histogram"].parameters]
    assert kinds == [("|u1", True, True), ("<u4", True, False), ("<u8", False, False)]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("std::vector<int> x", "expected a number"),
        ("float** x", "expected a number"),
        ("struct P p", "expected a number"),
        ("float& x", "expected a number"),
        ("long n", "long has another size"),
        ("float", "expected a number"),
    ],
)
def test_parameter_that_numpy_has_nothing_for_is_refused_with_its_line(parameters, message):
    with pytest.raises(KernelError, match=rf"line 2: kernel k takes .*{message}"):
        kernels_of(f"\n__global__ void k({parameters}) {{ }}")


@pytest.mark.parametrize(
    "declaration",
    [
        "__global__ static void",
        "static __global__ void",
        "inline __global__ static void",
        'extern "C" __global__ void __launch_bounds__(256, (2))',
        "__launch_bounds__(WARP * (2)) __global__ void",
        "void __global__",
        "static void __launch_bounds__(64) __global__",
        "__attribute__((unused)) __global__ [[gnu::noinline]] void",
        "__global__\nvoid",
        "__global__ void k(int* x, float);\n__global__ void",
    ],
)
def test_kernel_is_seen_whatever_the_order_of_its_words(declaration):
    source = f"void other(int* x) {{ }}\n{declaration} k(int* x) {{ x[0] = 1; }}"
    assert [str(kernel) for kernel in kernels_of(source)] == ["k(int* x)"]


@pytest.mark.parametrize(
    ("kernel", "name"),
    [
        ("template <class T>\n__global__ void k(T* x) { }", "kernel k"),
        ("template <class T,\nint N = 3> static __global__ void k(T* x) { }", "kernel k"),
        ("template <class T = A<B>>\n__global__ static void k(T* x) { }", "kernel k"),
        ("template <>\n__global__ void k<float>(float* x) { }", "this kernel"),
    ],
)
def test_template_is_refused(kernel, name):
    with pytest.raises(KernelError, match=f"line 2: {name} is a template"):
        kernels_of(kernel)


def test_kernel_that_gives_something_back_is_refused():
    with pytest.raises(KernelError, match=r"line 2: expected a kernel .*got `__global__ int k\("):
        kernels_of("__global__ void good() { }\n__global__ int k(int* x) { return 1; }")


def test_source_of_many_words_is_read_at_once():
    begin = time.perf_counter()
    kernels_of("__global__ void k(int* x) { }\n" + "static inline " * 3000)
    assert time.perf_counter() - begin < 2


def test_kernel_that_is_static_has_a_name_on_a_gpu():
    source = "__global__ static void k(int* x) { static int n; }  // static inline\nstatic int f();"
    made = exported(source)
    assert made.startswith("__global__        void k(int* x) { static int n; }  // static inline")
    assert len(made) == len(source)


def test_source_without_a_kernel_is_refused():
    with pytest.raises(KernelError, match="no kernel: expected a function like"):
        kernels_of("__device__ float f(float x) { return x; }")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("__shfl_down_sync(0xffffffff, x[0], 1);", "instructions of a warp"),
        ("__syncwarp();", "instructions of a warp"),
        ("cooperative_groups::this_grid().sync();", "cooperative groups"),
        ("tex2D<float>(t, 0, 0);", "textures"),
        ("other<<<1, 2>>>(x);", "launches from the device"),
        ('asm("nop;");', "assembly"),
        ("__half h;", "half precision"),
        ("wmma::fragment<int> f;", "tensor cores"),
        ("cudaDeviceSynchronize();", "the CUDA runtime"),
    ],
)
def test_what_is_not_emulated_is_refused_by_name_with_its_line(code, what):
    with pytest.raises(KernelError, match=rf"line 2: .*{what}.* not emulated"):
        require_emulated(f"__global__ void k(float* x) {{\n  {code}\n}}")


def test_what_stands_in_a_comment_or_a_text_is_not_refused():
    require_emulated('// asm\n__global__ void k(int* x) { /* __shfl_sync */ printf("asm <<<"); }')


X = np.arange(100, dtype=np.float32)


@needs_compiler
def test_kernel_runs_prints_and_writes():
    given = {"out": np.zeros(100, np.float32), "x": X, "y": X}
    events = launch("saxpy", [a("out"), a("x"), a("y"), 100, 2.0], given, grid=2)
    assert [event["event"] for event in events] == ["start", "log", "kernel", "result"]
    assert events[1]["message"] == "thread 3 of 100"
    assert written(events)["out"].tolist() == (3 * X).tolist()
    assert set(written(events)) == {"out"}


@needs_compiler
def test_shared_memory_barriers_constants_and_device_functions():
    given = {"x": X, "sums": np.zeros(2, np.float32)}
    found = written(launch("total", [a("x"), a("sums"), 100], given, grid=2))
    assert found["sums"].tolist() == [2 * sum(range(64)), 2 * sum(range(64, 100))]


@needs_compiler
def test_dynamic_shared_memory():
    given = {"x": np.arange(32, dtype=np.int32)}
    found = written(launch("reversed", [a("x"), 32], given, block=32, shared_bytes=128))
    assert found["x"].tolist() == list(range(31, -1, -1))


@needs_compiler
def test_atomics_of_many_blocks():
    x = np.random.default_rng(0).integers(0, 10, 5000).astype(np.uint8)
    given = {"x": x, "bins": np.zeros(10, np.uint32)}
    found = written(launch("histogram", [a("x"), a("bins"), 5000], given, grid=79))
    assert found["bins"].tolist() == np.bincount(x, minlength=10).tolist()


@needs_compiler
def test_grid_and_block_of_two_dimensions():
    given = {"out": np.zeros((6, 8), np.float32)}
    found = written(launch("plane", [a("out"), 8], given, grid=(2, 3, 1), block=(4, 2, 1)))
    assert found["out"].tolist() == (100 * np.arange(6)[:, None] + np.arange(8)).tolist()


MATH = """
__global__ void all_of_it(float* y, unsigned* u, int* i, double* d) {
  y[0] = __expf(1.0f) + rsqrtf(4.0f) + fminf(1.0f, 2.0f) + __powf(2.0f, 3.0f) +
         sinf(0.0f) + max(1.0f, 2.0f);
  float4 v = make_float4(1.0f, 2.0f, 3.0f, 4.0f);
  y[1] = v.x + v.w + __saturatef(7.0f) + __fdividef(1.0f, 2.0f) + __ldg(y + 2);
  u[0] = atomicInc(&u[1], 5u) + atomicMax(&u[2], 9u) + __popc(255u);
  i[0] = atomicCAS(&i[1], 3, 8) + atomicExch(&i[2], 4) + __clz(1) + __ffs(8) + min(3, 4);
  d[0] = atomicAdd(&d[1], 0.5) + sqrt(16.0);
  if (__syncthreads_and(1) && __syncthreads_or(0) == 0) i[3] = __syncthreads_count(threadIdx.x % 2);
}
"""


@needs_compiler
def test_names_of_cuda_have_their_meaning():
    given = {
        "y": np.array([0, 0, 10], np.float32),
        "u": np.array([0, 4, 7], np.uint32),
        "i": np.array([0, 3, 6, 0], np.int32),
        "d": np.array([0, 2.0]),
    }
    found = written(launch("all_of_it", [a(n) for n in "yuid"], given, block=1, source=MATH))
    assert found["y"].tolist() == pytest.approx([np.e + 0.5 + 1 + 8 + 2, 5 + 1 + 0.5 + 10, 10])
    assert found["u"].tolist() == [4 + 7 + 8, 5, 9]
    assert found["i"].tolist() == [3 + 6 + 31 + 4 + 3, 8, 4, 0]
    assert found["d"].tolist() == [2 + 4, 2.5]


@needs_compiler
def test_compile_error_has_the_line_of_the_cell():
    source = "__global__ void k(float* x) {\n  x[0] = undefined_thing;\n}"
    with pytest.raises(
        KernelError, match=r"line 2: .*undefined_thing.*\n +x\[0\] = undefined_thing;"
    ):
        launch("k", [a("x")], {"x": X.copy()}, source=source)


@needs_compiler
def test_assert_says_where():
    values = np.ones(64, np.int32)
    values[2] = 0
    with pytest.raises(KernelError, match=r"assert\(.*\) failed on line 40, .*thread \(2, 0, 0\)"):
        launch("sure", [a("x")], {"x": values})


@needs_compiler
def test_fault_of_a_kernel_costs_its_process_alone():
    given = {"x": np.ones(64, np.int32)}
    with pytest.raises(KernelError, match=r"signal 11.*--check says where"):
        launch("wild", [a("x")], given)
    with pytest.raises(KernelError, match=r"line 39: thread 0 .* writes memory that is not"):
        launch("wild", [a("x")], given, check=True)


@needs_compiler
def test_division_by_zero_is_said():
    source = "__global__ void k(int* x) { x[0] = 7 / x[1]; }"
    with pytest.raises(KernelError, match=r"signal 8.*divided by 0"):
        launch("k", [a("x")], {"x": np.zeros(2, np.int32)}, source=source)


@needs_compiler
def test_infinite_loop_is_stopped():
    stop = Stop()
    threading.Timer(0.5, stop.set).start()
    raw_build.program(SOURCE, "cell", kernels_of(SOURCE))
    begin = time.perf_counter()
    launch("ever", [a("x")], {"x": np.zeros(1, np.int32)}, block=1, stop=stop)
    assert time.perf_counter() - begin < 5


@needs_compiler
def test_divergent_barrier_is_an_error():
    source = "__global__ void k(int* x) { if (threadIdx.x < 7) return; __syncthreads(); x[0] = 1; }"
    with pytest.raises(KernelError, match="divergent barrier: in block 0"):
        launch("k", [a("x")], {"x": np.zeros(1, np.int32)}, source=source)


GOOD = {"out": np.zeros(100, np.float32), "x": X, "y": X}
READ_ONLY = np.zeros(100, np.float32)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("arguments", "arrays", "plan", "message"),
    [
        ([a("out"), a("x"), a("y"), 100], GOOD, {}, "expected 5 arguments, got 4"),
        ([a("out"), a("x"), 3, 100, 2.0], GOOD, {}, "'y' .*expected an array of float32, got int"),
        ([a("out"), a("x"), a("y"), a("x"), 2.0], GOOD, {}, "'n' .*expected a number, got ndarray"),
        ([a("out"), a("x"), a("y"), 2.5, 2.0], GOOD, {}, "expected a whole number, got 2.5"),
        ([a("out"), a("x"), a("y"), 2**31, 2.0], GOOD, {}, "from -2147483648 to 2147483647"),
        ([a("out"), a("x"), a("y"), None, 2.0], GOOD, {}, "expected a number, got NoneType"),
        (
            [a("out"), a("x"), a("y"), 100, 1e300],
            GOOD,
            {},
            r"1e[+]300 is beyond what a float holds",
        ),
        ([a("out"), a("z"), a("y"), 100, 2.0], GOOD, {}, "argument 'x': no array 'z' came along"),
        (
            None,
            {**GOOD, "x": X.astype(np.float64)},
            {},
            r"got one of float64. Convert it: x.astype",
        ),
        (None, {**GOOD, "x": X[::2]}, {}, "lies in one piece"),
        (None, {**GOOD, "out": READ_ONLY}, {}, "the kernel may write to it, but it is read-only"),
        (None, GOOD, {"block": [2048, 1, 1]}, "from 1 to 1024"),
        (None, GOOD, {"block": [64, 32, 1]}, "at most 1024 threads, got 2048"),
        (None, GOOD, {"grid": [0, 1, 1]}, "grid: expected three numbers from 1"),
        (None, GOOD, {"kernel": "nothing"}, "expected one of saxpy, total"),
        (None, GOOD, {"name": "../x;"}, "name: expected a word"),
        ([a("x"), 32], {"x": np.zeros(32, np.int32)}, {"kernel": "reversed"}, "Give shared_bytes="),
    ],
)
def test_argument_that_does_not_fit_is_refused_before_anything_is_compiled(
    arguments, arrays, plan, message, monkeypatch
):
    monkeypatch.setattr(raw_build, "program", lambda *_: pytest.fail("compiled"))
    given = {"kernel": "saxpy", "grid": [2, 1, 1], "block": [64, 1, 1], **plan}
    spec = {"source": SOURCE, "name": "cell", **given}
    spec["arguments"] = arguments or [a("out"), a("x"), a("y"), 100, 2.0]
    with pytest.raises(KernelError, match=message):
        execute({"plan": {"kind": "kernel", **spec}}, {"arrays": arrays}, lambda event: None)


class FakeGpu:
    """A device that does what saxpy does, and records the calls."""

    arch = "sm_90"

    def __init__(self):
        self.log, self.memory, self.stream, self.fail = [], {}, "stream", False
        self.device, self.lent = self, 0

    def describe(self):
        return {"kind": "gpu"}

    def load(self, image, names):
        self.log.append(("load", names))
        limits = {"max_threads": 512, "registers": 20, "local_bytes": 0, "shared_bytes": 64}
        return [type("Function", (), {**limits, "name": names[0]})]

    def require(self, parts):
        self.log.append(("require", sum(parts.values())))

    def event(self):
        self.lent += 1
        this = self
        record = lambda stream: this.log.append(("record",))  # noqa: E731
        since = lambda before: 2.0  # noqa: E731
        return type(
            "Event", (), {"record": staticmethod(record), "milliseconds_since": staticmethod(since)}
        )

    def give_back(self, *lent):
        self.lent -= len(lent)

    def alloc(self, nbytes):
        address = 0x1000 * (len(self.memory) + 1)
        self.memory[address] = np.zeros(nbytes, np.uint8)
        return address

    def free(self, address):
        del self.memory[address]

    def upload(self, address, array):
        self.memory[address][:] = array.view(np.uint8).reshape(-1)

    def launch(self, function, grid, block, shared_bytes, arguments, stream):
        self.log.append(("launch", grid, block, shared_bytes, arguments[3:]))
        if self.fail:
            raise RuntimeError("an illegal access")
        out, x, y = (self.memory[address].view(np.float32) for address in arguments[:3])
        out[:] = arguments[4] * x + y

    def download(self, array, address, stream):
        array.view(np.uint8).reshape(-1)[:] = self.memory[address]

    def wait(self, stream):
        self.log.append(("wait",))


def on_fake(gpu, monkeypatch, **plan):
    monkeypatch.setattr(raw_build, "gpu_image", lambda *_: b"cubin")
    events = []
    given = {"kernel": "saxpy", "grid": [2, 1, 1], "block": [64, 1, 1], "source": SOURCE, **plan}
    arguments = [a("out"), a("x"), a("y"), 100, 2.0]
    spec = {"plan": {"kind": "kernel", "name": "cell", "arguments": arguments, **given}}
    execute(spec, {"arrays": GOOD}, events.append, None, gpu)
    return events


def test_gpu_gets_copies_a_launch_between_two_events_and_gives_all_back(monkeypatch):
    gpu = FakeGpu()
    events = on_fake(gpu, monkeypatch)
    assert written(events)["out"].tolist() == (3 * X).tolist()
    assert [entry[0] for entry in gpu.log] == [
        "load",
        "require",
        "record",
        "launch",
        "record",
        "wait",
    ]
    assert gpu.log[1] == ("require", 2 * 400)  # x and y are one array
    assert gpu.log[3][4] == [np.int32(100), np.float32(2.0)]
    assert not gpu.memory
    assert gpu.lent == 0
    assert events[1]["seconds"] == 0.002
    assert events[1]["resources"]["registers"] == 20


def test_gpu_gives_all_back_after_a_fault(monkeypatch):
    gpu = FakeGpu()
    gpu.fail = True
    with pytest.raises(RuntimeError, match="illegal access"):
        on_fake(gpu, monkeypatch)
    assert not gpu.memory
    assert gpu.lent == 0


def test_block_that_does_not_fit_a_gpu_is_refused(monkeypatch):
    with pytest.raises(KernelError, match=r"512 do\. Use a smaller block"):
        on_fake(FakeGpu(), monkeypatch, block=[1024, 1, 1])


def test_gpu_does_not_check(monkeypatch):
    with pytest.raises(KernelError, match="Use --target cpu with --check"):
        on_fake(FakeGpu(), monkeypatch, check=True)


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc on this machine")
def test_source_compiles_for_a_gpu_and_its_errors_have_the_line():
    kernels = kernels_of(SOURCE)
    image = raw_build.gpu_image(SOURCE, "cell", kernels, "sm_90")
    assert all(kernel.name.encode() in image for kernel in kernels)
    source = "__global__ void k(float* x) {\n  x[0] = undefined_thing;\n}"
    with pytest.raises(KernelError, match=r"line 2: .*undefined_thing.*\n +x\[0\]"):
        raw_build.gpu_image(source, "cell", kernels_of(source), "sm_90")
