// Where a layer stands in its network: what it finds there, and how it hands on what is left to the next one.
#pragma once
#include "platform.cuh"

namespace dlaaw {

// What all layers need to know of one pass of a tile.
struct Pass {
  bool training;        // Dropout drops, and batch normalization takes the moments of the batch
  unsigned dropout_key; // of this epoch
  int row;              // place of the tile's first row among the rows that train
  int rows;             // rows of the tile that count; the deltas of those behind them must be 0
  mutable int turn;     // see DLAAW_EACH_LANE_OF
};

// Each pointer begins with the layer's own part. `next` skips it.
struct Place {
  const int* sizes;        // features (or units) that come in, then those that go out
  const float* options;    // hyperparameters: OPTIONS of them
  const float* w;          // trained parameters
  float* statistics;       // BATCH * 4 for each unit: see layers/batchnorm1d.cuh
  const float* buffers;    // BATCH * 2 for each unit: what is kept for predictions
  const Pass* pass;
  int before = 0;          // trained parameters of the layers in front, which begin on a multiple of 16 bytes

  // Whether w lies on a multiple of 16 bytes.
  DLAAW_MEMBER bool quads() const { return before % 4 == 0; }

  template <class Layer>
  DLAAW_MEMBER Place next() const {
    const int batch = Layer::BATCH ? Layer::in(sizes) : 0;
    const int own = Layer::parameters(sizes);
    return {sizes + 1, options + Layer::OPTIONS, w + own, statistics + 4 * batch, buffers + 2 * batch, pass, before + own};
  }
};

// What a layer is unless it says otherwise.
struct LayerDefaults {
  static constexpr int OPTIONS = 0;  // hyperparameters
  static constexpr int BATCH = 0;    // 1 for a layer that needs moments over the whole batch
  static DLAAW_MEMBER int parameters(const int*) { return 0; }
  // dz of this layer is the loss's derivative by its output, unless the layer's activation is undone here.
  // y: its output; options: its own.
  static DLAAW_MEMBER vfloat derivative(vfloat, vfloat dy, const float*) { return dy; }
  static DLAAW_MEMBER void gradient(const Place&, const float*, int, const float*, float*, int, bool) {}
};

}  // namespace dlaaw
