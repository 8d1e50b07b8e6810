// Stochastic gradient descent with Nesterov's momentum, PyTorch's convention (SGD with nesterov=True):
//
//   g = g + weight_decay w;   v = momentum v + g;   w = w - rate (g + momentum v);   v starts at 0
//
// settings: learning_rate, weight_decay, momentum. state: one value (v) for each parameter. Written with =.
// Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and momentum in deep
// learning", 2013; https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
#pragma once
#include "../optimizer.cuh"

namespace dlaaw {

struct Nesterov : Plain {
  static constexpr int SETTINGS = 3;
  static constexpr int STATES = 1;
  static DLAAW_MEMBER vfloat update(vfloat w, vfloat g, float* state, int, const Step& step) {
    const vfloat momentum = broadcast(step.settings[2]);
    g = fma(broadcast(step.settings[1]), w, g);
    const vfloat v = fma(momentum, load(state), g);
    store(state, v);
    return fma(broadcast(-step.rate), fma(momentum, v, g), w);
  }
};

}  // namespace dlaaw
