// Cosine decay: from the learning rate L at epoch 0 down to `minimum` along half a cosine,
//
//   minimum + (L - minimum) (1 + cos(pi epoch / epochs)) / 2
//
// as PyTorch's CosineAnnealingLR with T_max = epochs. settings: minimum (from 0).
// Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017,
// https://arxiv.org/abs/1608.03983
#pragma once
#include "../schedule.cuh"

namespace dlaaw {

struct CosineDecay : Forgetful {
  static DLAAW_MEMBER double factor(double rate, const float* s, long long epoch, long long epochs, const double*) {
    const double half = sine(1.5707963267948966 * ((double)epoch / (double)epochs));  // (1 - cos(2 a)) / 2 = sin(a)^2
    const double share = (double)s[0] / rate;
    return share + (1.0 - share) * (1.0 - half * half);
  }

  // sin on [0, pi / 2]: Taylor's series to x^17, error below 1e-13.
  static DLAAW_MEMBER double sine(double x) {
    const double z = x * x;
    double sum = 1.0;
    for (int k = 8; k > 0; --k) sum = 1.0 - z * sum / (double)(2 * k * (2 * k + 1));
    return x * sum;
  }
};

}  // namespace dlaaw
