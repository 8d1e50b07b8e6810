// Products of matrices by the threads of a GPU's block: register-blocked, staged through shared memory.
//
//   C[m][n] = sum_k A[k][m] B[k][n], k from `from` to `to` - 1, for the M x N outputs of one item
//
// A thread holds TM x TN sums. Where an item has too few outputs to feed all threads, its k's are dealt out to SLICES
// groups of threads, whose sums are added up in order. DEPTH k's at a time lie in shared memory, STAGES times over:
// later ones are on their way (cp.async, from sm_80 on) while one is used. The order of a sum follows from the shape
// alone, and the shape from the sizes of the product, so neither the number of blocks nor the device changes a bit.
// What lies beyond an operand's end counts as 0. float32, every multiply-add fused; tolerance against the reference 1e-5.
// Source: V. Volkov, J. W. Demmel, "Benchmarking GPUs to tune dense linear algebra", 2008.
#pragma once
#include "platform.cuh"

namespace dlaaw {

#ifndef DLAAW_WIDE_THREADS
#define DLAAW_WIDE_THREADS 256
#endif
constexpr int WIDE_THREADS = DLAAW_WIDE_THREADS;  // of a block
static_assert(WIDE_THREADS == 256, "the shapes of products are made for 256 threads");

// Blocks that a phase should have items for: shapes are chosen by it. A constant, whatever the device has.
#ifndef DLAAW_WIDE_SPREAD
#define DLAAW_WIDE_SPREAD 132
#endif
#ifndef DLAAW_WIDE_STAGES
#define DLAAW_WIDE_STAGES 3  // of the largest shape; the others hold as many as fit beside each other
#endif

struct __align__(16) Four {
  float v[4];
};

// Copies to shared memory that need not be there before stage_wait; zeros where `there` is false.
DLAAW_FN void stage_one(float* to, const float* from, bool there) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"((unsigned)__cvta_generic_to_shared(to)), "l"(from),
               "r"(there ? 4 : 0)
               : "memory");
#else
  *to = there ? *from : 0.0f;
#endif
}
DLAAW_FN void stage_four(float* to, const float* from, bool there) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"((unsigned)__cvta_generic_to_shared(to)), "l"(from),
               "r"(there ? 16 : 0)
               : "memory");
#else
  const Four zeros = {{0.0f, 0.0f, 0.0f, 0.0f}};
  *(Four*)to = there ? *(const Four*)from : zeros;
#endif
}
DLAAW_FN void stage_end() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
// All stages but the last N are there, for the thread that asked for them.
template <int N>
DLAAW_FN void stage_wait() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
#endif
}

template <int M_, int N_, int TM_, int TN_, int DEPTH_, int STAGES_>
struct Shape {
  static constexpr int M = M_, N = N_, TM = TM_, TN = TN_, DEPTH = DEPTH_, STAGES = STAGES_;
  static constexpr int GROUP = (M / TM) * (N / TN);  // threads that hold all outputs
  static constexpr int SLICES = WIDE_THREADS / GROUP;
  static constexpr int A_STRIDE = M + 4, B_STRIDE = N + 4;  // eight k's of four outputs lie in different banks
  static constexpr int STAGE = DEPTH * (A_STRIDE + B_STRIDE);
  static constexpr int SUMS = SLICES > 1 ? SLICES * M * N : 0;
  static constexpr int FLOATS = STAGE * STAGES > SUMS ? STAGE * STAGES : SUMS;
  static_assert(TM % 4 == 0 && TN == 4 && DEPTH % SLICES == 0 && DEPTH % 8 == 0, "");
};
using Large = Shape<128, 64, 8, 4, 16, DLAAW_WIDE_STAGES>;
using Medium = Shape<64, 64, 8, 4, 16, 4>;
using Small = Shape<32, 32, 4, 4, 32, 4>;
using Tiny = Shape<16, 16, 4, 4, 64, 4>;
using Flat = Shape<16, 128, 4, 4, 16, 3>;  // the few rows of a strip against many columns

DLAAW_FN constexpr int larger(int a, int b) { return a > b ? a : b; }
// Floats of shared memory.
constexpr int WIDE_FLOATS = larger(larger(Large::FLOATS, Medium::FLOATS), larger(larger(Small::FLOATS, Tiny::FLOATS), Flat::FLOATS));

// Numbers [unit][row] in tiles of TILE rows, `stride` floats from one tile to the next.
struct Tiled {
  float* at;
  long long stride;
  DLAAW_MEMBER float* row(int r) const { return at + r / TILE * stride + r % TILE; }
};

