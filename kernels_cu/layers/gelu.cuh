// GELU: y = x P(x), dx = dy (P(x) + x exp(-x^2 / 2) / sqrt(2 pi)), where P(x) = (1 + erf(x / sqrt(2))) / 2.
//
// The exact form, as PyTorch's. One value of one row at a time. Tolerance against the reference: 5e-7 absolute.
// Source: D. Hendrycks, K. Gimpel, "Gaussian error linear units (GELUs)", 2016, https://arxiv.org/abs/1606.08415
#pragma once
#include "../elementwise.cuh"
#include "../math.cuh"

namespace dlaaw {

struct GELU : OfInput {
  static DLAAW_MEMBER vfloat below(vfloat x) { return 0.5f * (1.0f + erf(x * 0.70710678f)); }
  static DLAAW_MEMBER vfloat forward(vfloat x, const float*) { return x * below(x); }
  static DLAAW_MEMBER vfloat backward(vfloat x, vfloat dy, const float*) {
    return dy * (below(x) + x * (exp(-0.5f * (x * x)) * 0.39894228f));
  }
};

}  // namespace dlaaw
