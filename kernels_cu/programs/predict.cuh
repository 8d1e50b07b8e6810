// Runs rows through a network and writes what each layer puts out, where it is asked for.
//
// outputs[k]: [rows][units of layer k], or null. Blocks take tiles in turn; no two write the same place. A thread
// keeps to its own rows from the data to the outputs, so there is no barrier.
#pragma once
#include "../network.cuh"
#include "data.cuh"

namespace dlaaw {

// Mirrored field by field in dlaaw_nb/engine/launch.py.
struct Prediction {
  Rows rows;
  const int* sizes;
  const float* options;     // hyperparameters of the layers
  const float* parameters;  // [padded]
  const float* buffers;     // running statistics of the layers that have them
  float* const* outputs;    // [layers]
  long long begin;          // rows [begin, end)
  long long end;
  int layers;
  int work_rows;            // rows at a time, whole tiles; these three of predict_wide.cuh alone
  float* work;
  int* team_state;          // [2] barrier, 0 where a launch begins
};

template <class Net>
struct PredictProgram {
  static DLAAW_MEMBER int shared_floats(const int* sizes) { return TILE * (Net::in(sizes) + Net::units(sizes) + 1); }

  static DLAAW_MEMBER void run(const Prediction& a, int member, int team, float* scratch) {
    const int features = Net::in(a.sizes);
    float* x = scratch;
    float* y = x + TILE * features;
    const Pass pass = {false, 0, 0, 0, 0};
    const Place at = {a.sizes, a.options, a.parameters, nullptr, a.buffers, &pass};
    const Shuffle as_given = make_shuffle(false, 0, 1);
    for (long long begin = a.begin + (long long)member * TILE; begin < a.end; begin += (long long)team * TILE) {
      const int rows = a.end - begin < TILE ? (int)(a.end - begin) : TILE;
      const int whole = whole_rows(rows);
      const Tile tile = load_tile(a.rows, features, as_given, begin, rows, whole, x, y);
      Net::forward(at, tile.x, tile.stride, y, whole);
      const float* from = y;
      for (int k = 0; k < a.layers; ++k) {
        const int units = a.sizes[k + 1];
        if (a.outputs[k]) {
          DLAAW_EACH(r, 1, rows, TILE) {
            float* to = a.outputs[k] + (begin - a.begin + r) * units;
            for (int u = 0; u < units; ++u) to[u] = from[u * TILE + r];
          }
        }
        from += units * TILE;
      }
    }
  }
};

}  // namespace dlaaw
