// AdamW: Adam whose weight decay goes past the moments, PyTorch's convention:
//
//   w = w (1 - rate weight_decay), then Adam's step without weight decay
//
// settings and state as for Adam.
// Source: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019, https://arxiv.org/abs/1711.05101;
// https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
#pragma once
#include "adam.cuh"

namespace dlaaw {

struct AdamW : Adam {
  static DLAAW_MEMBER vfloat update(vfloat w, vfloat g, float* state, int stride, const Step& step) {
    return move(w * (1.0f - step.rate * step.settings[1]), g, state, stride, step);
  }
};

}  // namespace dlaaw
