// Adam, PyTorch's convention:
//
//   g = g + weight_decay w;   m = m + (1 - beta1) (g - m);   v = beta2 v + (1 - beta2) g^2;   m and v start at 0
//   w = w - rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)      t: updates so far, this one too
//
// settings: learning_rate, weight_decay, beta1, beta2, epsilon. state: m and v for each parameter, [2][stride].
// Source: D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2015, https://arxiv.org/abs/1412.6980;
// https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
#pragma once
#include "../optimizer.cuh"

namespace dlaaw {

struct Adam {
  static constexpr int SETTINGS = 5;
  static constexpr int STATES = 2;

  static DLAAW_MEMBER Step prepare(const float* settings, float rate, long long t) {
    const double first = 1.0 - power((double)settings[2], t), second = 1.0 - power((double)settings[3], t);
    return {settings, rate, (float)((double)rate / first), 1.0f / scalar_sqrt((float)second)};
  }

  // The step that w makes along a gradient g.
  static DLAAW_MEMBER vfloat move(vfloat w, vfloat g, float* state, int stride, const Step& step) {
    const float* s = step.settings;
    const vfloat before = load(state);
    const vfloat m = fma(broadcast(1.0f - s[2]), g - before, before);
    const vfloat v = fma(broadcast(1.0f - s[3]) * g, g, broadcast(s[3]) * load(state + stride));
    store(state, m);
    store(state + stride, v);
    return fma(broadcast(-step.first), m / fma(sqrt(v), broadcast(step.second), broadcast(s[4])), w);
  }

  static DLAAW_MEMBER vfloat update(vfloat w, vfloat g, float* state, int stride, const Step& step) {
    return move(w, fma(broadcast(step.settings[1]), w, g), state, stride, step);
  }
};

}  // namespace dlaaw
