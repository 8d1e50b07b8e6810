// One source, two machines: what a GPU thread is to CUDA, a SIMD vector of rows is to the CPU.
//
// On a GPU a block of threads trains one trial; `vfloat` is a float, and each thread takes the rows
// thread(), thread() + threads(), ... of a tile. On a CPU the block has one thread; `vfloat` is a
// vector of WIDTH floats, and the same loops step by WIDTH rows. Kernels use only what is declared
// here, so every line of arithmetic is written once.
//
// Rounding: contraction is switched off on both sides (-ffp-contract=off, --fmad=false) and every
// fused multiply-add is written out as fma(), so that builds with constant and with variable sizes,
// and any number of threads or blocks, give the same bits.
//
// Hosts need GCC or Clang (vector extensions); C++14 throughout, no CUDA headers (NVRTC has none).
#pragma once

#if defined(DLAAW_EMULATED)  // the GPU's branch on a host, to prove it
#include "emulator/cuda.cuh"
#define DLAAW_GPU 1
#elif defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define DLAAW_GPU 1
#define DLAAW_DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]
#define DLAAW_GIVE_WAY()
#else
#define DLAAW_GPU 0
#endif

#if DLAAW_GPU
#define DLAAW_FN static __device__ __forceinline__
#define DLAAW_MEMBER __device__ __forceinline__
#define DLAAW_OUTLINED __device__ __noinline__
#define DLAAW_RARE DLAAW_OUTLINED
#define DLAAW_STEP DLAAW_MEMBER
#define DLAAW_UNROLL _Pragma("unroll")
// A loop over units, whose number may be a constant: unrolled whole, wide layers spill registers.
#define DLAAW_UNROLL_SOME _Pragma("unroll 8")
// Shares the cells (a, b, lane) of a count_a x count_b x LANES box out to the threads of a block; a CPU
// takes `vectors` vectors of lanes at a time. Each box begins with the thread behind the last one of the box
// before, which `turn` keeps, so that small boxes are worked on side by side.
#define DLAAW_EACH_LANE_OF(turn, a, b, lane, count_a, count_b, vectors)                           \
  for (int cells = (count_a) * (count_b)*LANES, cell = take_turn(turn, cells), left = rounds(cells, 1), a, b, lane; \
       left > 0 && cell < cells &&                                                                \
       (lane = int(unsigned(cell) % LANES), b = int(unsigned(cell) / LANES) % (count_b),          \
        a = int(unsigned(cell) / LANES) / (count_b), true);                                       \
       --left, cell += threads())
// Rows r of a lane among `rows`, which are whole lanes: a loop whose steps wait for nothing but their sums.
#define DLAAW_EACH_ROW_OF_LANE(r, lane, rows) \
  _Pragma("unroll ROW_STEPS") for (int step = 0, r = (lane); step < (rows) / LANES; ++step, r += LANES)
// A loop that seldom runs: short, so that it takes no room from the others.
#define DLAAW_ROLLED _Pragma("unroll 1")
// The cells of [0, count) that fall to this thread, `step` at a time. There are at most `most` of them: where that
// and the threads are constants, so is the number of rounds, and one round is no loop.
#define DLAAW_EACH(k, step, count, most) \
  for (int k = thread() * (step), left = rounds((most), (step)); left > 0 && k < (count); --left, k += threads() * (step))
#else
#if defined(_WIN32)
extern "C" __declspec(dllimport) int __stdcall SwitchToThread(void);
#else
#include <sched.h>
#endif
#define DLAAW_FN static inline __attribute__((always_inline))
#define DLAAW_MEMBER inline __attribute__((always_inline))
#define DLAAW_OUTLINED __attribute__((noinline))
// What most trainings never call: made small, which compiles faster.
#define DLAAW_RARE __attribute__((noinline, cold))
// One layer's work on a tile. On a CPU a function of its own: one large function takes the compiler much
// longer, and runs no faster.
#define DLAAW_STEP DLAAW_OUTLINED
#define DLAAW_EACH_LANE_OF(turn, a, b, lane, count_a, count_b, vectors) \
  for (int a = 0; a < (count_a); ++a)                             \
    for (int b = 0; b < (count_b); ++b)                           \
      for (int lane = 0; lane < LANES; lane += WIDTH * (vectors))
