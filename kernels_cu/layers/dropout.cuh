// Dropout: in training each value is dropped with probability `rate`, and what stays is divided by 1 - rate.
//
//   forward   y = x m, backward  dx = dy m, with m = 0 or 1 / (1 - rate); in a prediction y = x
//
// m follows from the training's key, the epoch, the layer, the unit and the row's place (random.cuh), so backward
// draws it again and any number of threads sees the same one. options: rate, from 0 to below 1; number of the layer.
// Source: N. Srivastava, G. Hinton and others, "Dropout: a simple way to prevent neural networks from overfitting",
// 2014, https://jmlr.org/papers/v15/srivastava14a.html
#pragma once
#include "../place.cuh"
#include "../random.cuh"

namespace dlaaw {

template <int N>
struct Dropout : LayerDefaults {
  static constexpr int OPTIONS = 2;
  static DLAAW_MEMBER int in(const int* sizes) { return N > 0 ? N : sizes[0]; }
  static DLAAW_MEMBER int out(const int* sizes) { return in(sizes); }

  static DLAAW_MEMBER vfloat mask(const Place& at, int unit, int r) {
    const float rate = at.options[0];
    const unsigned key = mix(at.pass->dropout_key + mix((unsigned)at.options[1] * 0x9E3779B9u + (unsigned)unit));
    const vuint place = (vuint)(lane_index() + (at.pass->row + r));
    const vfloat drawn = to_float((vint)(mix(place ^ key) >> 8)) * 5.9604645e-8f;  // 2^-24
    return select(drawn < rate, broadcast(0.0f), broadcast(1.0f / (1.0f - rate)));
  }

  static DLAAW_MEMBER void forward(const Place& at, const float* x, int stride, float* y, int r) {
    const int n = in(at.sizes);
    for (int k = 0; k < n; ++k) {
      for (int v = r; v < r + ROW_GROUP; v += WIDTH) {
        const vfloat xk = load(x + k * stride + v);
        store(y + k * TILE + v, at.pass->training ? xk * mask(at, k, v) : xk);
      }
    }
  }

  template <class Previous>
  static DLAAW_MEMBER void backward(const Place& at, const float* x, const float*, const float* dy, float* dx, int r) {
    const int n = in(at.sizes);
    const float* before = at.options - Previous::OPTIONS;
    for (int k = 0; k < n; ++k) {
      for (int v = r; v < r + ROW_GROUP; v += WIDTH) {
        const int c = k * TILE + v;
        store(dx + c, Previous::derivative(load(x + c), load(dy + c) * mask(at, k, v), before));
      }
    }
  }
};

}  // namespace dlaaw
