// What schedules share. factor(rate, settings, epoch, epochs, memory) gives what the learning rate is multiplied by in
// an epoch; one that OBSERVES is told each epoch's cost and keeps up to SCHEDULE_MEMORY numbers from epoch to epoch.
#pragma once
#include "optimizer.cuh"

namespace dlaaw {

constexpr int SCHEDULE_MEMORY = 3;

struct Forgetful {
  static constexpr bool OBSERVES = false;
  static DLAAW_MEMBER void observe(double, const float*, double, double*) {}
};

}  // namespace dlaaw
