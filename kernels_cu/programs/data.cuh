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

// A tile with the gap inside: row by row.
DLAAW_OUTLINED static void load_tile_over_gap(const Rows& rows, int features, long long begin, int count, float* x, float* t) {
  for (int r = thread(); r < count; r += threads()) {
    const long long row = begin + r < rows.gap_begin ? begin + r : begin + r + rows.gap_length;
    for (int i = 0; i < features; ++i) {
      x[i * TILE + r] = (rows.x[i * rows.stride + row] - rows.offset[i]) * rows.scale[i];
    }
    if (rows.t) t[r] = rows.t[row];
  }
}

// Rows begin to begin + count - 1 (count rounded up to LANES; what lies beyond is masked later).
DLAAW_FN void load_tile(const Rows& rows, int features, long long begin, int count, float* x, float* t) {
  const bool before = begin + count <= rows.gap_begin, behind = begin >= rows.gap_begin;
  if (!before && !behind) return load_tile_over_gap(rows, features, begin, count, x, t);
  const long long from = behind ? begin + rows.gap_length : begin, stride = rows.stride;
  const float* in = rows.x + from;
  const float* labels = rows.t + from;
  const float* offsets = rows.offset;
  const float* scales = rows.scale;
  const bool labelled = rows.t != nullptr;
  for (int i = 0; i < features; ++i, in += stride, x += TILE) {
    const vfloat offset = broadcast(offsets[i]), scale = broadcast(scales[i]);
    if (count == TILE) {
      for (int r = thread() * 16; r < TILE; r += threads() * 16) prefetch(in + TILE + r);
    }
    for (int r = thread() * ROW_GROUP; r < count; r += threads() * ROW_GROUP) {
      DLAAW_UNROLL
      for (int v = 0; v < ROW_GROUP; v += WIDTH) store(x + r + v, (load(in + r + v) - offset) * scale);
    }
  }
  if (!labelled) return;
  for (int r = thread() * WIDTH; r < count; r += threads() * WIDTH) store(t + r, load(labels + r));
}

}  // namespace dlaaw
