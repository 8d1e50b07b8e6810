// Cross-entropy of the classes' probabilities p = Softmax(z) against the number t of the right class:
//
//   value     log(sum_k exp(z_k)) - z_t
//   gradient  dz_k = p_k - (1 if k is t, else 0)
//
// Softmax and loss are one step, from what goes into the Softmax: no logarithm of a rounded 0, no Jacobian. The
// largest z is taken off first, so that exp cannot overflow. As PyTorch's CrossEntropyLoss.
// Source: C. M. Bishop, Pattern Recognition and Machine Learning, 2006, equations 4.108 and 4.109.
#pragma once
#include "../loss.cuh"
#include "../math.cuh"

namespace dlaaw {

struct CrossEntropy {
  static DLAAW_MEMBER vfloat largest(int n, const float* z, int r) {
    vfloat most = load(z + r);
    for (int k = 1; k < n; ++k) {
      const vfloat zk = load(z + k * TILE + r);
      most = select(zk > most, zk, most);
    }
    return most;
  }

  static DLAAW_MEMBER vfloat right(int n, const float* z, vfloat t, int r) {
    vfloat found = load(z + r);
    for (int k = 1; k < n; ++k) found = select(t == broadcast((float)k), load(z + k * TILE + r), found);
    return found;
  }

  template <class Previous>
  static DLAAW_MEMBER void rows(int n, const float* z, float* dz, const Labels& labels, const float* o, int r) {
    const vfloat t = load(labels.t + r), most = largest(n, z, r);
    vfloat sum = broadcast(0.0f);
    for (int k = 0; k < n; ++k) {
      const vfloat e = exp(load(z + k * TILE + r) - most);
      store(dz + k * TILE + r, e);
      sum = sum + e;
    }
    if (labels.report) store(labels.cost + r, log(sum) + (most - right(n, z, t, r)));
    const vfloat scale = 1.0f / sum;
    for (int k = 0; k < n; ++k) {
      const vfloat p = load(dz + k * TILE + r) * scale;
      const vfloat d = (p - select(t == broadcast((float)k), broadcast(1.0f), broadcast(0.0f))) * labels.share;
      const vfloat dk = Previous::derivative(load(z + k * TILE + r), d, o);
      store(dz + k * TILE + r, select(lane_index() + r < labels.rows, dk, broadcast(0.0f)));
    }
  }

  static DLAAW_MEMBER vfloat value(int n, const float* z, const Labels& labels, int r) {
    const vfloat most = largest(n, z, r);
    vfloat sum = broadcast(0.0f);
    for (int k = 0; k < n; ++k) sum = sum + exp(load(z + k * TILE + r) - most);
    return log(sum) + (most - right(n, z, load(labels.t + r), r));
  }
};

}  // namespace dlaaw
