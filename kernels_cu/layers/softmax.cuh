// Softmax over the units of a row:
//
//   forward   y_k = exp(x_k) / sum_j exp(x_j), from x - max(x), so that exp cannot overflow
//   backward  dx_k = y_k (dy_k - sum_j dy_j y_j): the full Jacobian, whatever comes behind
//
// At the end of a network with CrossEntropy it is part of the loss (losses/crossentropy.cuh) and not run in training.
// x [N][stride], y, dy, dx [N][TILE]; a thread keeps to its own rows. Tolerance against the reference: 1e-6.
// Source: C. M. Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.104 and 4.106.
#pragma once
#include "../math.cuh"
#include "../place.cuh"

namespace dlaaw {

template <int N>
struct Softmax : LayerDefaults {
  static DLAAW_MEMBER int in(const int* sizes) { return N > 0 ? N : sizes[0]; }
  static DLAAW_MEMBER int out(const int* sizes) { return in(sizes); }

  static DLAAW_MEMBER void forward(const Place& at, const float* x, int stride, float* y, int r) {
    const int n = in(at.sizes);
    for (int v = r; v < r + ROW_GROUP; v += WIDTH) {
      vfloat most = load(x + v);
      for (int k = 1; k < n; ++k) {
        const vfloat xk = load(x + k * stride + v);
        most = select(xk > most, xk, most);
      }
      vfloat sum = broadcast(0.0f);
      for (int k = 0; k < n; ++k) {
        const vfloat e = exp(load(x + k * stride + v) - most);
        store(y + k * TILE + v, e);
        sum = sum + e;
      }
      const vfloat scale = 1.0f / sum;
      for (int k = 0; k < n; ++k) store(y + k * TILE + v, load(y + k * TILE + v) * scale);
    }
  }

  template <class Previous>
  static DLAAW_MEMBER void backward(const Place& at, const float* x, const float* y, const float* dy, float* dx, int r) {
    const int n = in(at.sizes);
    const float* before = at.options - Previous::OPTIONS;
    for (int v = r; v < r + ROW_GROUP; v += WIDTH) {
      vfloat sum = broadcast(0.0f);
      for (int k = 0; k < n; ++k) sum = fma(load(dy + k * TILE + v), load(y + k * TILE + v), sum);
      for (int k = 0; k < n; ++k) {
        const int c = k * TILE + v;
        store(dx + c, Previous::derivative(load(x + c), load(y + c) * (load(dy + c) - sum), before));
      }
    }
  }
};

}  // namespace dlaaw
