"""What a check of a person's own kernel finds: planted faults, and clean twins of each."""

from __future__ import annotations

import re

import numpy as np
import pytest
from engine_support import needs_compiler

from dlaaw_nb.engine import raw_build, raw_process, raw_symbols
from dlaaw_nb.engine.execute import execute
from dlaaw_nb.engine.faults import KernelError
from dlaaw_nb.engine.raw_signature import kernels_of

pytestmark = [needs_compiler, pytest.mark.slow]

# Each kernel is right where `fault` is 0. The lines that are to be named end in // and a letter.
SOURCE = r"""
__device__ int counter;
__device__ float partial[64];
__constant__ float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};

__global__ void reads(float* out, const float* x, int fault) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = x[i + fault] * table[i % 4];  // A reads
}
__global__ void writes(float* out, int fault) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i - fault] = 1.0f;  // A writes
}
__device__ void put(float* at, int k, float value) {
  at[k] = value;  // A fixed
}
__global__ void fixed(float* out, int fault) {
  __shared__ float s[64], t[64];
  put(s, threadIdx.x + fault, 1.0f);
  t[threadIdx.x] = 2.0f;
  __syncthreads();
  out[threadIdx.x] = t[63 - threadIdx.x] + s[fault ? threadIdx.x + 1 : threadIdx.x];
}
__global__ void dynamic(float* out, int fault) {
  extern __shared__ float tile[];
  tile[threadIdx.x + fault] = 1.0f;  // A dynamic
  __syncthreads();
  out[threadIdx.x] = tile[63 - threadIdx.x + fault];
}
__global__ void local(float* out, int fault) {
  float v[4] = {1.0f, 2.0f, 3.0f, 4.0f};
  for (int k = 0; k < 4; ++k) v[(k + threadIdx.x) % 4 + fault] += 1.0f;  // A local
  out[threadIdx.x] = v[0] + v[threadIdx.x % 4];
}
__global__ void copied(float* out, const float* x, int fault) {
  if (threadIdx.x == 0) memcpy(out + 60, x, 16 + 4 * fault);  // A copied
}
__global__ void constant(float* out, const float* x, int fault) {
  if (fault) ((float*)x)[threadIdx.x] = 3.0f;  // A constant
  out[threadIdx.x] = x[threadIdx.x];
}
__global__ void barrier(float* out, int fault) {
  __shared__ float s[64];
  s[threadIdx.x] = threadIdx.x;  // A barrier
  if (!fault) __syncthreads();
  out[threadIdx.x] = threadIdx.x ? s[threadIdx.x - 1] : 0.0f;  // B barrier
}
__global__ void unset(float* out, int fault) {
  __shared__ float s[64];
  if (threadIdx.x >= fault) s[threadIdx.x] = 1.0f;
  __syncthreads();
  out[threadIdx.x] = s[63 - threadIdx.x];  // A unset
}
__global__ void ended(float* out, int fault) {
  if (threadIdx.x < fault) return;
  __syncthreads();  // A ended
  out[threadIdx.x] = 1.0f;
}
__global__ void branches(float* out, int fault) {
  if (threadIdx.x < 32 && fault) {
    __syncthreads();  // A branches
    out[threadIdx.x] = 1.0f;
  } else {
    __syncthreads();  // B branches
  }
}
__global__ void everybody(float* out, int fault) {
  __shared__ float s[64];
  s[threadIdx.x] = 1.0f;
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x) return;
  if (fault) out[0] += s[0];  // A everybody
  else atomicAdd(&out[0], s[0]);
}
__global__ void variable(float* out, int fault) {
  if (threadIdx.x == 0) partial[fault ? 0 : blockIdx.x % 64] = 1.0f;  // A variable
}
__global__ void ticket(float* out, const float* x, int fault) {
  __shared__ float s[64];
  __shared__ bool last;
  s[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    if (fault != 2) out[1 + blockIdx.x] = s[0];  // A ticket
    if (fault != 1) __threadfence();
    last = atomicAdd(&counter, 1) == gridDim.x - 1;
    if (fault == 2) out[1 + blockIdx.x] = s[0];  // B ticket
  }
  __syncthreads();
  if (!last) return;
  float sum = 0.0f;
  for (int k = threadIdx.x; k < gridDim.x; k += blockDim.x) sum += out[1 + k];  // C ticket
  atomicAdd(&out[0], sum);
  if (threadIdx.x == 0) counter = 0;
}
// All threads write and fence; behind a barrier one of them says so.
__global__ void together(float* out, const float* x, int fault) {
  __shared__ bool last;
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[1 + i] = x[i];  // A together
  if (!fault || threadIdx.x == 0) __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(&counter, 1) == gridDim.x - 1;
  __syncthreads();
  if (last) {
    float sum = 0.0f;
    for (int k = threadIdx.x; k < gridDim.x * blockDim.x; k += blockDim.x) {
      sum += out[1 + k];  // B together
    }
    atomicAdd(&out[0], sum);
    if (threadIdx.x == 0) counter = 0;
  }
}
// All threads write; behind a barrier one of them fences for all.
__global__ void behind(float* out, const float* x, int fault) {
  __shared__ bool last;
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[1 + i] = x[i];  // A behind
  if (!fault) __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicAdd(&counter, 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  for (int k = threadIdx.x; k < gridDim.x * blockDim.x; k += blockDim.x) {
    atomicAdd(&out[0], 2.0f * x[k] - out[1 + k]);  // B behind
  }
}
// Each block adds to what the block before has left, which it has waited for.
__global__ void chain(float* out, volatile int* flags, int fault) {
  if (blockIdx.x > 0) {
    while (flags[blockIdx.x - 1] == 0) {
    }
    out[blockIdx.x] = out[blockIdx.x - 1] + 1.0f;  // A chain
  } else {
    out[0] = 1.0f;
  }
  if (!fault) __threadfence();
  flags[blockIdx.x] = 1;
}
__global__ void warp(float* out, int fault) {
  volatile __shared__ float s[64];
  s[threadIdx.x] = 1.0f;
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];  // A warp
    if (!fault) __syncthreads();
  }
  out[threadIdx.x] = s[0];
}
__global__ void histogram(unsigned* bins, const unsigned char* x, int n, int fault) {
  __shared__ unsigned s[10];
  if (threadIdx.x < 10 && fault != 1) s[threadIdx.x] = 0;
  __syncthreads();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(&s[x[i]], 1u);  // A histogram
  __syncthreads();
  if (threadIdx.x < 10) atomicAdd(&bins[threadIdx.x], s[threadIdx.x]);
  if (threadIdx.x == 0 && fault == 2 && bins[3] > 1000000) bins[3] = 0;  // B histogram
}
__global__ void product(float* c, const float* a, const float* b, int n, int fault) {
  __shared__ float s[8][8], t[8][8];
  int x = blockIdx.x * 8 + threadIdx.x, y = blockIdx.y * 8 + threadIdx.y;
  float sum = 0.0f;
  for (int k = 0; k < n; k += 8) {
    s[threadIdx.y][threadIdx.x] = a[y * n + k + threadIdx.x];  // A product
    t[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + x];
    __syncthreads();
    for (int j = 0; j < 8; ++j) sum += s[threadIdx.y][j] * t[j][threadIdx.x];  // B product
    if (!fault) __syncthreads();
  }
  c[y * n + x] = sum;
}
__global__ void bytes(unsigned char* out, int fault) {
  __shared__ unsigned char s[65];
  s[threadIdx.x] = threadIdx.x;  // A bytes
  __syncthreads();
  if (threadIdx.x < 60) s[threadIdx.x + fault] += s[threadIdx.x];  // B bytes
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
}
__global__ void many(float* out, int fault) {
  __shared__ float s[65];
  s[threadIdx.x] = 1.0f;
  if (!fault) __syncthreads();
  out[threadIdx.x + fault] = s[63 - threadIdx.x] + s[fault ? 64 : 0];
}
"""
KERNELS = kernels_of(SOURCE)


