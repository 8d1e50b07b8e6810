// Huber's loss of one output p against a target t, with e = p - t and options[0] = delta above 0:
//
//   value     e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2)
//   gradient  e where |e| <= delta, else delta with the sign of e
//
// So outliers pull by delta at most. The mean over a batch's rows is taken by the caller. As PyTorch's HuberLoss.
// Source: P. J. Huber, "Robust estimation of a location parameter", 1964, https://doi.org/10.1214/aoms/1177703732
#pragma once
#include "../loss.cuh"

namespace dlaaw {

struct Huber : OneOutput<Huber> {
  using OneOutput<Huber>::value;
  static DLAAW_MEMBER vfloat value(vfloat p, vfloat t, const float* o) {
    const vfloat e = p - t, size = select(e < 0.0f, -e, e), delta = broadcast(o[0]);
    return select(size > delta, delta * (size - 0.5f * delta), 0.5f * (e * e));
  }
  static DLAAW_MEMBER vfloat gradient(vfloat p, vfloat t, const float* o) {
    const vfloat e = p - t, delta = broadcast(o[0]);
    return select(e > delta, delta, select(e < -delta, -delta, e));
  }
};

}  // namespace dlaaw