// Operands. put(s, first, k, to): outputs first to first + ACROSS - 1 of k to k + DEPTH - 1 into s[DEPTH][STRIDE], zeros
// from `to` on. A thread's copies are a constant number of floats apart, so that one address serves them all.
// Rows of tiles, summed over units: four rows a copy.
struct RowsOfTiles {
  Tiled tiles;
  int rows, units;
  template <int ACROSS, int DEPTH, int STRIDE>
  DLAAW_MEMBER void put(float* s, int first, int k, int to) const {
    constexpr int FOURS = ACROSS / 4, STEP = WIDE_THREADS / FOURS;
    const int row = thread() % FOURS * 4, depth = thread() / FOURS;
    const float* from = tiles.row(first + row) + (k + depth) * TILE;
    float* into = s + depth * STRIDE + row;
    const bool there = first + row < rows;
    DLAAW_UNROLL
    for (int j = 0; j < (DEPTH + STEP - 1) / STEP; ++j) {
      if (DEPTH % STEP != 0 && depth + j * STEP >= DEPTH) break;
      stage_four(into + j * STEP * STRIDE, from + j * STEP * TILE, there && k + depth + j * STEP < to);
    }
  }
};

// Where the numbers of an operand lie one k behind another: eight k's of four outputs for the threads of a warp.
template <int ACROSS, int DEPTH, int STRIDE>
DLAAW_FN void put_across(float* s, const float* from, long long apart, int first, int end, int k, int to) {
  constexpr int EIGHTS = DEPTH / 8, STEP = WIDE_THREADS / 8 / EIGHTS;
  static_assert(WIDE_THREADS / 32 % EIGHTS == 0 && ACROSS % STEP == 0, "");
  const int group = thread() / 32, depth = group % EIGHTS * 8 + thread() % 8, unit = group / EIGHTS * 4 + thread() / 8 % 4;
  const float* mine = from + unit * apart + depth;
  float* into = s + depth * STRIDE + unit;
  const bool there = k + depth < to;
  DLAAW_UNROLL
  for (int j = 0; j < ACROSS / STEP; ++j) {
    stage_one(into + j * STEP, mine + j * STEP * apart, there && first + unit + j * STEP < end);
  }
}
// Units of tiles, summed over rows. DEPTH divides TILE and k is a multiple of it, so all rows are in one tile.
struct UnitsOfTiles {
  Tiled tiles;
  int units;
  template <int ACROSS, int DEPTH, int STRIDE>
  DLAAW_MEMBER void put(float* s, int first, int k, int to) const {
    put_across<ACROSS, DEPTH, STRIDE>(s, tiles.row(k) + first * TILE, TILE, first, units, k, to);
  }
};
// Outputs of a layer's weights W[outputs][inputs], summed over inputs.
struct OutputsOfWeights {
  const float* w;
  int outputs, inputs;
  template <int ACROSS, int DEPTH, int STRIDE>
  DLAAW_MEMBER void put(float* s, int first, int k, int to) const {
    put_across<ACROSS, DEPTH, STRIDE>(s, w + (long long)first * inputs + k, inputs, first, outputs, k, to);
  }
};
// Inputs of a layer's weights, summed over outputs.
struct InputsOfWeights {
  const float* w;
  int outputs, inputs;
  template <int ACROSS, int DEPTH, int STRIDE>
  DLAAW_MEMBER void put(float* s, int first, int k, int to) const {
    constexpr int STEP = WIDE_THREADS / ACROSS;
    const int unit = thread() % ACROSS, depth = thread() / ACROSS;
    const float* from = w + (long long)(k + depth) * inputs + first + unit;
    float* into = s + depth * STRIDE + unit;
    const bool there = first + unit < inputs;
    DLAAW_UNROLL
    for (int j = 0; j < DEPTH / STEP; ++j) {
      stage_one(into + j * STEP * STRIDE, from + (long long)(j * STEP) * inputs, there && k + depth + j * STEP < to);
    }
  }
};

// The block's dynamic shared memory, WIDE_FLOATS floats. Asked for where it is used, so that the compiler knows what it is.
DLAAW_FN float* wide_shared() {
  DLAAW_DYNAMIC_SHARED(float, scratch);
  return scratch;
}

