// Linear layer (fully connected), with the activation that follows it, if any, fused in.
//
//   forward     y[o][r] = F(b[o] + sum_i W[o][i] x[i][r])         written with =
//   backward    dx[i][r] = P'(x[i][r]) sum_o W[o][i] dz[o][r]     written with =
//   gradient    dW[o][i] = sum_r dz[o][r] x[i][r], db[o] = sum_r dz[o][r]   accumulated with +=, by lanes
//
// dz is the loss's derivative by the value before the activation F; P is the activation before this layer.
// Shapes: x [IN][TILE], y, dz [OUT][TILE], W [OUT][IN] then b [OUT] (PyTorch's layout), gradient
// sums [OUT * IN + OUT][LANES]; float32. forward and backward touch only row r of the calling thread;
// gradient reads all rows, so a barrier stands before and after it.
// Order of sums: inputs (outputs) upwards; rows upwards within a lane. Block sizes change no bit.
// Tolerance against the NumPy reference: 1e-5 relative for one pass.
#pragma once
#include "../platform.cuh"

namespace dlaaw {

struct Identity {
  static DLAAW_MEMBER vfloat forward(vfloat x) { return x; }
  static DLAAW_MEMBER vfloat backward(vfloat, vfloat dy) { return dy; }
};

// UNITS units of the layer for ROW_GROUP rows; w: their rows of W (n apart), b: their biases.
template <int UNITS, class Activation>
DLAAW_FN void forward_units(int n, const float* w, const float* b, const float* x, float* y) {
  vfloat sum[UNITS][ROW_VECTORS];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) sum[k][v] = broadcast(b[k]);
  }
  for (int i = 0; i < n; ++i) {
    vfloat xi[ROW_VECTORS];
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) xi[v] = in_register(load(x + i * TILE + v * WIDTH));
    DLAAW_UNROLL
    for (int k = 0; k < UNITS; ++k) {
      const vfloat wk = broadcast(w[k * n + i]);
      DLAAW_UNROLL
      for (int v = 0; v < ROW_VECTORS; ++v) sum[k][v] = fma(wk, xi[v], sum[k][v]);
    }
  }
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) store(y + k * TILE + v * WIDTH, Activation::forward(sum[k][v]));
  }
}

// UNITS inputs of the layer for ROW_GROUP rows; w: their columns of W.
template <int UNITS, class Previous>
DLAAW_FN void backward_units(int n, int m, const float* w, const float* x, const float* dz, float* dx) {
  vfloat sum[UNITS][ROW_VECTORS];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) sum[k][v] = broadcast(0.0f);
  }
  for (int o = 0; o < m; ++o) {
    vfloat dzo[ROW_VECTORS];
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) dzo[v] = in_register(load(dz + o * TILE + v * WIDTH));
    DLAAW_UNROLL
    for (int k = 0; k < UNITS; ++k) {
      const vfloat wk = broadcast(w[o * n + k]);
      DLAAW_UNROLL
      for (int v = 0; v < ROW_VECTORS; ++v) sum[k][v] = fma(wk, dzo[v], sum[k][v]);
    }
  }
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) {
      const int at = k * TILE + v * WIDTH;
      store(dx + at, Previous::derivative(load(x + at), sum[k][v]));
    }
  }
}

// The sums of UNITS x INPUTS weights, one vector of lanes each.
template <int UNITS, int INPUTS>
DLAAW_FN void gradient_pairs(int n, const float* x, const float* dz, float* g, int rows, int lane, bool fresh) {
  vfloat sum[UNITS][INPUTS];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int j = 0; j < INPUTS; ++j) sum[k][j] = fresh ? broadcast(0.0f) : load(g + (k * n + j) * LANES + lane);
  }
  for (int r = lane; r < rows; r += LANES) {
    vfloat xj[INPUTS];
    DLAAW_UNROLL
    for (int j = 0; j < INPUTS; ++j) xj[j] = in_register(load(x + j * TILE + r));
    DLAAW_UNROLL
    for (int k = 0; k < UNITS; ++k) {
      const vfloat dzk = in_register(load(dz + k * TILE + r));
      DLAAW_UNROLL
      for (int j = 0; j < INPUTS; ++j) sum[k][j] = fma(dzk, xj[j], sum[k][j]);
    }
  }
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int j = 0; j < INPUTS; ++j) store(g + (k * n + j) * LANES + lane, sum[k][j]);
  }
}

