// Stochastic gradient descent with momentum, PyTorch's convention:
//
//   v = momentum v + g;   w = w - learning_rate v;   v starts at 0
//
// settings: learning_rate, momentum. state: one value (v) for each parameter. Written with =.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
#pragma once
#include "../platform.cuh"

namespace dlaaw {

struct SGD {
  static constexpr int STATES = 1;
  static DLAAW_MEMBER vfloat update(vfloat w, vfloat g, float* state, int, const float* settings) {
    const vfloat v = fma(broadcast(settings[1]), load(state), g);
    store(state, v);
    return fma(broadcast(-settings[0]), v, w);
  }
};

}  // namespace dlaaw