def line_of(mark):
    """The line that ends in a mark such as ``A reads``."""
    (found,) = [n for n, text in enumerate(SOURCE.splitlines(), 1) if text.endswith(f"// {mark}")]
    return found


def floats(n=64):
    return np.zeros(n, np.float32)


def run(kernel, arrays, *numbers, grid=1, block=64, shared_bytes=0, source=SOURCE, stop=None):
    """Events of a checked launch."""
    grid, block = (list(n) if isinstance(n, tuple) else [n, 1, 1] for n in (grid, block))
    arguments = [*({"array": name} for name in arrays), *numbers]
    plan = {"kind": "kernel", "source": source, "name": "cell", "kernel": kernel, "grid": grid}
    plan = {**plan, "block": block, "arguments": arguments, "check": True}
    events = []
    spec = {"plan": {**plan, "shared_bytes": shared_bytes}}
    execute(spec, {"arrays": arrays}, events.append, stop)
    return events


def found_in(*args, **kwargs):
    with pytest.raises(KernelError) as raised:
        run(*args, **kwargs)
    return str(raised.value)


def messages(events):
    return [event["message"] for event in events if event["event"] == "log"]


def written(events):
    return next(event for event in events if event["event"] == "kernel")["arrays"]


X = np.arange(4096, dtype=np.float32)
LETTERS = np.random.default_rng(0).integers(0, 10, 5000).astype(np.uint8)
INTS = np.zeros(64, np.int32)
TILES = {name: np.ones((32, 32), np.float32) for name in "cab"}

