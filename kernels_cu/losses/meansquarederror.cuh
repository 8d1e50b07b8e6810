// Squared error of one output p against a target t:
//
//   value     (p - t)^2
//   gradient  2 (p - t)
//
// The mean over a batch's rows is taken by the caller. As PyTorch's MSELoss.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
#pragma once
#include "../loss.cuh"

namespace dlaaw {

struct MeanSquaredError : OneOutput<MeanSquaredError> {
  using OneOutput<MeanSquaredError>::value;
  static DLAAW_MEMBER vfloat value(vfloat p, vfloat t, const float*) { return (p - t) * (p - t); }
  static DLAAW_MEMBER vfloat gradient(vfloat p, vfloat t, const float*) { return 2.0f * (p - t); }
};

}  // namespace dlaaw
