// Reduce on plateau: when the cost has not fallen for more than `patience` epochs, the rate is multiplied by `factor`.
//
// The cost is that of the validation rows if early stopping keeps some, else of the training rows. It has fallen when
// it is below (1 - 1e-4) times the best so far. The rate stays at `minimum` or above. As PyTorch's ReduceLROnPlateau.
// settings: factor (above 0, below 1), patience (epochs, from 0), minimum (above 0).
// memory: best cost, epochs since, factor so far (0: nothing observed yet).
// Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
#pragma once
#include "../schedule.cuh"

namespace dlaaw {

struct ReduceOnPlateau {
  static constexpr bool OBSERVES = true;

  static DLAAW_MEMBER double factor(double, const float*, long long, long long, const double* memory) {
    return memory[2] > 0.0 ? memory[2] : 1.0;
  }

  static DLAAW_MEMBER void observe(double rate, const float* s, double cost, double* memory) {
    if (memory[2] <= 0.0 || cost < memory[0] * (1.0 - 1e-4)) {
      if (memory[2] <= 0.0) memory[2] = 1.0;
      memory[0] = cost;
      memory[1] = 0.0;
      return;
    }
    memory[1] += 1.0;
    if (memory[1] > (double)s[1]) {
      const double least = (double)s[2] / rate, next = memory[2] * (double)s[0];
      memory[2] = next < least ? (memory[2] < least ? memory[2] : least) : next;
      memory[1] = 0.0;
    }
  }
};

}  // namespace dlaaw
