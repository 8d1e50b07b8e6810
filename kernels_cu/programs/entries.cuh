// The entries that a host calls or a GPU launches: DLAAW_TRAIN(Network, Loss, Optimizer, Schedule), DLAAW_PREDICT(Network).
//
// On a GPU blockIdx.y is the trial and blockIdx.x the member of its team; arguments are arrays in device
// memory, one entry a trial. On a CPU the caller passes the member and its scratch memory.
#pragma once
#include "predict.cuh"
#include "train.cuh"

#if defined(_WIN32)
#define DLAAW_EXPORT extern "C" __declspec(dllexport)
#else
#define DLAAW_EXPORT extern "C" __attribute__((visibility("default")))
#endif

#if DLAAW_GPU
namespace dlaaw {
// A block's copy of its arguments: where they lie in the device's memory they would be read again after each barrier.
DLAAW_FN const Training& take_trial(const Training* trials, float* scratch) {
  const int* from = (const int*)(trials + blockIdx.y);
  constexpr int WORDS = (int)(sizeof(Training) / 4);
  DLAAW_EACH(k, 1, WORDS, WORDS) ((int*)scratch)[k] = from[k];
  block_barrier();
  return *(const Training*)scratch;
}
}  // namespace dlaaw
#if defined(DLAAW_EMULATED)
#define DLAAW_KERNEL(name) static void name##_kernel
// The host's entry of the same name: member 0 launches all blocks of the team, the others have nothing to do.
#define DLAAW_LAUNCH(name, Argument, ...)                                                               \
  DLAAW_EXPORT int name##_floats(const int* sizes) { return dlaaw::__VA_ARGS__::shared_floats(sizes); }     \
  DLAAW_EXPORT void name(const dlaaw::Argument* trial, int member, int team, float*) {                  \
    if (member != 0) return;                                                                            \
    dlaaw_emulator::launch({dim3(team), dim3(dlaaw_emulator::settings.threads),                         \
                            sizeof(float) * dlaaw::__VA_ARGS__::shared_floats(trial->sizes), true,          \
                            [=] { name##_kernel(trial); }});                                            \
  }
#else
#define DLAAW_KERNEL(name) extern "C" __global__ void name
#define DLAAW_LAUNCH(name, Argument, ...)
#endif
// 128 registers are left to each thread.
#define DLAAW_SMALL_KERNEL(name) DLAAW_KERNEL(__launch_bounds__(DLAAW_THREADS, 512 / DLAAW_THREADS) name)
#define DLAAW_TRAIN(...)                                                                              \
  DLAAW_SMALL_KERNEL(dlaaw_train)(const dlaaw::Training* trials) {                                          \
    DLAAW_DYNAMIC_SHARED(float, shared);                                                              \
    float* const scratch = dlaaw::keep_shared(shared);                                                \
    dlaaw::TrainProgram<__VA_ARGS__>::run(dlaaw::take_trial(trials, scratch), blockIdx.x, gridDim.x,  \
                                          scratch + dlaaw::TRIAL_FLOATS);                             \
  }                                                                                                   \
  DLAAW_LAUNCH(dlaaw_train, Training, TrainProgram<__VA_ARGS__>)
#define DLAAW_PREDICT(...)                                                                            \
  DLAAW_SMALL_KERNEL(dlaaw_predict)(const dlaaw::Prediction* trials) {                                \
    DLAAW_DYNAMIC_SHARED(float, scratch);                                                             \
    const dlaaw::Prediction trial = trials[blockIdx.y];                                               \
    dlaaw::PredictProgram<__VA_ARGS__>::run(trial, blockIdx.x, gridDim.x, scratch);                   \
  }                                                                                                   \
  DLAAW_LAUNCH(dlaaw_predict, Prediction, PredictProgram<__VA_ARGS__>)
#else
#define DLAAW_TRAIN(...)                                                                              \
  DLAAW_EXPORT int dlaaw_train_floats(const int* sizes) {                                             \
    return dlaaw::TrainProgram<__VA_ARGS__>::shared_floats(sizes);                                    \
  }                                                                                                   \
  DLAAW_EXPORT void dlaaw_train(const dlaaw::Training* trial, int member, int team, float* scratch) { \
    dlaaw::TrainProgram<__VA_ARGS__>::run(*trial, member, team, scratch);                             \
  }
#define DLAAW_PREDICT(...)                                                                            \
  DLAAW_EXPORT int dlaaw_predict_floats(const int* sizes) {                                           \
    return dlaaw::PredictProgram<__VA_ARGS__>::shared_floats(sizes);                                  \
  }                                                                                                   \
  DLAAW_EXPORT void dlaaw_predict(const dlaaw::Prediction* trial, int member, int team, float* scratch) { \
    dlaaw::PredictProgram<__VA_ARGS__>::run(*trial, member, team, scratch);                           \
  }
#endif