# Kernel, arrays, numbers before `fault`, the fault, how it is launched, marks of the lines, words.
FAULTS = [
    ("reads", {"out": floats(128), "x": X[:128]}, [], 1, {"grid": 2}, "A",
     r"thread 63 of block 1 reads x\[128\], but x has 128 items"),
    ("writes", {"out": floats()}, [], 1, {}, "A", r"thread 0 of block 0 writes out\[-1\]"),
    ("fixed", {"out": floats()}, [], 1, {}, "A", r"writes s\[64\], but s has 64 items"),
    ("dynamic", {"out": floats()}, [], 1, {"shared_bytes": 256}, "A",
     r"thread 63 of block 0 writes tile\[64\], but tile has 64 items"),
    ("local", {"out": floats()}, [], 1, {}, "A", r"uses the index 4 of an array of type 'float"),
    ("copied", {"out": floats(), "x": X[:64]}, [], 1, {}, "A", r"writes out\[60\]"),
    ("constant", {"out": floats(), "x": X[:64]}, [], 1, {}, "A", r"declared const"),
    ("barrier", {"out": floats()}, [], 1, {}, "AB",
     r"a race on s\[0\]: thread 1 of block 0 reads what thread 0 of block 0 wrote at line"),
    ("unset", {"out": floats()}, [], 2, {}, "A",
     r"thread 62 of block 0 reads s\[1\], which no thread of the block has written"),
    ("ended", {"out": floats()}, [], 2, {}, "A", r"62 of 64 threads wait.*thread 0 has ended"),
    ("branches", {"out": floats()}, [], 1, {}, "AB", r"divergent barrier: thread 0 .*thread 32 in"),
    ("everybody", {"out": floats()}, [], 1, {"grid": 40}, "A",
     r"a race on out\[0\]: thread 0 of block 1 reads what thread 0 of block 0 wrote"),
    ("variable", {"out": floats()}, [], 1, {"grid": 64}, "A", r"a race on partial\[0\]"),
    ("ticket", {"out": floats(65), "x": X}, [], 1, {"grid": 64}, "AC",
     r"a race on out\[\d+\]: thread \d+ of block 63 reads what thread 0 of block \d+ wrote"),
    ("ticket", {"out": floats(65), "x": X}, [], 2, {"grid": 64}, "BC", r"a race on out\[\d+\]"),
    ("together", {"out": floats(4097), "x": X}, [], 1, {"grid": 64}, "AB", r"a race on out\["),
    ("behind", {"out": floats(4097), "x": X}, [], 1, {"grid": 64}, "AB", r"a race on out\["),
    ("chain", {"out": floats(), "flags": INTS}, [], 1, {"grid": 64, "block": 1}, "A",
     r"a race on out\[0\]: thread 0 of block 1 reads"),
    ("warp", {"out": floats()}, [], 1, {}, "A", r"a race on s\[\d+\]"),
    ("histogram", {"bins": np.zeros(10, np.uint32), "x": LETTERS}, [5000], 1, {"grid": 79}, "A",
     r"reads s\[\d\], which no thread"),
    ("histogram", {"bins": np.zeros(10, np.uint32), "x": LETTERS}, [5000], 2, {"grid": 79}, "B",
     r"a race on bins\[3\]"),
    ("product", TILES, [32], 1, {"grid": (4, 4, 1), "block": (8, 8, 1)}, "AB",
     r"a race on [st]\[\d+\]: thread \(\d, \d\) of block \(0, 0\)"),
    ("bytes", {"out": np.zeros(64, np.uint8)}, [], 1, {}, "B", r"a race on s\[1\]"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kernel", "arrays", "numbers", "fault", "how", "marks", "words"),
    FAULTS,
    ids=[f"{case[0]}-{case[3]}" for case in FAULTS],
)
def test_planted_fault_is_found_with_its_lines_and_its_clean_twin_is_not(
    kernel, arrays, numbers, fault, how, marks, words
):
    told = found_in(kernel, arrays, *numbers, fault, **how)
    assert re.search(words, told), told
    lines = {line_of(f"{mark} {kernel}") for mark in marks}
    assert lines <= {int(n) for n in re.findall(r"^ +line (\d+):", told, re.MULTILINE)}, told
    assert messages(run(kernel, arrays, *numbers, 0, **how)) == []


def test_checked_results_are_those_of_the_kernel():
    events = run("ticket", {"out": floats(65), "x": X}, 0, grid=64)
    assert written(events)["out"][0] == X.sum()
    given = {"c": TILES["c"], "a": X[:1024].reshape(32, 32), "b": X[:1024].reshape(32, 32)}
    events = run("product", given, 32, 0, grid=(4, 4, 1), block=(8, 8, 1))
    assert np.allclose(written(events)["c"], given["a"] @ given["b"])


def test_array_that_is_given_twice_is_one():
    x = np.ones(64, np.float32)
    source = "__global__ void k(float* out, const float* x) { out[0] = x[threadIdx.x]; }"
    plan = {"kind": "kernel", "source": source, "kernel": "k", "check": True}
    plan.update(grid=[1, 1, 1], block=[64, 1, 1], arguments=[{"array": "x"}, {"array": "x"}])
    with pytest.raises(KernelError, match=r"a race on out\[0\]"):
        execute({"plan": plan}, {"arrays": {"x": x}}, lambda event: None)


def test_several_findings_are_told_at_once():
    told = found_in("many", {"out": floats()}, 1)
    assert "a race on s[" in told
    assert "which no thread of the block has written" in told
    assert "writes out[64], but out has 64 items" in told
    assert told.count("a race on s[") == 1  # of one pair of lines, not of each pair of threads


def test_more_findings_than_a_handful_are_counted():
    rest = "".join(f"  x[{k}] = threadIdx.x;\n" for k in range(12))
    source = f"__global__ void k(int* x) {{\n{rest}}}"
    told = found_in("k", {"x": INTS}, source=source, block=2)
    assert told.count("a race on") == 8
    assert told.endswith("... and 4 more")


def test_gaps_of_a_struct_are_not_taken_for_memory_that_is_not_set():
    source = """struct Pair { char a; int b; };
__global__ void k(int* x) {
  __shared__ Pair s[64];
  s[threadIdx.x].a = 1;
  s[threadIdx.x].b = threadIdx.x;
  __syncthreads();
  Pair mine = s[63 - threadIdx.x];
  x[threadIdx.x] = mine.a + mine.b;
}"""
    events = run("k", {"x": INTS}, source=source)
    assert written(events)["x"].tolist() == list(range(64, 0, -1))


def test_what_a_checked_kernel_prints_is_told_once_and_in_order():
    source = '__global__ void k(int* x) { printf("%d\\n", threadIdx.x); x[threadIdx.x] = 1; }'
    assert messages(run("k", {"x": INTS}, source=source, block=3)) == ["0", "1", "2"]


def test_array_that_is_too_large_to_be_watched_is_named(monkeypatch):
    monkeypatch.setattr(raw_process, "SHADOW_BYTES", 1 << 20)
    out = floats(100_000)
    (message,) = messages(run("writes", {"out": out}, 0))
    assert message.startswith("check: races on out are not looked for")
    assert "1 MiB. Use a smaller array" in message
    assert "writes out[-1]" in found_in("writes", {"out": out}, 1)  # its bounds are


def test_check_that_takes_too_long_says_from_where_on_nothing_is_looked_at(monkeypatch):
    monkeypatch.setattr(raw_process, "WATCH_S", 0)
    (message,) = messages(run("everybody", {"out": floats()}, 1, grid=3000))
    assert message.startswith("check: nothing is looked at from block 0 on")


def test_check_without_the_tools_of_the_compiler_finds_the_same_without_lines(monkeypatch):
    monkeypatch.setattr(raw_symbols, "_told", lambda command: None)
    assert "a race on" in found_in("barrier", {"out": floats()}, 1)
    assert "writes out[-1]" in found_in("writes", {"out": floats()}, 1)
    assert messages(run("ticket", {"out": floats(65), "x": X}, 0, grid=64)) == []


def test_checked_program_needs_no_library_of_the_sanitizers():
    content = raw_build.program(SOURCE, "cell", KERNELS, True).read_bytes()
    assert b"libtsan" not in content
    assert b"libubsan" not in content


def test_stack_that_is_not_enough_is_said():
    source = """__device__ int deep(int n) {
  volatile char a[4096];
  a[n % 7] = 1;
  return n ? deep(n - 1) + a[n % 7] : 0;
}
__global__ void k(int* x) { x[0] = deep(1000); }"""
    assert "256 KiB of stack" in found_in("k", {"x": INTS}, source=source, block=1)
