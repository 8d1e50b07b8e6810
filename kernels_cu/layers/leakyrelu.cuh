// LeakyReLU: y = x where x >= 0, else slope x; dx = dy where y > 0, else slope dy (at 0 the slope, as PyTorch's).
//
// options: slope, from 0 to below 1. One value of one row at a time; exact but for one rounding.
// Source: A. L. Maas, A. Y. Hannun, A. Y. Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
#pragma once
#include "../elementwise.cuh"

namespace dlaaw {

struct LeakyReLU : OfOutput {
  static constexpr int OPTIONS = 1;
  static DLAAW_MEMBER vfloat forward(vfloat x, const float* o) { return select(x < 0.0f, o[0] * x, x); }
  static DLAAW_MEMBER vfloat backward(vfloat y, vfloat dy, const float* o) { return select(y > 0.0f, dy, o[0] * dy); }
};

}  // namespace dlaaw
