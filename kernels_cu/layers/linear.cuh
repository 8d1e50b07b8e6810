// Linear layer (fully connected), with the activation that follows it, if any, fused in.
//
//   forward     y[o][r] = F(b[o] + sum_i W[o][i] x[i][r])         written with =
//   backward    dx[i][r] = P'(x[i][r]) sum_o W[o][i] dz[o][r]     written with =
//   gradient    dW[o][i] = sum_r dz[o][r] x[i][r], db[o] = sum_r dz[o][r]   accumulated with +=, by lanes
//
// dz is the loss's derivative by the value before the activation F; P is the activation before this layer.
// Shapes: x [IN][stride] (TILE, but for the data), y, dz [OUT][TILE], W [OUT][IN] then b [OUT] (PyTorch's layout), gradient
// sums [OUT * IN + OUT][LANE_STRIDE]; float32. forward and backward touch only row r of the calling thread;
// gradient reads all rows, so a barrier stands before and after it.
// Order of sums: inputs (outputs) upwards; rows upwards within a lane. Block sizes change no bit.
// Tolerance against the NumPy reference: 1e-5 relative for one pass.
#pragma once
#include "../elementwise.cuh"

namespace dlaaw {

struct Identity : OfOutput {
  static DLAAW_MEMBER vfloat forward(vfloat x, const float*) { return x; }
  static DLAAW_MEMBER vfloat backward(vfloat, vfloat dy, const float*) { return dy; }
};

// UNITS units of the layer for ROW_GROUP rows; w: their rows of W (n apart), b: their biases.
template <int UNITS, class Activation>
DLAAW_FN void forward_units(int n, const float* w, const float* b, const float* x, int stride, float* y, const float* o) {
  vfloat sum[UNITS][ROW_VECTORS];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) sum[k][v] = broadcast(b[k]);
  }
  DLAAW_UNROLL_SOME
  for (int i = 0; i < n; ++i) {
    vfloat xi[ROW_VECTORS];
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) xi[v] = in_register(load(x + i * stride + v * WIDTH));
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
    for (int v = 0; v < ROW_VECTORS; ++v) store(y + k * TILE + v * WIDTH, Activation::forward(sum[k][v], o));
  }
}

#if DLAAW_GPU
// The same where rows of W lie on multiples of four floats: four weights come in one access.
template <int UNITS, class Activation>
DLAAW_FN void forward_quads(int n, const float* w, const float* b, const float* x, int stride, float* y, const float* o) {
  float sum[UNITS];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) sum[k] = b[k];
  DLAAW_UNROLL_SOME
  for (int i = 0; i < n; i += 4) {
    float xi[4];
    DLAAW_UNROLL
    for (int j = 0; j < 4; ++j) xi[j] = x[(i + j) * stride];
    DLAAW_UNROLL
    for (int k = 0; k < UNITS; ++k) {
      const Quad wk = load_quad(w + k * n + i);
      DLAAW_UNROLL
      for (int j = 0; j < 4; ++j) sum[k] = fma(wk.v[j], xi[j], sum[k]);
    }
  }
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) y[k * TILE] = Activation::forward(sum[k], o);
}

// Four inputs, whose columns of W lie on multiples of four floats.
template <class Previous>
DLAAW_FN void backward_quads(int n, int m, const float* w, const float* x, const float* dz, float* dx, const float* o) {
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  DLAAW_UNROLL_SOME
  for (int unit = 0; unit < m; ++unit) {
    const float d = dz[unit * TILE];
    const Quad wk = load_quad(w + unit * n);
    DLAAW_UNROLL
    for (int k = 0; k < 4; ++k) sum[k] = fma(wk.v[k], d, sum[k]);
  }
  DLAAW_UNROLL
  for (int k = 0; k < 4; ++k) dx[k * TILE] = Previous::derivative(x[k * TILE], sum[k], o);
}
#endif

// UNITS inputs of the layer for ROW_GROUP rows; w: their columns of W.
template <int UNITS, class Previous>
DLAAW_FN void backward_units(int n, int m, const float* w, const float* x, const float* dz, float* dx, const float* o) {
  vfloat sum[UNITS][ROW_VECTORS];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < ROW_VECTORS; ++v) sum[k][v] = broadcast(0.0f);
  }
  DLAAW_UNROLL_SOME
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
      store(dx + at, Previous::derivative(load(x + at), sum[k][v], o));
    }
  }
}

// Vectors of lanes that one step of a sum over rows takes: few sums at a time would wait for each other.
DLAAW_FN constexpr int lane_vectors(int sums) { return LANES / WIDTH >= 2 && WIDTH > 1 && sums <= 4 ? 2 : 1; }

