// A person's own CUDA on the host: what cuda.cuh lacks for whole programs, and a main that runs one launch.
//
// The program includes this, then its own source, then DLAAW_CELL(name, types...) for each kernel, in dlaaw_cells below.
// main reads a launch from a file and writes the arrays back into it; what goes wrong goes to standard error by name.
// Under --check (check.cuh) every array lies by itself, and what the checks want to know follows the arguments.
#pragma once
#include <algorithm>
#include <cassert>
#include <chrono>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <utility>
#ifdef __linux__
#include <csignal>
#include <sys/prctl.h>
#endif

#include "cuda.cuh"

#undef assert
#define assert(condition)                                                                                          \
  ((condition) ? (void)0                                                                                           \
               : dlaaw_emulator::cell_assert("assert(" #condition ") failed on line ", __LINE__))

namespace dlaaw_emulator {

[[noreturn]] static inline void cell_fail(const std::string& what) {
  std::fflush(stdout);
  std::fprintf(stderr, "dlaaw: %s, in block (%u, %u, %u), thread (%u, %u, %u)\n", what.c_str(), blockIdx.x, blockIdx.y,
               blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
  std::_Exit(3);
}
[[noreturn]] DLAAW_UNSEEN static inline void cell_assert(const char* what, int line) {
  DLAAW_ENTER();
  cell_fail(what + std::to_string(line));
}

}  // namespace dlaaw_emulator

// Vectors of numbers.
#define DLAAW_VECTORS(type, name)                                                                   \
  struct name##2 { type x, y; };                                                                    \
  struct name##3 { type x, y, z; };                                                                 \
  struct name##4 { type x, y, z, w; };                                                              \
  static inline name##2 make_##name##2(type x, type y) { return {x, y}; }                           \
  static inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; }                \
  static inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
DLAAW_VECTORS(float, float)
DLAAW_VECTORS(double, double)
DLAAW_VECTORS(int, int)
#undef DLAAW_VECTORS
struct uint2 { unsigned x, y; };
struct uint4 { unsigned x, y, z, w; };
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

DLAAW_UNSEEN static inline void __threadfence_block() {}  // orders nothing between blocks
DLAAW_UNSEEN static inline void __threadfence_system() { DLAAW_FENCE(); }

// Atomics: whatever replaces a value in one step, by comparing and swapping.
template <class T, class F>
DLAAW_UNSEEN static inline T dlaaw_atomic(T* p, F next) {
  T old, made;
  __atomic_load(p, &old, __ATOMIC_RELAXED);
  do {
    made = next(old);
  } while (!__atomic_compare_exchange(p, &old, &made, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}
#define DLAAW_ATOMIC(T, name, expression) \
  DLAAW_UNSEEN static inline T name(T* p, T v) {                                 \
    DLAAW_ATOMIC_ACCESS(p, true);                                               \
    return dlaaw_atomic(p, [v](T old) -> T { (void)old; return expression; });  \
  }
#define DLAAW_ATOMICS(T)                        \
  DLAAW_ATOMIC(T, atomicSub, old - v)           \
  DLAAW_ATOMIC(T, atomicMin, v < old ? v : old) \
  DLAAW_ATOMIC(T, atomicMax, old < v ? v : old) \
  DLAAW_ATOMIC(T, atomicAnd, old& v)            \
  DLAAW_ATOMIC(T, atomicOr, old | v)            \
  DLAAW_ATOMIC(T, atomicXor, old ^ v)           \
  DLAAW_UNSEEN static inline T atomicCAS(T* p, T expected, T v) {                          \
    DLAAW_ATOMIC_ACCESS(p, true);                                                         \
    return dlaaw_atomic(p, [=](T old) { return old == expected ? v : old; });             \
  }
DLAAW_ATOMICS(int)
DLAAW_ATOMICS(unsigned)
DLAAW_ATOMICS(unsigned long long)
#undef DLAAW_ATOMICS
DLAAW_ATOMIC(unsigned, atomicAdd, old + v)
DLAAW_ATOMIC(unsigned long long, atomicAdd, old + v)
DLAAW_ATOMIC(float, atomicAdd, old + v)
DLAAW_ATOMIC(double, atomicAdd, old + v)
DLAAW_ATOMIC(unsigned, atomicExch, v)
DLAAW_ATOMIC(unsigned long long, atomicExch, v)
DLAAW_ATOMIC(float, atomicExch, v)
DLAAW_ATOMIC(unsigned, atomicInc, old >= v ? 0 : old + 1)
DLAAW_ATOMIC(unsigned, atomicDec, (old == 0 || old > v) ? v : old - 1)
#undef DLAAW_ATOMIC

// Numbers. The C library has names of its own that CUDA uses: those are macros here.
using std::max;
using std::min;
template <class T>
static __forceinline__ T __ldg(const T* p) { return *p; }  // the access is the cell's
static inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
static inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
#define __expf(x) std::exp((float)(x))
#define __logf(x) std::log((float)(x))
#define __log2f(x) std::log2((float)(x))
#define __log10f(x) std::log10((float)(x))
#define __sinf(x) std::sin((float)(x))
#define __cosf(x) std::cos((float)(x))
#define __tanf(x) std::tan((float)(x))
#define __powf(x, y) std::pow((float)(x), (float)(y))
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline unsigned __float_as_uint(float x) { return (unsigned)__float_as_int(x); }
static inline float __uint_as_float(unsigned x) { return __int_as_float((int)x); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __mul24(int x, int y) { return x * y; }
static inline float sinpif(float x) { return std::sin(x * 3.14159265358979f); }
static inline float cospif(float x) { return std::cos(x * 3.14159265358979f); }
static inline long long clock64() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
#define clock() clock64()

namespace dlaaw_emulator {

struct CellArgument {
  void* data;  // of an array its elements, of a number the number
  size_t bytes;
  long place;  // in the file
  bool array;
};
struct CellLaunch {
  unsigned kernel, grid[3], block[3];
  unsigned long long shared_bytes;
  std::vector<CellArgument> arguments;
};

template <class T>
struct CellValue {
  static T of(const CellArgument& a) { return *(const T*)a.data; }
};
template <class T>
struct CellValue<T*> {
  static T* of(const CellArgument& a) { return (T*)a.data; }
};

template <class... Types, size_t... K>
static void cell_start(const CellLaunch& launch_, void (*kernel)(Types...), std::index_sequence<K...>) {
  const auto values = std::make_tuple(CellValue<Types>::of(launch_.arguments[K])...);
  launch({dim3(launch_.grid[0], launch_.grid[1], launch_.grid[2]),
          dim3(launch_.block[0], launch_.block[1], launch_.block[2]), (size_t)launch_.shared_bytes, false,
          [=]() DLAAW_UNSEEN {
            DLAAW_LEAVE();
            kernel(std::get<K>(values)...);
            DLAAW_ENTER();
          }});
}
template <class... Types>
static void cell_run(const CellLaunch& launch_, void (*kernel)(Types...)) {
  cell_start(launch_, kernel, std::index_sequence_for<Types...>());
}

}  // namespace dlaaw_emulator

static void dlaaw_cells(const dlaaw_emulator::CellLaunch& launch);
#define DLAAW_CELL(number, name) \
  if (launch.kernel == number) dlaaw_emulator::cell_run(launch, name);

template <class T>
static T dlaaw_take(FILE* file) {
  T value;
  if (std::fread(&value, sizeof value, 1, file) != 1) std::_Exit(4);
  return value;
}

#if defined(DLAAW_CHECKED)
#define DLAAW_ALLOCATE(bytes) dlaaw_check_allocate(bytes)
// Reads what the checks want to know, which follows the arguments.
static void dlaaw_check(FILE* file, const dlaaw_emulator::CellLaunch& launch) {
  dlaaw_CheckedLaunch what = {};
  std::vector<dlaaw_CheckedArray> arrays;
  for (const auto& a : launch.arguments) {
    const unsigned long long item_bytes = dlaaw_take<unsigned long long>(file), writable = dlaaw_take<unsigned long long>(file);
    arrays.push_back({a.data, a.array ? a.bytes : 0, item_bytes, writable});
  }
  std::vector<dlaaw_CheckedVariable> variables(dlaaw_take<unsigned long long>(file));
  for (auto& v : variables) v = dlaaw_take<dlaaw_CheckedVariable>(file);
  what.all_known = dlaaw_take<unsigned long long>(file);
  what.shadow_bytes = dlaaw_take<unsigned long long>(file);
  what.seconds = dlaaw_take<unsigned long long>(file);
  what.arrays = arrays.data(), what.array_count = arrays.size();
  what.variables = variables.data(), what.variable_count = variables.size();
  what.shared_bytes = launch.shared_bytes;
  dlaaw_check_begin(&what);
}
#else
#define DLAAW_ALLOCATE(bytes) std::malloc(bytes)
#endif

int main(int, char** argv) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a kernel that never ends does not outlive who launched it
#endif
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
  FILE* file = std::fopen(argv[1], "r+b");
  if (!file) return 4;
  dlaaw_emulator::CellLaunch launch;
  launch.kernel = dlaaw_take<unsigned>(file);
  for (unsigned& n : launch.grid) n = dlaaw_take<unsigned>(file);
  for (unsigned& n : launch.block) n = dlaaw_take<unsigned>(file);
  const unsigned count = dlaaw_take<unsigned>(file);
  launch.shared_bytes = dlaaw_take<unsigned long long>(file);
  for (unsigned k = 0; k < count; ++k) {
    const unsigned long long kind = dlaaw_take<unsigned long long>(file), bytes = dlaaw_take<unsigned long long>(file);
    if (kind == 2) {  // the array of an argument before, which `bytes` numbers
      launch.arguments.push_back({launch.arguments[bytes].data, 0, 0, false});
      continue;
    }
    dlaaw_emulator::CellArgument a = {DLAAW_ALLOCATE(bytes ? bytes : 1), (size_t)bytes, std::ftell(file), kind != 0};
    if (bytes && std::fread(a.data, 1, a.bytes, file) != a.bytes) return 4;
    std::fseek(file, (long)((8 - bytes % 8) % 8), SEEK_CUR);
    launch.arguments.push_back(a);
  }
  DLAAW_TELL(dlaaw_check(file, launch));
  const auto begin = std::chrono::steady_clock::now();
  dlaaw_cells(launch);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::fflush(stdout);
  if (!dlaaw_emulator::error.empty()) {
    std::fprintf(stderr, "dlaaw: %s\n", dlaaw_emulator::error.c_str());
    return 3;
  }
  for (const auto& a : launch.arguments) {
    if (!a.array || !a.bytes) continue;
    std::fseek(file, a.place, SEEK_SET);
    if (std::fwrite(a.data, 1, a.bytes, file) != a.bytes) return 4;
  }
  std::fclose(file);
  std::fprintf(stderr, "dlaaw-seconds: %.9f\n", seconds);
  return 0;
}

#if defined(DLAAW_CHECKED)
DLAAW_UNSEEN static void* dlaaw_memcpy(void* to, const void* from, size_t bytes) {
  dlaaw_check_range(from, bytes, 0, __builtin_return_address(0));
  dlaaw_check_range(to, bytes, 1, __builtin_return_address(0));
  return std::memmove(to, from, bytes);
}
DLAAW_UNSEEN static void* dlaaw_memset(void* to, int value, size_t bytes) {
  dlaaw_check_range(to, bytes, 1, __builtin_return_address(0));
  return std::memset(to, value, bytes);
}
#define memcpy dlaaw_memcpy
#define memset dlaaw_memset
#endif
