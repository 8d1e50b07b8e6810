// ReLU: y = max(0, x); dx = dy where y > 0, else 0 (at 0 the derivative is 0, as PyTorch's).
//
// Written as a comparison that NaN fails, so that a diverging training shows itself.
// One value of one row at a time; exact. Source: Nair and Hinton, 2010.
#pragma once
#include "../elementwise.cuh"

namespace dlaaw {

struct ReLU : OfOutput {
  static DLAAW_MEMBER vfloat forward(vfloat x, const float*) { return select(x < 0.0f, broadcast(0.0f), x); }
  static DLAAW_MEMBER vfloat backward(vfloat y, vfloat dy, const float*) { return select(y > 0.0f, dy, broadcast(0.0f)); }
};

}  // namespace dlaaw
