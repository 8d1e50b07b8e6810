// What optimizers share. Each has SETTINGS (how many), STATES (values kept for each parameter), prepare(settings, rate,
// t), made once an update, and update(w, g, state, stride, step), which gives the new parameters. settings[0] is the learning rate as
// the user gave it, settings[1] the weight decay; rate is what the schedule made of it for this epoch.
#pragma once
#include "platform.cuh"

namespace dlaaw {

struct Step {
  const float* settings;
  float rate;
  float first, second;  // what the optimizer prepared
};

struct Plain {
  static DLAAW_MEMBER Step prepare(const float* settings, float rate, long long) { return {settings, rate, 0.0f, 0.0f}; }
};

// base^n, n from 0, by squaring.
DLAAW_FN double power(double base, long long n) {
  double result = 1.0;
  for (; n > 0; n >>= 1) {
    if (n & 1) result *= base;
    base *= base;
  }
  return result;
}

}  // namespace dlaaw