// The sums of UNITS x INPUTS weights, some vectors of lanes each.
template <int UNITS, int INPUTS>
DLAAW_FN void gradient_pairs(int n, const float* x, int stride, const float* dz, float* g, int rows, int lane, bool fresh) {
  constexpr int V = lane_vectors(UNITS * INPUTS);
  vfloat sum[UNITS][INPUTS][V];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int j = 0; j < INPUTS; ++j) {
      DLAAW_UNROLL
      for (int v = 0; v < V; ++v) {
        sum[k][j][v] = fresh ? broadcast(0.0f) : load(g + (k * n + j) * LANE_STRIDE + lane + v * WIDTH);
      }
    }
  }
  DLAAW_EACH_ROW_OF_LANE(r, lane, rows) {
    vfloat xj[INPUTS][V];
    DLAAW_UNROLL
    for (int j = 0; j < INPUTS; ++j) {
      DLAAW_UNROLL
      for (int v = 0; v < V; ++v) xj[j][v] = in_register(load(x + j * stride + r + v * WIDTH));
    }
    DLAAW_UNROLL
    for (int k = 0; k < UNITS; ++k) {
      DLAAW_UNROLL
      for (int v = 0; v < V; ++v) {
        const vfloat dzk = in_register(load(dz + k * TILE + r + v * WIDTH));
        DLAAW_UNROLL
        for (int j = 0; j < INPUTS; ++j) sum[k][j][v] = fma(dzk, xj[j][v], sum[k][j][v]);
      }
    }
  }
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int j = 0; j < INPUTS; ++j) {
      DLAAW_UNROLL
      for (int v = 0; v < V; ++v) store(g + (k * n + j) * LANE_STRIDE + lane + v * WIDTH, sum[k][j][v]);
    }
  }
}

// The sums of UNITS biases.
template <int UNITS>
DLAAW_FN void gradient_biases(const float* dz, float* g, int rows, int lane, bool fresh) {
  constexpr int V = lane_vectors(UNITS);
  vfloat sum[UNITS][V];
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < V; ++v) sum[k][v] = fresh ? broadcast(0.0f) : load(g + k * LANE_STRIDE + lane + v * WIDTH);
  }
  DLAAW_EACH_ROW_OF_LANE(r, lane, rows) {
    DLAAW_UNROLL
    for (int k = 0; k < UNITS; ++k) {
      DLAAW_UNROLL
      for (int v = 0; v < V; ++v) sum[k][v] = sum[k][v] + load(dz + k * TILE + r + v * WIDTH);
    }
  }
  DLAAW_UNROLL
  for (int k = 0; k < UNITS; ++k) {
    DLAAW_UNROLL
    for (int v = 0; v < V; ++v) store(g + k * LANE_STRIDE + lane + v * WIDTH, sum[k][v]);
  }
}

// UNITS units of `blocks` blocks against the inputs from `first` on, INPUTS at a time.
template <int UNITS, int INPUTS>
DLAAW_FN void gradient_inputs(int& turn, int n, int first, int count, int blocks, const float* x, int stride, const float* dz,
                              float* g, int rows, bool fresh) {
  DLAAW_EACH_LANE_OF(turn, o, i, lane, blocks, count, lane_vectors(UNITS * INPUTS)) {
    const int at = first + i * INPUTS;
    gradient_pairs<UNITS, INPUTS>(n, x + at * stride, stride, dz + o * UNITS * TILE, g + (o * UNITS * n + at) * LANE_STRIDE, rows,
                                  lane, fresh);
  }
}

// `blocks` times UNITS units against all inputs, and their biases gb.
template <int UNITS>
DLAAW_FN void gradient_units(int& turn, int n, int blocks, const float* x, int stride, const float* dz, float* g, float* gb, int rows, bool fresh) {
  constexpr int INPUTS = UNITS <= 2 ? 4 : 2;
  const int whole = n / INPUTS * INPUTS;
  gradient_inputs<UNITS, INPUTS>(turn, n, 0, n / INPUTS, blocks, x, stride, dz, g, rows, fresh);
  if (INPUTS > 2 && n - whole >= 2) gradient_inputs<UNITS, 2>(turn, n, whole, 1, blocks, x, stride, dz, g, rows, fresh);
  if (n % 2) gradient_inputs<UNITS, 1>(turn, n, n - 1, 1, blocks, x, stride, dz, g, rows, fresh);
  DLAAW_EACH_LANE_OF(turn, o, biases, lane, blocks, 1, lane_vectors(UNITS)) {
    gradient_biases<UNITS>(dz + o * UNITS * TILE, gb + o * UNITS * LANE_STRIDE, rows, lane, fresh);
  }
}

