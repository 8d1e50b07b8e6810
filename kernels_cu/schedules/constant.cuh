// No schedule: the learning rate stays as it is. No settings.
#pragma once
#include "../schedule.cuh"

namespace dlaaw {

struct Constant : Forgetful {
  static DLAAW_MEMBER double factor(double, const float*, long long, long long, const double*) { return 1.0; }
};

}  // namespace dlaaw
