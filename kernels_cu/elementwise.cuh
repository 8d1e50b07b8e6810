// Layers that work on each number by itself.
//
// An activation A has forward(x, options) and backward(v, dy, options): the derivative by x, where v is what the
// layer put out (A derives from OfOutput) or what came in (OfInput). OPTIONS says how many hyperparameters it has.
// An activation OfOutput right behind a Linear layer is fused into it; anything else stands by itself.
#pragma once
#include "place.cuh"

namespace dlaaw {

struct OfOutput {
  static constexpr bool FROM_OUTPUT = true;
  static constexpr int OPTIONS = 0;
};
struct OfInput {
  static constexpr bool FROM_OUTPUT = false;
  static constexpr int OPTIONS = 0;
};

// y = A(x), unit by unit; x [N][stride], y, dz, dx [N][TILE].
template <int N, class A>
struct Elementwise : LayerDefaults {
  static constexpr int OPTIONS = A::OPTIONS;
  static DLAAW_MEMBER int in(const int* sizes) { return N > 0 ? N : sizes[0]; }
  static DLAAW_MEMBER int out(const int* sizes) { return in(sizes); }
  static DLAAW_MEMBER vfloat derivative(vfloat y, vfloat dy, const float* o) { return A::FROM_OUTPUT ? A::backward(y, dy, o) : dy; }

  static DLAAW_MEMBER void forward(const Place& at, const float* x, int stride, float* y, int r) {
    const int cells = in(at.sizes);
    for (int i = 0; i < cells; ++i) {
      for (int v = 0; v < ROW_GROUP; v += WIDTH) {
        store(y + i * TILE + r + v, A::forward(load(x + i * stride + r + v), at.options));
      }
    }
  }

  template <class Previous>
  static DLAAW_MEMBER void backward(const Place& at, const float* x, const float*, const float* dz, float* dx, int r) {
    const int cells = in(at.sizes);
    const float* before = at.options - Previous::OPTIONS;
    for (int i = 0; i < cells; ++i) {
      for (int v = 0; v < ROW_GROUP; v += WIDTH) {
        const int k = i * TILE + r + v;
        const vfloat xk = load(x + k), d = load(dz + k);
        store(dx + k, Previous::derivative(xk, A::FROM_OUTPUT ? d : A::backward(xk, d, at.options), before));
      }
    }
  }
};

}  // namespace dlaaw
