// Step decay: learning rate times factor^(epoch / every), rounded down, as PyTorch's StepLR.
//
// settings: every (epochs, at least 1), factor (above 0, below 1).
// Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
#pragma once
#include "../schedule.cuh"

namespace dlaaw {

struct StepDecay : Forgetful {
  static DLAAW_MEMBER double factor(double, const float* s, long long epoch, long long, const double*) {
    return power((double)s[1], epoch / (long long)s[0]);
  }
};

}  // namespace dlaaw
