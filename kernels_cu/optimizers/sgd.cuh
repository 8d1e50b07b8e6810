// Stochastic gradient descent with momentum, PyTorch's convention:
//
//   g = g + weight_decay w;   v = momentum v + g;   w = w - rate v;   v starts at 0
//
// settings: learning_rate, weight_decay, momentum. state: one value (v) for each parameter. Written with =.
// Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
#pragma once
#include "../optimizer.cuh"

namespace dlaaw {

struct SGD : Plain {
  static constexpr int SETTINGS = 3;
  static constexpr int STATES = 1;
  static DLAAW_MEMBER vfloat update(vfloat w, vfloat g, float* state, int, const Step& step) {
    g = fma(broadcast(step.settings[1]), w, g);
    const vfloat v = fma(broadcast(step.settings[2]), load(state), g);
    store(state, v);
    return fma(broadcast(-step.rate), v, w);
  }
};

}  // namespace dlaaw
