// Binary cross-entropy of one output p in [0, 1] against a label t, as PyTorch's BCELoss:
//
//   value     -(t max(log p, -100) + (1 - t) max(log(1 - p), -100))
//   gradient  (p - t) / max(p (1 - p), 1e-12)
//
// The clamp makes the gradient of a saturated output (p exactly 0 or 1) vanish behind a Sigmoid;
// the fused form p - t would not. The mean over a batch's rows is taken by the caller.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
#pragma once
#include "../loss.cuh"
#include "../math.cuh"

namespace dlaaw {

struct BinaryCrossEntropy : OneOutput<BinaryCrossEntropy> {
  using OneOutput<BinaryCrossEntropy>::value;
  static DLAAW_MEMBER vfloat clamped_log(vfloat p) {
    const vfloat l = log(p);
    return select(l < -100.0f, broadcast(-100.0f), l);
  }
  static DLAAW_MEMBER vfloat value(vfloat p, vfloat t, const float*) {
    return -(t * clamped_log(p) + (1.0f - t) * clamped_log(1.0f - p));
  }
  static DLAAW_MEMBER vfloat gradient(vfloat p, vfloat t, const float*) {
    const vfloat q = p * (1.0f - p);
    return (p - t) / select(q < 1e-12f, broadcast(1e-12f), q);
  }
};

}  // namespace dlaaw