// `blocks` times UNITS units against all inputs, two inputs at a time.
template <int UNITS>
DLAAW_FN void gradient_units(int n, int blocks, const float* x, const float* dz, float* g, int rows, bool fresh) {
  DLAAW_EACH_LANE_OF(o, i, lane, blocks, n / 2) {
    gradient_pairs<UNITS, 2>(n, x + i * 2 * TILE, dz + o * UNITS * TILE, g + (o * UNITS * n + i * 2) * LANES, rows, lane, fresh);
  }
  if (n % 2 == 0) return;
  DLAAW_EACH_LANE_OF(o, last, lane, blocks, 1) {
    gradient_pairs<UNITS, 1>(n, x + (n - 1) * TILE, dz + o * UNITS * TILE, g + (o * UNITS * n + n - 1) * LANES, rows, lane, fresh);
  }
}

// Sizes that are constants are inlined and unrolled; variable ones share functions between the layers, which
// keeps compiling short.
template <bool CONSTANT>
struct Units {
  template <int UNITS, class Activation>
  static DLAAW_MEMBER void forward(int n, const float* w, const float* b, const float* x, float* y) {
    forward_units<UNITS, Activation>(n, w, b, x, y);
  }
  template <int UNITS, class Previous>
  static DLAAW_MEMBER void backward(int n, int m, const float* w, const float* x, const float* dz, float* dx) {
    backward_units<UNITS, Previous>(n, m, w, x, dz, dx);
  }
  template <int UNITS>
  static DLAAW_MEMBER void gradient(int n, int blocks, const float* x, const float* dz, float* g, int rows, bool fresh) {
    gradient_units<UNITS>(n, blocks, x, dz, g, rows, fresh);
  }
};
template <>
struct Units<false> {
  template <int UNITS, class Activation>
  static DLAAW_OUTLINED void forward(int n, const float* w, const float* b, const float* x, float* y) {
    forward_units<UNITS, Activation>(n, w, b, x, y);
  }
  template <int UNITS, class Previous>
  static DLAAW_OUTLINED void backward(int n, int m, const float* w, const float* x, const float* dz, float* dx) {
    backward_units<UNITS, Previous>(n, m, w, x, dz, dx);
  }
  template <int UNITS>
  static DLAAW_OUTLINED void gradient(int n, int blocks, const float* x, const float* dz, float* g, int rows, bool fresh) {
    gradient_units<UNITS>(n, blocks, x, dz, g, rows, fresh);
  }
};

// Units left over after the blocks of four: 0, 1, 2, 3 or 5 (for 4 + 1 leaves a poor block of one).
DLAAW_FN constexpr int rest_of(int units) { return units % 4 == 1 && units > 1 ? 5 : units % 4; }

template <int K>
struct Count {};
struct Variable {};
template <int SIZE>
struct Rest {
  using type = Count<rest_of(SIZE)>;
};
template <>
struct Rest<0> {
  using type = Variable;
};

// IN, OUT: sizes known when compiling, or 0: then sizes[0] and sizes[1] say them.
template <int IN, int OUT, class Activation = Identity>
struct Linear {
  using Calls = Units<(IN > 0)>;

  static DLAAW_MEMBER int in(const int* sizes) { return IN > 0 ? IN : sizes[0]; }
  static DLAAW_MEMBER int out(const int* sizes) { return OUT > 0 ? OUT : sizes[1]; }
  static DLAAW_MEMBER int parameters(const int* sizes) { return out(sizes) * (in(sizes) + 1); }

  static DLAAW_MEMBER vfloat derivative(vfloat y, vfloat dy) { return Activation::backward(y, dy); }

  static DLAAW_MEMBER void forward(const int* sizes, const float* w, const float* x, float* y, int r) {
    const int n = in(sizes), m = out(sizes), full = m - rest_of(m);
    const float* b = w + m * n;
    for (int o = 0; o < full; o += 4) {
      Calls::template forward<4, Activation>(n, w + o * n, b + o, x + r, y + o * TILE + r);
    }
    forward_rest(typename Rest<OUT>::type(), m - full, n, w + full * n, b + full, x + r, y + full * TILE + r);
  }

