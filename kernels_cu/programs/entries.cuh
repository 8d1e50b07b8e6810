// The entries that a host calls or a GPU launches: DLAAW_TRAIN(Network, Loss, Optimizer, Schedule), DLAAW_PREDICT(Network).
//
// On a GPU blockIdx.y is the trial and blockIdx.x the member of its team; arguments are arrays in device
// memory, one entry a trial. On a CPU the caller passes the member and its scratch memory.
#pragma once
#include "predict.cuh"
#include "train.cuh"

#if DLAAW_GPU
#define DLAAW_TRAIN(...)                                                                              \
  extern "C" __global__ void dlaaw_train(const dlaaw::Training* trials) {                            \
    extern __shared__ __align__(16) float scratch[];                                                  \
    dlaaw::TrainProgram<__VA_ARGS__>::run(trials[blockIdx.y], blockIdx.x, gridDim.x, scratch);        \
  }
#define DLAAW_PREDICT(...)                                                                            \
  extern "C" __global__ void dlaaw_predict(const dlaaw::Prediction* trials) {                        \
    extern __shared__ __align__(16) float scratch[];                                                  \
    dlaaw::PredictProgram<__VA_ARGS__>::run(trials[blockIdx.y], blockIdx.x, gridDim.x, scratch);      \
  }
#else
#if defined(_WIN32)
#define DLAAW_EXPORT extern "C" __declspec(dllexport)
#else
#define DLAAW_EXPORT extern "C" __attribute__((visibility("default")))
#endif
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
