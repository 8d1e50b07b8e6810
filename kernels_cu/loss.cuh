// What the end of a chain knows of its rows, and what losses of one output have in common.
#pragma once
#include "platform.cuh"

namespace dlaaw {

struct Labels {
  const float* t;        // [TILE], labels of the tile: 0 or 1, the number of a class, or a target
  const float* options;  // hyperparameters of the loss
  float* cost;           // [TILE], the loss of each row is written here if `report`
  float share;           // 1 / rows of the batch
  int rows;              // rows of the tile that count
  bool report;
};

// Loss has value(p, t, options) and gradient(p, t, options), the derivative by p.
template <class Loss>
struct OneOutput {
  // Rows r to r + WIDTH - 1: y, dz [1][TILE]. Previous: the layer that put out y; o: its options.
  template <class Previous>
  static DLAAW_MEMBER void rows(int, const float* y, float* dz, const Labels& labels, const float* o, int r) {
    const vfloat p = load(y + r), t = load(labels.t + r);
    if (labels.report) store(labels.cost + r, Loss::value(p, t, labels.options));
    const vfloat d = Previous::derivative(p, Loss::gradient(p, t, labels.options) * labels.share, o);
    store(dz + r, select(lane_index() + r < labels.rows, d, broadcast(0.0f)));
  }
  static DLAAW_MEMBER vfloat value(int, const float* y, const Labels& labels, int r) {
    return Loss::value(load(y + r), load(labels.t + r), labels.options);
  }
};

}  // namespace dlaaw