#define DLAAW_UNROLL_SOME
#define DLAAW_EACH_ROW_OF_LANE(r, lane, rows) for (int r = (lane); r < (rows); r += LANES)
#define DLAAW_ROLLED
#define DLAAW_EACH(k, step, count, most) for (int k = 0; k < (count); k += (step))
#if defined(__clang__)
#define DLAAW_UNROLL _Pragma("unroll")
#else
#define DLAAW_UNROLL _Pragma("GCC unroll 8")
#endif
#if defined(__ARM_NEON) && !defined(__clang__)
#include <arm_neon.h>
#endif
#if defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_fma)
#define DLAAW_ELEMENTWISE_FMA 1
#endif
#endif
#endif

namespace dlaaw {

// Rows of a tile: what lies in shared memory (GPU) or the L1 cache (CPU) at a time. A sum runs over
// its chunk in lanes, whatever the tile, so this number changes speed only, never a result.
#ifndef DLAAW_TILE
#define DLAAW_TILE 64
#endif
constexpr int TILE = DLAAW_TILE;

// Sums over rows are kept in LANES partial sums (row % LANES), added up by a fixed tree.
constexpr int LANES = 16;

DLAAW_FN constexpr int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

#if DLAAW_GPU  // ------------------------------------------------------------------------- GPU

constexpr int WIDTH = 1;
constexpr int ROW_VECTORS = 1;
constexpr int LANE_STRIDE = LANES + 1;  // the banks of shared memory: threads that add up lanes stay out of each other's way
using vfloat = float;
using vint = int;
using vuint = unsigned;
using vmask = bool;

// Threads of a block: a constant, so that the compiler knows how often each loop comes round. An emulated block has
// any number, unless it is said.
#if !defined(DLAAW_THREADS) && !defined(DLAAW_EMULATED)
#define DLAAW_THREADS 128
#endif
DLAAW_FN int thread() { return threadIdx.x; }
#if defined(DLAAW_THREADS)
DLAAW_FN constexpr int threads() { return DLAAW_THREADS; }
#else
DLAAW_FN int threads() { return blockDim.x; }
#endif
DLAAW_FN int rounds(int most, int step) { return (most + threads() * step - 1) / (threads() * step); }
// This thread's first cell of a box of `cells`; the next box begins behind it, with a warp of its own.
DLAAW_FN int take_turn(int& turn, int cells) {
  const int first = thread() - turn;
  turn += round_up(cells, 32);
  while (turn >= threads()) turn -= threads();
  return first < 0 ? first + threads() : first;
}
DLAAW_FN void block_barrier() { __syncthreads(); }
DLAAW_FN bool block_any(bool flag) { return __syncthreads_or(flag); }

DLAAW_FN void prefetch(const float*) {}
DLAAW_FN vfloat in_register(vfloat v) { return v; }
// What is made once and stays: a compiler that runs short of registers makes such a value again and again, within the
// loop that needs it.
#if defined(DLAAW_EMULATED)
template <class T>
DLAAW_FN T keep(T x) { return x; }
DLAAW_FN float* keep_shared(float* shared) { return shared; }
#else
DLAAW_FN float keep(float x) {
  asm volatile("" : "+f"(x));
  return x;
}
DLAAW_FN long long keep(long long x) {
  asm volatile("" : "+l"(x));
  return x;
}
DLAAW_FN float* keep_shared(float* shared) {
#if __CUDA_ARCH__ >= 900  // where a block asks for its place in a cluster at each use
  unsigned at;
  asm volatile("{ .reg .u64 a; cvta.to.shared.u64 a, %1; cvt.u32.u64 %0, a; }" : "=r"(at) : "l"(shared));
  return (float*)__cvta_shared_to_generic(at);
#else
  return shared;
#endif
}
#endif
DLAAW_FN vfloat load(const float* p) { return *p; }
DLAAW_FN void store(float* p, vfloat v) { *p = v; }
DLAAW_FN vfloat broadcast(float x) { return x; }
DLAAW_FN vint lane_index() { return 0; }
DLAAW_FN vint as_int(vfloat v) { return __float_as_int(v); }
DLAAW_FN vfloat as_float(vint v) { return __int_as_float(v); }
DLAAW_FN vfloat select(vmask m, vfloat a, vfloat b) { return m ? a : b; }
DLAAW_FN bool any(vmask m) { return m; }
DLAAW_FN vfloat fma(vfloat a, vfloat b, vfloat c) { return __fmaf_rn(a, b, c); }
DLAAW_FN vfloat sqrt(vfloat x) { return __fsqrt_rn(x); }
DLAAW_FN float scalar_sqrt(float x) { return __fsqrt_rn(x); }
DLAAW_FN vfloat to_float(vint v) { return (float)v; }

// All blocks of a trial's team wait for each other. The caller launches no more blocks than the
// device holds at once.
DLAAW_FN void team_barrier(int* state, int team) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    volatile int* generation = state + 1;
    const int now = *generation;
    if (atomicAdd(state, 1) == team - 1) {
      atomicExch(state, 0);
      __threadfence();
      *generation = now + 1;
    } else {
      while (*generation == now) {
        DLAAW_GIVE_WAY();
      }
    }
    __threadfence();
  }
  __syncthreads();
}

