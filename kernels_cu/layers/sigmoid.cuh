// Sigmoid: y = 1 / (1 + exp(-x)); dx = dy y (1 - y).
//
// One value of one row at a time. Below x = -88.72 y is 0, where exp(-x) overflows.
// Tolerance against the reference: 3e-7 relative.
#pragma once
#include "../elementwise.cuh"
#include "../math.cuh"

namespace dlaaw {

struct Sigmoid : OfOutput {
  static DLAAW_MEMBER vfloat forward(vfloat x, const float*) { return 1.0f / (1.0f + exp(-x)); }
  static DLAAW_MEMBER vfloat backward(vfloat y, vfloat dy, const float*) { return dy * (y * (1.0f - y)); }
};

}  // namespace dlaaw
