// Where a trial's rows lie, and how a tile of them is loaded.
//
// One copy of the data serves all trials of a plan: float32, feature-major, x[feature][stride]. A trial of
// a cross-validation trains on all rows but a gap (its fold): training row t lies at t, or behind the gap.
// Each trial's normalization (x - offset) * scale is applied as a tile is loaded.
#pragma once
#include "../platform.cuh"

namespace dlaaw {

struct Rows {
  const float* x;         // [features][stride], at least TILE floats behind the last row
  const float* t;         // [stride] labels, or null
  const float* offset;    // [features]
  const float* scale;     // [features]
  long long stride;       // floats from one feature to the next
  long long gap_begin;    // first row of the gap
  long long gap_length;
};

// Row t of the trial, when its vector straddles the gap: one by one.
DLAAW_FN vfloat load_over_gap(const float* x, const Rows& rows, long long t) {
  float v[WIDTH];
  for (int k = 0; k < WIDTH; ++k) v[k] = x[t + k < rows.gap_begin ? t + k : t + k + rows.gap_length];
  return load(v);
}

// Rows begin to begin + count - 1 (count rounded up to LANES; what lies beyond is masked later).
DLAAW_FN void load_tile(const Rows& rows, int features, long long begin, int count, float* x, float* t) {
  const bool before = begin + count <= rows.gap_begin, behind = begin >= rows.gap_begin;
  const long long from = behind ? begin + rows.gap_length : begin;
  for (int i = 0; i < features; ++i) {
    const float* in = rows.x + i * rows.stride;
    const vfloat offset = broadcast(rows.offset[i]), scale = broadcast(rows.scale[i]);
    if (before || behind) {
      for (int r = thread() * 16; r < count; r += threads() * 16) prefetch(in + from + r + TILE);
      for (int r = thread() * WIDTH; r < count; r += threads() * WIDTH) {
        store(x + i * TILE + r, (load(in + from + r) - offset) * scale);
      }
    } else {
      for (int r = thread() * WIDTH; r < count; r += threads() * WIDTH) {
        store(x + i * TILE + r, (load_over_gap(in, rows, begin + r) - offset) * scale);
      }
    }
  }
  if (!rows.t) return;
  for (int r = thread() * WIDTH; r < count; r += threads() * WIDTH) {
    store(t + r, before || behind ? load(rows.t + from + r) : load_over_gap(rows.t, rows, begin + r));
  }
}

}  // namespace dlaaw