// Four floats that lie on a multiple of 16 bytes, in one access.
struct __align__(16) Quad {
  float v[4];
};
DLAAW_FN Quad load_quad(const float* p) { return *(const Quad*)p; }

#else  // --------------------------------------------------------------------------------- CPU

constexpr int LANE_STRIDE = LANES;
#if defined(__AVX512F__)
constexpr int WIDTH = 16;
constexpr int ROW_VECTORS = 1;
#elif defined(__AVX__)
constexpr int WIDTH = 8;
constexpr int ROW_VECTORS = 2;
#else
constexpr int WIDTH = 4;
constexpr int ROW_VECTORS = 2;
#endif
typedef float vfloat __attribute__((vector_size(4 * WIDTH)));
typedef int vint __attribute__((vector_size(4 * WIDTH)));
typedef unsigned vuint __attribute__((vector_size(4 * WIDTH)));
typedef float vfloat_unaligned __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
using vmask = vint;

DLAAW_FN int thread() { return 0; }
DLAAW_FN int threads() { return 1; }
DLAAW_FN void block_barrier() {}
DLAAW_FN bool block_any(bool flag) { return flag; }
DLAAW_FN void prefetch(const float* p) { __builtin_prefetch(p); }
template <class T>
DLAAW_FN T keep(T x) { return x; }
// Keeps a value that is used several times from being loaded as often.
DLAAW_FN vfloat in_register(vfloat v) {
#if defined(__AVX__)
  __asm__("" : "+x"(v));
#endif
  return v;
}

DLAAW_FN vfloat load(const float* p) { return *(const vfloat_unaligned*)p; }
DLAAW_FN void store(float* p, vfloat v) { *(vfloat_unaligned*)p = v; }
DLAAW_FN vfloat broadcast(float x) { return x - vfloat{}; }
DLAAW_FN vint lane_index() {
  vint v{};
  for (int k = 0; k < WIDTH; ++k) v[k] = k;
  return v;
}
DLAAW_FN vint as_int(vfloat v) { return (vint)v; }
DLAAW_FN vfloat as_float(vint v) { return (vfloat)v; }
DLAAW_FN vfloat select(vmask m, vfloat a, vfloat b) { return m ? a : b; }
DLAAW_FN bool any(vmask m) {
  int bits = 0;
  for (int k = 0; k < WIDTH; ++k) bits |= m[k];
  return bits != 0;
}
DLAAW_FN vfloat fma(vfloat a, vfloat b, vfloat c) {
// Compiler builtins, since <immintrin.h> alone takes a second to compile.
#if !defined(__FMA__) && !defined(__aarch64__)
  return a * b + c;  // two roundings, on processors without the instruction
#elif defined(DLAAW_ELEMENTWISE_FMA)
  return __builtin_elementwise_fma(a, b, c);
#elif defined(__AVX512F__)
  return __builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4);
