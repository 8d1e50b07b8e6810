// CUDA's names on the host, so that the GPU branch of a kernel runs without a GPU and its barriers can be proved.
//
// DLAAW_EMULATED 1: the threads of a launch are fibers, one at a time in a chosen order (fibers.cuh). Deterministic.
// DLAAW_EMULATED 2: they are threads of the system (threads.cuh), for ThreadSanitizer and AddressSanitizer.
//
// A program includes this (platform.cuh does) and calls dlaaw_emulator::launch. Shared memory is NaN where a
// block begins. What goes wrong is told by name, by dlaaw_emulator_error, and ends the launch:
// divergent barriers and blocks that wait for each other for ever. Overruns are AddressSanitizer's, and those of a
// person's own kernel the checks' (check.cuh, with DLAAW_CHECKED).
// Not emulated: warps (a thread is alone: no shuffles, no lock step), textures, streams, other atomics than these.
// Include standard headers before this one: it gives names such as __noinline__ another meaning.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "check.cuh"

#define __host__
#define __device__
#if defined(DLAAW_CHECKED)
#define __global__ __attribute__((noinline))  // a part of the emulator is not marked
#else
#define __global__
#endif
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
// Static shared memory: one section, which a block finds poisoned and which is its own while it runs.
#if defined(DLAAW_CHECKED)  // no variable within reach of another: a block has less than 64 KiB of it
#define __shared__ static __attribute__((section("dlaaw_shared"), aligned(65536)))
#else
#define __shared__ static __attribute__((section("dlaaw_shared")))
#endif
// Dynamic shared memory: `extern __shared__ type name[]` cannot be said on a host.
#define DLAAW_DYNAMIC_SHARED(type, name) type* name = (type*)dlaaw_emulator::dynamic_shared()
#define DLAAW_GIVE_WAY() dlaaw_emulator::give_way()

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

extern "C" {
extern char __start_dlaaw_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_dlaaw_shared[] __attribute__((weak, visibility("hidden")));
}

namespace dlaaw_emulator {

struct Launch {
  dim3 grid, block;
  size_t shared_bytes;      // of dynamic shared memory, for each block
  bool cooperative;         // all blocks are there at once and may wait for each other; else one after another
  std::function<void()> kernel;
};

// Set before a launch, by dlaaw_emulator_configure.
struct Settings {
  int threads;  // of a block, where the caller leaves it open
  int order;    // 0: first to last, 1: last to first, 2 and more: shuffled
};
static Settings settings = {32, 0};
static std::string error;
static std::mutex one_launch;

enum class Barrier { none, plain, any, all, count };  // what the threads of a block tell each other in it

static inline uint3 place(unsigned k, const dim3& of) { return {k % of.x, k / of.x % of.y, k / of.x / of.y}; }
static inline unsigned count(const dim3& of) { return of.x * of.y * of.z; }
static inline size_t static_bytes() { return __start_dlaaw_shared ? size_t(__stop_dlaaw_shared - __start_dlaaw_shared) : 0; }

static inline std::string divergence(unsigned block, unsigned waiting, unsigned ended) {
  return "divergent barrier: in block " + std::to_string(block) + " " + std::to_string(waiting) +
         " threads wait in a barrier, " + std::to_string(ended) + " have ended without it";
}
static inline std::string mixture(unsigned block) {
  return "divergent barrier: in block " + std::to_string(block) + " threads wait in barriers of different kinds";
}

// Exactly as many bytes as were asked for, so that AddressSanitizer sees the first one beyond.
struct SharedMemory {
  explicit SharedMemory(size_t bytes) : allocated(nullptr) {
    const size_t slack = bytes ? DLAAW_SLACK : 0;
    if (posix_memalign(&allocated, 64, 2 * slack + (bytes ? bytes : 1))) std::abort();
    at = (char*)allocated + slack;
    std::memset(at, 0xFF, bytes);
  }
  ~SharedMemory() { std::free(allocated); }
  SharedMemory(const SharedMemory&) = delete;
  void *at, *allocated;
};

}  // namespace dlaaw_emulator

#if DLAAW_EMULATED == 2
#include "threads.cuh"
#else
#include "fibers.cuh"
#endif

namespace dlaaw_emulator {
static inline __attribute__((always_inline)) unsigned barrier(Barrier kind, bool flag, const void* from) {
  (void)from;
  DLAAW_TELL(dlaaw_check_enter(from));
  const unsigned flags = block_barrier(kind, flag);
  DLAAW_LEAVE();
  return flags;
}
}  // namespace dlaaw_emulator
#define DLAAW_BARRIER(kind, flag) \
  dlaaw_emulator::barrier(dlaaw_emulator::Barrier::kind, (flag) != 0, __builtin_return_address(0))

DLAAW_UNSEEN static inline void __syncthreads() { DLAAW_BARRIER(plain, 0); }
DLAAW_UNSEEN static inline int __syncthreads_or(int flag) { return DLAAW_BARRIER(any, flag) != 0; }
DLAAW_UNSEEN static inline int __syncthreads_and(int flag) {
  return DLAAW_BARRIER(all, flag) == dlaaw_emulator::count(blockDim);
}
DLAAW_UNSEEN static inline int __syncthreads_count(int flag) { return (int)DLAAW_BARRIER(count, flag); }
DLAAW_UNSEEN static inline int atomicAdd(int* p, int value) {
  DLAAW_ATOMIC_ACCESS(p, true);
  return __atomic_fetch_add(p, value, __ATOMIC_RELAXED);
}
DLAAW_UNSEEN static inline int atomicExch(int* p, int value) {
  DLAAW_ATOMIC_ACCESS(p, false);
  return __atomic_exchange_n(p, value, __ATOMIC_RELAXED);
}
static inline int __float_as_int(float x) {
  int bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
static inline float __int_as_float(int bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
static inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
static inline float __fmaf_rn(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;  // as platform.cuh does on such a processor
#endif
}

extern "C" __attribute__((visibility("default"))) void dlaaw_emulator_configure(int threads, int order) {
  dlaaw_emulator::settings = {threads, order};
}
// The error of launches since the last call, or null; valid until the next call.
extern "C" __attribute__((visibility("default"))) const char* dlaaw_emulator_error() {
  static std::string told;
  told.swap(dlaaw_emulator::error);
  dlaaw_emulator::error.clear();
  return told.empty() ? nullptr : told.c_str();
}