  // Previous: the layer that put out x; its derivative is applied as dx is written.
  template <class Previous>
  static DLAAW_MEMBER void backward(const int* sizes, const float* w, const float* x, const float* dz, float* dx, int r) {
    const int n = in(sizes), m = out(sizes), full = n - rest_of(n);
    for (int i = 0; i < full; i += 4) {
      Calls::template backward<4, Previous>(n, m, w + i, x + i * TILE + r, dz + r, dx + i * TILE + r);
    }
    backward_rest<Previous>(typename Rest<IN>::type(), n - full, n, m, w + full, x + full * TILE + r, dz + r,
                            dx + full * TILE + r);
  }

  // rows: rows of the tile, rounded up to LANES (the deltas of rows beyond the last are 0).
  // fresh: the sums start from 0 instead of from what g holds.
  static DLAAW_MEMBER void gradient(const int* sizes, const float* x, const float* dz, float* g, int rows, bool fresh) {
    const int n = in(sizes), m = out(sizes), full = m - rest_of(m);
    Calls::template gradient<4>(n, full / 4, x, dz, g, rows, fresh);
    gradient_rest(typename Rest<OUT>::type(), m - full, n, x, dz + full * TILE, g + full * n * LANES, rows, fresh);
    float* gb = g + m * n * LANES;
    DLAAW_EACH_LANE_OF(o, bias, lane, m, 1) {
      vfloat sum = fresh ? broadcast(0.0f) : load(gb + o * LANES + lane);
      for (int r = lane; r < rows; r += LANES) sum = sum + load(dz + o * TILE + r);
      store(gb + o * LANES + lane, sum);
    }
  }

 private:
  static DLAAW_MEMBER void forward_rest(Count<0>, int, int, const float*, const float*, const float*, float*) {}
  template <int K>
  static DLAAW_MEMBER void forward_rest(Count<K>, int, int n, const float* w, const float* b, const float* x, float* y) {
    Calls::template forward<K, Activation>(n, w, b, x, y);
  }
  static DLAAW_MEMBER void forward_rest(Variable, int k, int n, const float* w, const float* b, const float* x, float* y) {
    switch (k) {
      case 1: forward_rest(Count<1>(), k, n, w, b, x, y); break;
      case 2: forward_rest(Count<2>(), k, n, w, b, x, y); break;
      case 3: forward_rest(Count<3>(), k, n, w, b, x, y); break;
      case 5: forward_rest(Count<5>(), k, n, w, b, x, y); break;
    }
  }

  template <class Previous>
  static DLAAW_MEMBER void backward_rest(Count<0>, int, int, int, const float*, const float*, const float*, float*) {}
  template <class Previous, int K>
  static DLAAW_MEMBER void backward_rest(Count<K>, int, int n, int m, const float* w, const float* x, const float* dz, float* dx) {
    Calls::template backward<K, Previous>(n, m, w, x, dz, dx);
  }
  template <class Previous>
  static DLAAW_MEMBER void backward_rest(Variable, int k, int n, int m, const float* w, const float* x, const float* dz, float* dx) {
    switch (k) {
      case 1: backward_rest<Previous>(Count<1>(), k, n, m, w, x, dz, dx); break;
      case 2: backward_rest<Previous>(Count<2>(), k, n, m, w, x, dz, dx); break;
      case 3: backward_rest<Previous>(Count<3>(), k, n, m, w, x, dz, dx); break;
      case 5: backward_rest<Previous>(Count<5>(), k, n, m, w, x, dz, dx); break;
    }
  }

  static DLAAW_MEMBER void gradient_rest(Count<0>, int, int, const float*, const float*, float*, int, bool) {}
  template <int K>
  static DLAAW_MEMBER void gradient_rest(Count<K>, int, int n, const float* x, const float* dz, float* g, int rows, bool fresh) {
    Calls::template gradient<K>(n, 1, x, dz, g, rows, fresh);
  }
  static DLAAW_MEMBER void gradient_rest(Variable, int k, int n, const float* x, const float* dz, float* g, int rows, bool fresh) {
    switch (k) {
      case 1: gradient_rest(Count<1>(), k, n, x, dz, g, rows, fresh); break;
      case 2: gradient_rest(Count<2>(), k, n, x, dz, g, rows, fresh); break;
      case 3: gradient_rest(Count<3>(), k, n, x, dz, g, rows, fresh); break;
      case 5: gradient_rest(Count<5>(), k, n, x, dz, g, rows, fresh); break;
    }
  }
};

}  // namespace dlaaw