#elif defined(__AVX__)
  return __builtin_ia32_vfmaddps256(a, b, c);
#elif defined(__ARM_NEON)
  return (vfloat)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
#error "no fused multiply-add for this processor"
#endif
}

DLAAW_FN vfloat sqrt(vfloat x) {
#if defined(__clang__)
  return __builtin_elementwise_sqrt(x);
#elif defined(__AVX512F__)
  return __builtin_ia32_sqrtps512_mask(x, x, -1, 4);
#elif defined(__AVX__)
  return __builtin_ia32_sqrtps256(x);
#else
  for (int k = 0; k < WIDTH; ++k) x[k] = __builtin_sqrtf(x[k]);
  return x;
#endif
}
DLAAW_FN float scalar_sqrt(float x) { return __builtin_sqrtf(x); }
DLAAW_FN vfloat to_float(vint v) { return __builtin_convertvector(v, vfloat); }

DLAAW_FN void cpu_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

DLAAW_FN void give_way() {
#if defined(_WIN32)
  SwitchToThread();
#else
  sched_yield();
#endif
}

// All threads of a trial's team wait for each other: they spin for some microseconds, then let
// others run, so that a busy machine does not stall them.
DLAAW_FN void team_barrier(int* state, int team) {
  const int now = __atomic_load_n(state + 1, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(state, 1, __ATOMIC_ACQ_REL) == team) {
    __atomic_store_n(state, 0, __ATOMIC_RELAXED);
    __atomic_store_n(state + 1, now + 1, __ATOMIC_RELEASE);
    return;
  }
  for (int spins = 0; __atomic_load_n(state + 1, __ATOMIC_ACQUIRE) == now; ++spins) {
    if (spins < 2000) {
      cpu_pause();
    } else {
      give_way();
    }
  }
}

#endif  // ---------------------------------------------------------------------------------

constexpr int ROW_GROUP = WIDTH * ROW_VECTORS;  // rows that one step of a row loop takes
static_assert(LANES % ROW_GROUP == 0 || ROW_GROUP % LANES == 0, "row groups must tile the lanes");
static_assert(TILE % LANES == 0, "a tile is whole lanes");

// A GPU works on all rows of a tile that is short, whatever rows there are: loops whose length is a constant are
// quicker than the rows saved.
constexpr bool SHORT_TILE = DLAAW_GPU && TILE <= 16 * LANES;
// Steps of a loop over the rows of a lane that a GPU unrolls.
constexpr int ROW_STEPS = TILE <= 8 * LANES ? TILE / LANES : 4;

// Rows of a tile that are worked on where `rows` of them count.
DLAAW_FN int whole_rows(int rows) { return SHORT_TILE ? TILE : round_up(rows, LANES); }

// The fixed tree that adds up the LANES partial sums of one parameter.
DLAAW_FN float lane_sum(const float* s) {
#if !DLAAW_GPU && !defined(__clang__) && defined(__AVX__) && !defined(__AVX512F__)
  const vfloat a = load(s) + load(s + 8);
  const vfloat b = a + __builtin_shuffle(a, lane_index() + 4);
  const vfloat c = b + __builtin_shuffle(b, lane_index() + 2);
  return c[0] + c[1];
#else
  float t[LANES / 2];
  DLAAW_UNROLL
  for (int k = 0; k < 8; ++k) t[k] = s[k] + s[k + 8];
  DLAAW_UNROLL
  for (int k = 0; k < 4; ++k) t[k] = t[k] + t[k + 4];
  return (t[0] + t[2]) + (t[1] + t[3]);
#endif
}

}  // namespace dlaaw
