// ELU: y = x where x >= 0, else alpha (exp(x) - 1); dx = dy where y > 0, else dy (y + alpha).
//
// options: alpha, above 0. One value of one row at a time. Tolerance against the reference: 2e-7 alpha absolute.
// Source: D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by exponential
// linear units (ELUs)", 2016, https://arxiv.org/abs/1511.07289
#pragma once
#include "../elementwise.cuh"
#include "../math.cuh"

namespace dlaaw {

struct ELU : OfOutput {
  static constexpr int OPTIONS = 1;
  static DLAAW_MEMBER vfloat forward(vfloat x, const float* o) { return select(x < 0.0f, o[0] * (exp(x) - 1.0f), x); }
  static DLAAW_MEMBER vfloat backward(vfloat y, vfloat dy, const float* o) { return select(y > 0.0f, dy, dy * (y + o[0])); }
};

}  // namespace dlaaw
