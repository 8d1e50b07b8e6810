// The entries for large networks: DLAAW_TRAIN_WIDE(Network, Loss, Optimizer, Schedule), DLAAW_PREDICT_WIDE(Network). Names,
// arguments and grid as in entries.cuh; WIDE_THREADS threads a block. A CPU has none: NumPy's BLAS serves there.
#pragma once
#include "entries.cuh"
#include "predict_wide.cuh"
#include "train_wide.cuh"

// Blocks that a multiprocessor must be able to hold at once: says how many registers a thread may have. Before sm_70 a
// block has no more than half of them.
#ifndef DLAAW_WIDE_BLOCKS
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 700
#define DLAAW_WIDE_BLOCKS 2
#else
#define DLAAW_WIDE_BLOCKS 1
#endif
#endif
#define DLAAW_WIDE_KERNEL(name) DLAAW_KERNEL(__launch_bounds__(DLAAW_WIDE_THREADS, DLAAW_WIDE_BLOCKS) name)

#define DLAAW_TRAIN_WIDE(...)                                                                         \
  DLAAW_WIDE_KERNEL(dlaaw_train)(const dlaaw::Training* trials) {                                     \
    dlaaw::TrainWideProgram<__VA_ARGS__>::run(trials[blockIdx.y], blockIdx.x, gridDim.x);             \
  }                                                                                                   \
  DLAAW_LAUNCH(dlaaw_train, Training, TrainWideProgram<__VA_ARGS__>)
#define DLAAW_PREDICT_WIDE(...)                                                                       \
  DLAAW_WIDE_KERNEL(dlaaw_predict)(const dlaaw::Prediction* trials) {                                 \
    dlaaw::PredictWideProgram<__VA_ARGS__>::run(trials[blockIdx.y], blockIdx.x, gridDim.x);           \
  }                                                                                                   \
  DLAAW_LAUNCH(dlaaw_predict, Prediction, PredictWideProgram<__VA_ARGS__>)