// One item, from output (m, n) on. End: four(m, n, v) takes C[m .. m + 3][n]; it leaves out what is beyond the end.
// All threads of the block come; no barrier stands behind the item.
template <class S, class A, class B, class End>
DLAAW_FN void product(const A& a, int m, const B& b, int n, int from, int to, const End& end) {
  float* shared = wide_shared();
  constexpr int LM = S::M / S::TM < 8 ? S::M / S::TM : 8;                       // threads of a warp along m
  constexpr int LN = (S::GROUP < 32 ? S::GROUP : 32) / LM;                      // and along n
  constexpr int WM = S::M / S::TM / LM, HALF = S::M / (S::TM / 4);
  const int slice = thread() / S::GROUP, mine = thread() % S::GROUP;
  const int warp = mine / (LM * LN), tm = (warp % WM * LM + mine % LM) * 4, tn = (warp / WM * LN + mine / LM % LN) * 4;
  float sum[S::TM][4];
  DLAAW_UNROLL
  for (int i = 0; i < S::TM; ++i) {
    DLAAW_UNROLL
    for (int j = 0; j < 4; ++j) sum[i][j] = 0.0f;
  }
  const int steps = (to - from + S::DEPTH - 1) / S::DEPTH;
  block_barrier();  // the item before may still be read
  DLAAW_UNROLL
  for (int step = 0; step < S::STAGES - 1; ++step) {
    if (step < steps) {
      float* s = shared + step * S::STAGE;
      a.template put<S::M, S::DEPTH, S::A_STRIDE>(s, m, from + step * S::DEPTH, to);
      b.template put<S::N, S::DEPTH, S::B_STRIDE>(s + S::DEPTH * S::A_STRIDE, n, from + step * S::DEPTH, to);
    }
    stage_end();
  }
  int now = 0, ahead = S::STAGES - 1;
  for (int step = 0; step < steps; ++step) {
    stage_wait<S::STAGES - 2>();
    block_barrier();
    if (step + S::STAGES - 1 < steps) {
      float* s = shared + ahead * S::STAGE;
      const int k = from + (step + S::STAGES - 1) * S::DEPTH;
      a.template put<S::M, S::DEPTH, S::A_STRIDE>(s, m, k, to);
      b.template put<S::N, S::DEPTH, S::B_STRIDE>(s + S::DEPTH * S::A_STRIDE, n, k, to);
    }
    stage_end();
    const float* sa = shared + now * S::STAGE + slice * S::A_STRIDE + tm;
    const float* sb = shared + now * S::STAGE + S::DEPTH * S::A_STRIDE + slice * S::B_STRIDE + tn;
    DLAAW_UNROLL
    for (int k = 0; k < S::DEPTH; k += S::SLICES) {
      Four va[S::TM / 4];
      DLAAW_UNROLL
      for (int h = 0; h < S::TM / 4; ++h) va[h] = *(const Four*)(sa + k * S::A_STRIDE + h * HALF);
      const Four vb = *(const Four*)(sb + k * S::B_STRIDE);
      DLAAW_UNROLL
      for (int i = 0; i < S::TM; ++i) {
        DLAAW_UNROLL
        for (int j = 0; j < 4; ++j) sum[i][j] = fma(va[i / 4].v[i % 4], vb.v[j], sum[i][j]);
      }
    }
    now = now + 1 == S::STAGES ? 0 : now + 1;
    ahead = ahead + 1 == S::STAGES ? 0 : ahead + 1;
  }
  if (S::SLICES == 1) {
    DLAAW_UNROLL
    for (int h = 0; h < S::TM / 4; ++h) {
      DLAAW_UNROLL
      for (int j = 0; j < 4; ++j) {
        const Four four = {{sum[4 * h][j], sum[4 * h + 1][j], sum[4 * h + 2][j], sum[4 * h + 3][j]}};
        end.four(m + h * HALF + tm, n + tn + j, four);
      }
    }
    return;
  }
  block_barrier();
  DLAAW_UNROLL
  for (int h = 0; h < S::TM / 4; ++h) {
    DLAAW_UNROLL
    for (int j = 0; j < 4; ++j) {
      const Four four = {{sum[4 * h][j], sum[4 * h + 1][j], sum[4 * h + 2][j], sum[4 * h + 3][j]}};
      *(Four*)(shared + slice * S::M * S::N + (tn + j) * S::M + h * HALF + tm) = four;
    }
  }
  block_barrier();
  for (int cell = thread(); cell < S::M * S::N / 4; cell += WIDE_THREADS) {
    Four total = *(const Four*)(shared + 4 * cell);
    DLAAW_UNROLL
    for (int other = 1; other < S::SLICES; ++other) {
      const Four part = *(const Four*)(shared + other * S::M * S::N + 4 * cell);
      DLAAW_UNROLL
      for (int i = 0; i < 4; ++i) total.v[i] = total.v[i] + part.v[i];
    }
    end.four(m + cell * 4 % S::M, n + cell * 4 / S::M, total);
  }
}

// Which shape a product takes. The costs are those of the busiest block in units of about 1/650 ns on an H100: waves of
// SPREAD items, outputs, k's with what an item takes to begin, and how much slower smaller shapes are.
DLAAW_FN int items_of(int shape, int m, int n) {
  const int across = shape == 0 ? 128 : shape == 1 ? 64 : shape == 2 ? 32 : 16, along = shape == 0 ? 64 : across;
  return ((m + across - 1) / across) * ((n + along - 1) / along);
}
DLAAW_FN float cost_of(int shape, int items, int k) {
  const float outputs = shape == 0 ? 128.0f * 64.0f : shape == 1 ? 64.0f * 64.0f : shape == 2 ? 32.0f * 32.0f : 16.0f * 16.0f;
  const float slower = shape == 0 ? 4.0f : shape == 1 ? 5.0f : shape == 2 ? 8.0f : 14.0f;
  return (float)((items + DLAAW_WIDE_SPREAD - 1) / DLAAW_WIDE_SPREAD) * outputs * slower * (float)(k + 64);
}
DLAAW_FN int shape_of(int m, int n, int k) {
  int best = 0;
  float least = cost_of(0, items_of(0, m, n), k);
  DLAAW_UNROLL
  for (int shape = 1; shape < 4; ++shape) {
    const float cost = cost_of(shape, items_of(shape, m, n), k);
    if (cost < least) {
      least = cost;
      best = shape;
    }
  }
  return best;
}

}  // namespace dlaaw
