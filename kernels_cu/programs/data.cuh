// Where a trial's rows lie, and how a tile of them is loaded.
//
// One copy of the data serves all trials of a plan: float32, feature-major, x[feature][stride]. A trial of
// a cross-validation trains on all rows but a gap (its fold): training row t lies at t, or behind the gap.
// Each trial's normalization (x - offset) * scale is applied as a tile is loaded; where there is none
// (offset is null), a CPU reads rows in place. An order that is shuffled anew each epoch is applied here too.
#pragma once
#include "../random.cuh"

namespace dlaaw {

struct Rows {
  const float* x;         // [features][stride], at least TILE floats behind the last row
  const float* t;         // [stride] labels, or null
  const float* offset;    // [features], or null if the data is normalized as it lies
  const float* scale;     // [features]
  long long stride;       // floats from one feature to the next
  long long gap_begin;    // first row of the gap
  long long gap_length;
};

// Rows of a tile: x[feature * stride + row] and t[row], in scratch memory or where the data lies.
struct Tile {
  const float* x;
  const float* t;
  int stride;
};

#if DLAAW_GPU
// Rows begin to begin + count - 1 in scratch memory, each by the thread that works on it; behind them, up to `whole`,
// the last one again: the caller masks that.
DLAAW_FN Tile load_tile(const Rows& rows, int features, const Shuffle& order, long long begin, int count, int whole, float* x, float* t) {
  constexpr int AHEAD = 8;  // features of a row that are on their way at once
  const float* offsets = rows.offset;
  const float* scales = rows.scale;
  const long long stride = rows.stride;
  DLAAW_EACH(r, 1, whole, TILE) {
    const long long place = shuffled(order, begin + (r < count ? r : count - 1));
    const long long row = place < rows.gap_begin ? place : place + rows.gap_length;
    const float* in = rows.x + row;
    if (rows.t) t[r] = rows.t[row];
    for (int i = 0; i < features; i += AHEAD) {
      float value[AHEAD], offset[AHEAD], scale[AHEAD];
      DLAAW_UNROLL
      for (int j = 0; j < AHEAD; ++j) {
        const bool there = i + j < features;
        value[j] = there ? in[(i + j) * stride] : 0.0f;
        offset[j] = there && offsets ? offsets[i + j] : 0.0f;
        scale[j] = there && offsets ? scales[i + j] : 1.0f;
      }
      DLAAW_UNROLL
      for (int j = 0; j < AHEAD; ++j) {
        if (i + j < features) x[(i + j) * TILE + r] = offsets ? (value[j] - offset[j]) * scale[j] : value[j];
      }
    }
  }
  return {x, t, TILE};
}
#else
// A tile with the gap inside: row by row. What is not inlined takes values: a struct whose address is known to
// somebody else cannot stay in registers, nor the compiler know which memory its pointers point to.
DLAAW_OUTLINED static void load_tile_over_gap(Rows rows, int features, long long begin, int count, float* x, float* t) {
  DLAAW_EACH(r, 1, count, TILE) {
    const long long row = begin + r < rows.gap_begin ? begin + r : begin + r + rows.gap_length;
    for (int i = 0; i < features; ++i) {
      const float value = rows.x[i * rows.stride + row];
      x[i * TILE + r] = rows.offset ? (value - rows.offset[i]) * rows.scale[i] : value;
    }
    if (rows.t) t[r] = rows.t[row];
  }
}

// A tile in a shuffled order. `whole` rows are written, those beyond the first `count` as zeros.
static DLAAW_RARE void gather_tile(Rows rows, int features, Shuffle order, long long begin, int count, int whole,
                                   float* x, float* t) {
  DLAAW_EACH(r, 1, whole, TILE) {
    const long long place = r < count ? shuffled(order, begin + r) : 0;
    const long long row = place < rows.gap_begin ? place : place + rows.gap_length;
    for (int i = 0; i < features; ++i) {
      const float value = rows.x[i * rows.stride + row];
      const float loaded = rows.offset ? (value - rows.offset[i]) * rows.scale[i] : value;
      x[i * TILE + r] = r < count ? loaded : 0.0f;
    }
    if (rows.t) t[r] = r < count ? rows.t[row] : 0.0f;
  }
}

// Rows begin to begin + count - 1, and what lies behind them up to `whole`: the caller masks that.
// x [features][TILE]: scratch memory for rows that cannot be read in place.
DLAAW_FN Tile load_tile(const Rows& rows, int features, const Shuffle& order, long long begin, int count, int whole, float* x, float* t) {
  const bool before = begin + count <= rows.gap_begin, behind = begin >= rows.gap_begin;
  if (order.on) {
    gather_tile(rows, features, order, begin, count, whole, x, t);
    return {x, t, TILE};
  }
  if (!before && !behind) {
    load_tile_over_gap(rows, features, begin, whole, x, t);
    return {x, t, TILE};
  }
  const long long from = behind ? begin + rows.gap_length : begin, stride = rows.stride;
  const float* in = rows.x + from;
  const float* labels = rows.t ? rows.t + from : t;
  const float* offsets = rows.offset;
  const float* scales = rows.scale;
  if (!offsets) return {in, labels, (int)stride};
  for (int i = 0; i < features; ++i, in += stride) {
    const vfloat offset = broadcast(offsets[i]), scale = broadcast(scales[i]);
    if (count == TILE) {
      DLAAW_EACH(r, 16, TILE, TILE) prefetch(in + TILE + r);
    }
    DLAAW_EACH(r, ROW_GROUP, whole, TILE) {
      DLAAW_UNROLL
      for (int v = 0; v < ROW_GROUP; v += WIDTH) store(x + i * TILE + r + v, (load(in + r + v) - offset) * scale);
    }
  }
  return {x, labels, TILE};
}
#endif

}  // namespace dlaaw