// Sizes that are constants are inlined and unrolled; variable ones share functions between the layers, which
// keeps compiling short.
template <bool CONSTANT>
struct Units {
  template <int UNITS, class Activation>
  static DLAAW_MEMBER void forward(int n, const float* w, const float* b, const float* x, int stride, float* y, const float* o) {
    forward_units<UNITS, Activation>(n, w, b, x, stride, y, o);
  }
  template <int UNITS, class Previous>
  static DLAAW_MEMBER void backward(int n, int m, const float* w, const float* x, const float* dz, float* dx, const float* o) {
    backward_units<UNITS, Previous>(n, m, w, x, dz, dx, o);
  }
  template <int UNITS>
  static DLAAW_MEMBER void gradient(int& turn, int n, int blocks, const float* x, int stride, const float* dz, float* g, float* gb, int rows, bool fresh) {
    gradient_units<UNITS>(turn, n, blocks, x, stride, dz, g, gb, rows, fresh);
  }
};
template <>
struct Units<false> {
  template <int UNITS, class Activation>
  static DLAAW_OUTLINED void forward(int n, const float* w, const float* b, const float* x, int stride, float* y, const float* o) {
    forward_units<UNITS, Activation>(n, w, b, x, stride, y, o);
  }
  template <int UNITS, class Previous>
  static DLAAW_OUTLINED void backward(int n, int m, const float* w, const float* x, const float* dz, float* dx, const float* o) {
    backward_units<UNITS, Previous>(n, m, w, x, dz, dx, o);
  }
  template <int UNITS>
  static DLAAW_OUTLINED void gradient(int& turn, int n, int blocks, const float* x, int stride, const float* dz, float* g, float* gb, int rows, bool fresh) {
    gradient_units<UNITS>(turn, n, blocks, x, stride, dz, g, gb, rows, fresh);
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
struct Linear : LayerDefaults {
  static constexpr int OPTIONS = Activation::OPTIONS;
  using Calls = Units<(IN > 0)>;

  static DLAAW_MEMBER int in(const int* sizes) { return IN > 0 ? IN : sizes[0]; }
  static DLAAW_MEMBER int out(const int* sizes) { return OUT > 0 ? OUT : sizes[1]; }
  static DLAAW_MEMBER int parameters(const int* sizes) { return out(sizes) * (in(sizes) + 1); }

  static DLAAW_MEMBER vfloat derivative(vfloat y, vfloat dy, const float* o) { return Activation::backward(y, dy, o); }

  static DLAAW_MEMBER void forward(const Place& at, const float* x, int stride, float* y, int r) {
    const int n = in(at.sizes), m = out(at.sizes), full = m - rest_of(m);
    const float* w = at.w;
    const float* b = w + m * n;
    const float* option = at.options;
#if DLAAW_GPU
    if (IN > 0 && IN % 4 == 0 && at.quads()) {
      for (int o = 0; o < full; o += 4) {
        forward_quads<4, Activation>(n, w + o * n, b + o, x + r, stride, y + o * TILE + r, option);
      }
      forward_rest_quads(typename Rest<OUT>::type(), n, w + full * n, b + full, x + r, stride, y + full * TILE + r, option);
      return;
    }
#endif
    for (int o = 0; o < full; o += 4) {
      Calls::template forward<4, Activation>(n, w + o * n, b + o, x + r, stride, y + o * TILE + r, option);
    }
    forward_rest(typename Rest<OUT>::type(), m - full, n, w + full * n, b + full, x + r, stride, y + full * TILE + r, option);
  }

  // Previous: the layer that put out x; its derivative is applied as dx is written.
  template <class Previous>
  static DLAAW_MEMBER void backward(const Place& at, const float* x, const float*, const float* dz, float* dx, int r) {
    const int n = in(at.sizes), m = out(at.sizes), full = n - rest_of(n);
    const float* w = at.w;
    const float* option = at.options - Previous::OPTIONS;
#if DLAAW_GPU
    if (IN > 0 && IN % 4 == 0 && at.quads()) {
      for (int i = 0; i < n; i += 4) {
        backward_quads<Previous>(n, m, w + i, x + i * TILE + r, dz + r, dx + i * TILE + r, option);
      }
      return;
    }
#endif
    for (int i = 0; i < full; i += 4) {
      Calls::template backward<4, Previous>(n, m, w + i, x + i * TILE + r, dz + r, dx + i * TILE + r, option);
    }
    backward_rest<Previous>(typename Rest<IN>::type(), n - full, n, m, w + full, x + full * TILE + r, dz + r,
                            dx + full * TILE + r, option);
  }

  // rows: rows of the tile, rounded up to LANES (the deltas of rows beyond the last are 0).
  // fresh: the sums start from 0 instead of from what g holds.
  static DLAAW_STEP void gradient(const Place& at, const float* x, int stride, const float* dz, float* g, int rows, bool fresh) {
    const int n = in(at.sizes), m = out(at.sizes), full = m - rest_of(m);
    float* gb = g + m * n * LANE_STRIDE;
    int& turn = at.pass->turn;
    Calls::template gradient<4>(turn, n, full / 4, x, stride, dz, g, gb, rows, fresh);
    gradient_rest(typename Rest<OUT>::type(), turn, m - full, n, x, stride, dz + full * TILE, g + full * n * LANE_STRIDE,
                  gb + full * LANE_STRIDE, rows, fresh);
  }

 private:
#if DLAAW_GPU
  template <class Any>
  static DLAAW_MEMBER void forward_rest_quads(Any, int, const float*, const float*, const float*, int, float*, const float*) {}
  template <int K>
  static DLAAW_MEMBER void forward_rest_quads(Count<K>, int n, const float* w, const float* b, const float* x, int stride, float* y, const float* o) {
    if (K > 0) forward_quads<(K > 0 ? K : 1), Activation>(n, w, b, x, stride, y, o);
  }
#endif

  static DLAAW_MEMBER void forward_rest(Count<0>, int, int, const float*, const float*, const float*, int, float*, const float*) {}
  template <int K>
  static DLAAW_MEMBER void forward_rest(Count<K>, int, int n, const float* w, const float* b, const float* x, int stride, float* y, const float* o) {
    Calls::template forward<K, Activation>(n, w, b, x, stride, y, o);
  }
  static DLAAW_MEMBER void forward_rest(Variable, int k, int n, const float* w, const float* b, const float* x, int stride, float* y, const float* o) {
    switch (k) {
      case 1: forward_rest(Count<1>(), k, n, w, b, x, stride, y, o); break;
      case 2: forward_rest(Count<2>(), k, n, w, b, x, stride, y, o); break;
      case 3: forward_rest(Count<3>(), k, n, w, b, x, stride, y, o); break;
      case 5: forward_rest(Count<5>(), k, n, w, b, x, stride, y, o); break;
    }
  }

  template <class Previous>
  static DLAAW_MEMBER void backward_rest(Count<0>, int, int, int, const float*, const float*, const float*, float*, const float*) {}
  template <class Previous, int K>
  static DLAAW_MEMBER void backward_rest(Count<K>, int, int n, int m, const float* w, const float* x, const float* dz, float* dx, const float* o) {
    Calls::template backward<K, Previous>(n, m, w, x, dz, dx, o);
  }
  template <class Previous>
  static DLAAW_MEMBER void backward_rest(Variable, int k, int n, int m, const float* w, const float* x, const float* dz, float* dx, const float* o) {
    switch (k) {
      case 1: backward_rest<Previous>(Count<1>(), k, n, m, w, x, dz, dx, o); break;
      case 2: backward_rest<Previous>(Count<2>(), k, n, m, w, x, dz, dx, o); break;
      case 3: backward_rest<Previous>(Count<3>(), k, n, m, w, x, dz, dx, o); break;
      case 5: backward_rest<Previous>(Count<5>(), k, n, m, w, x, dz, dx, o); break;
    }
  }

  static DLAAW_MEMBER void gradient_rest(Count<0>, int&, int, int, const float*, int, const float*, float*, float*, int, bool) {}
  template <int K>
  static DLAAW_MEMBER void gradient_rest(Count<K>, int& turn, int, int n, const float* x, int stride, const float* dz, float* g, float* gb, int rows, bool fresh) {
    Calls::template gradient<K>(turn, n, 1, x, stride, dz, g, gb, rows, fresh);
  }
  static DLAAW_MEMBER void gradient_rest(Variable, int& turn, int k, int n, const float* x, int stride, const float* dz, float* g, float* gb, int rows, bool fresh) {
    switch (k) {
      case 1: gradient_rest(Count<1>(), turn, k, n, x, stride, dz, g, gb, rows, fresh); break;
      case 2: gradient_rest(Count<2>(), turn, k, n, x, stride, dz, g, gb, rows, fresh); break;
      case 3: gradient_rest(Count<3>(), turn, k, n, x, stride, dz, g, gb, rows, fresh); break;
      case 5: gradient_rest(Count<5>(), turn, k, n, x, stride, dz, g, gb, rows, fresh); break;
    }
  }
};

}  // namespace dlaaw
