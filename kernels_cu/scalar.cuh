// Functions of one number, for activations that a person writes: `float forward(float x)`, whatever vfloat is.
//
// In namespace scalar C's names mean the same on every machine: exp, log, tanh and erf are math.cuh's, to the bit;
// fabs, sqrt, floor, max and their like are exact anyway. The others (sin, pow, expm1, ...) are the machine's own, and
// their last bits may differ between a CPU and a GPU.
#pragma once
#include "elementwise.cuh"
#include "math.cuh"

#if !DLAAW_GPU  // CUDA's words on a CPU
// What is called lane by lane must be inlined, or the lanes are not worked on side by side. (People write inline, too.)
#define __device__ __attribute__((unused, always_inline, visibility("hidden")))
#pragma GCC diagnostic ignored "-Wattributes"
#define __host__
#define __forceinline__ inline
#define __constant__ static const
#endif

namespace dlaaw {
namespace scalar {

#if !DLAAW_GPU
using vfloat = float;
using vint = int;
using vmask = bool;
DLAAW_FN float broadcast(float x) { return x; }
DLAAW_FN float select(bool m, float a, float b) { return m ? a : b; }
DLAAW_FN float to_float(int v) { return float(v); }
DLAAW_FN int as_int(float v) {
  int bits;
  __builtin_memcpy(&bits, &v, sizeof bits);
  return bits;
}
DLAAW_FN float as_float(int v) {
  float value;
  __builtin_memcpy(&value, &v, sizeof value);
  return value;
}
DLAAW_FN float fma(float a, float b, float c) {
#if !defined(__FMA__) && !defined(__aarch64__)
  return a * b + c;  // as platform.cuh's
#else
  return __builtin_fmaf(a, b, c);
#endif
}
DLAAW_FN float sqrt(float x) { return __builtin_sqrtf(x); }
#include "functions.cuh"
#endif

DLAAW_FN float expf(float x) { return exp(x); }
DLAAW_FN float logf(float x) { return log(x < 0.0f ? as_float(0x7FC00000) : x); }
DLAAW_FN float tanhf(float x) { return tanh(x); }
DLAAW_FN float erff(float x) { return erf(x); }

#if !DLAAW_GPU || defined(DLAAW_EMULATED)  // CUDA has them
#define DLAAW_OF_ONE(name) \
  DLAAW_FN float name##f(float x) { return __builtin_##name##f(x); }
#define DLAAW_OF_TWO(name) \
  DLAAW_FN float name##f(float x, float y) { return __builtin_##name##f(x, y); }
#define DLAAW_BOTH(name)                                             \
  DLAAW_OF_ONE(name)                                                 \
  DLAAW_FN float name(float x) { return __builtin_##name##f(x); }
DLAAW_OF_ONE(sqrt)
DLAAW_BOTH(fabs)
DLAAW_BOTH(floor)
DLAAW_BOTH(ceil)
DLAAW_BOTH(round)
DLAAW_BOTH(trunc)
DLAAW_BOTH(rint)
DLAAW_BOTH(sin)
DLAAW_BOTH(cos)
DLAAW_BOTH(tan)
DLAAW_BOTH(asin)
DLAAW_BOTH(acos)
DLAAW_BOTH(atan)
DLAAW_BOTH(sinh)
DLAAW_BOTH(cosh)
DLAAW_BOTH(asinh)
DLAAW_BOTH(expm1)
DLAAW_BOTH(log1p)
DLAAW_BOTH(exp2)
DLAAW_BOTH(log2)
DLAAW_BOTH(log10)
DLAAW_BOTH(cbrt)
DLAAW_BOTH(erfc)
DLAAW_OF_TWO(fmax)
DLAAW_OF_TWO(fmin)
DLAAW_OF_TWO(fmod)
DLAAW_OF_TWO(pow)
DLAAW_OF_TWO(atan2)
DLAAW_OF_TWO(copysign)
DLAAW_FN float max(float x, float y) { return __builtin_fmaxf(x, y); }
DLAAW_FN float min(float x, float y) { return __builtin_fminf(x, y); }
DLAAW_FN float pow(float x, float y) { return __builtin_powf(x, y); }
DLAAW_FN float abs(float x) { return __builtin_fabsf(x); }
DLAAW_FN float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#undef DLAAW_BOTH
#undef DLAAW_OF_TWO
#undef DLAAW_OF_ONE
#endif

}  // namespace scalar

#if !DLAAW_GPU
#if defined(__clang__)
#define DLAAW_LANES _Pragma("clang loop vectorize(assume_safety)")
#else
#define DLAAW_LANES _Pragma("GCC ivdep")
#endif
#endif

// An activation from functions of one number: Code::forward(x, options) and Code::backward(x, dy, options).
template <class Code, int COUNT>
struct OfNumbers : OfInput {
  static constexpr int OPTIONS = COUNT;
#if DLAAW_GPU
  static DLAAW_MEMBER vfloat forward(vfloat x, const float* o) { return Code::forward(x, o); }
  static DLAAW_MEMBER vfloat backward(vfloat x, vfloat dy, const float* o) { return Code::backward(x, dy, o); }
#else
  static DLAAW_MEMBER vfloat forward(vfloat x, const float* o) {
    float lanes[WIDTH];
    store(lanes, x);
    DLAAW_LANES for (int k = 0; k < WIDTH; ++k) lanes[k] = Code::forward(lanes[k], o);
    return load(lanes);
  }
  static DLAAW_MEMBER vfloat backward(vfloat x, vfloat dy, const float* o) {
    float lanes[WIDTH], slopes[WIDTH];
    store(lanes, x);
    store(slopes, dy);
    DLAAW_LANES for (int k = 0; k < WIDTH; ++k) slopes[k] = Code::backward(lanes[k], slopes[k], o);
    return load(slopes);
  }
#endif
};

}  // namespace dlaaw
