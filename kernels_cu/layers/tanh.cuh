// Tanh: y = tanh(x); dx = dy (1 - y^2).
//
// One value of one row at a time. Tolerance against the reference: 3e-7 relative.
#pragma once
#include "../elementwise.cuh"
#include "../math.cuh"

namespace dlaaw {

struct Tanh : OfOutput {
  static DLAAW_MEMBER vfloat forward(vfloat x, const float*) { return tanh(x); }
  static DLAAW_MEMBER vfloat backward(vfloat y, vfloat dy, const float*) { return dy * (1.0f - y * y); }
};

}  // namespace dlaaw
