// The layers of a large network, one after another, by a team of blocks that trains one trial.
//
// What goes between layers lies in global memory, in tiles of TILE rows: y and dz [tiles][units][TILE] of each layer.
// A phase is shared out to the blocks as items, whose number follows from sizes alone; between phases stands a team's
// barrier. A Linear layer's items are products (products.cuh); layers that work on each number by itself have blocks
// of cells; batch normalization has units, each with all rows of the batch; what works on a row has strips of 16 rows.
//
// The end of a network, behind the last layer that needs more than a strip, is one phase with the loss, and a narrow
// last Linear layer belongs to it too, with its delta. Layers of the end lie in one block of a tile with the layer
// before them, as network.cuh wants them.
//
// Launch contract: WIDE_THREADS threads; WIDE_FLOATS floats of shared memory; all blocks of a team at once.
#pragma once
#include "../layers/batchnorm1d.cuh"
#include "../layers/dropout.cuh"
#include "../layers/linear.cuh"
#include "../network.cuh"
#include "../products.cuh"
#include "data.cuh"

namespace dlaaw {

constexpr int STRIP = LANES;  // rows
constexpr int CELLS = 32;     // units of an item of cells
// Of a last Linear layer that is done by strips.
#ifndef DLAAW_WIDE_NARROW
#define DLAAW_WIDE_NARROW 32
#endif
constexpr int NARROW_OUT = DLAAW_WIDE_NARROW, NARROW_IN = 1024;
static_assert(TILE % STRIP == 0 && WIDE_THREADS % TILE == 0, "");

// The blocks that work together.
struct Crew {
  int member, team;
  int* state;
  // The first of this member's items, where `before` items have been shared out in this phase.
  DLAAW_MEMBER int first(long long before) const {
    const int place = (int)((member - before) % team);
    return place < 0 ? place + team : place;
  }
  DLAAW_MEMBER void barrier() const { team_barrier(state, team); }
};

// The rows that are on their way through the network.
struct Flow {
  Crew crew;
  Pass pass;            // row: place of the first one
  int rows, strips;     // that count, and in strips
  long long capacity;   // rows that there is room for: whole tiles
  float* buffers;       // [2 * batch_units]
  float* t;             // [capacity] labels
  DLAAW_MEMBER int whole() const { return strips * STRIP; }
  DLAAW_MEMBER int tiles() const { return (rows + TILE - 1) / TILE; }
  DLAAW_MEMBER Pass strip(int s) const {
    const int left = rows - s * STRIP;
    return {pass.training, pass.dropout_key, pass.row + s * STRIP, left < STRIP ? left : STRIP};
  }
};

DLAAW_FN Place with_pass(const Place& at, const Pass* pass) { return {at.sizes, at.options, at.w, at.statistics, at.buffers, pass, at.before}; }

// What stands before a layer, the data too: how its activation is undone. Layers that differ in their sizes alone are one
// type, so that they share code.
template <class Previous>
struct Undone : Previous {
  static constexpr bool IS_DATA = false;
};
struct NotUndone : LayerDefaults {
  static constexpr bool IS_DATA = false;
};
struct Data : LayerDefaults {
  static constexpr bool IS_DATA = true;
};
template <class Previous>
struct BeforeOf {
  using type = Undone<Previous>;
};
template <>
struct BeforeOf<Input> {
  using type = Data;
};
template <int IN, int OUT, class Activation>
struct BeforeOf<Linear<IN, OUT, Activation>> {
  using type = Undone<Linear<0, 0, Activation>>;
};
template <int IN, int OUT>
struct BeforeOf<Linear<IN, OUT, Identity>> {
  using type = NotUndone;
};
template <class Previous>
using Before = typename BeforeOf<Previous>::type;

// Shares cells (unit u, row r of the flow) of all tiles out: work(u, r).
template <class Work>
DLAAW_FN void each_cell(const Flow& flow, int units, const Work& work) {
  const int blocks = (units + CELLS - 1) / CELLS;
  for (int item = flow.crew.first(0); item < flow.tiles() * blocks; item += flow.crew.team) {
    const int row = item / blocks * TILE + thread() % TILE, from = item % blocks * CELLS;
    const int to = from + CELLS < units ? from + CELLS : units;
    if (row >= flow.whole()) continue;
    for (int u = from + thread() / TILE; u < to; u += WIDE_THREADS / TILE) work.cell(u, row);
  }
}

// A layer that works on rows, strip by strip.
template <class Layer>
struct WideLayer {
  static constexpr bool WHOLE = false;     // needs more than a strip
  static constexpr bool LINEAR = false;
  static DLAAW_MEMBER bool is_narrow(const int*) { return false; }
  static DLAAW_OUTLINED void forward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y) {
    for (int s = flow.crew.first(0); s < flow.strips; s += flow.crew.team) {
      const Pass pass = flow.strip(s);
      for (int r = thread(); r < STRIP; r += WIDE_THREADS) {
        Layer::forward(with_pass(at, &pass), x.row(s * STRIP), TILE, y.row(s * STRIP), r);
      }
    }
  }
  template <class Previous>
  static DLAAW_OUTLINED void backward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y, const Tiled& dz, const Tiled& dx) {
    for (int s = flow.crew.first(0); s < flow.strips; s += flow.crew.team) {
      const Pass pass = flow.strip(s);
      for (int r = thread(); r < STRIP; r += WIDE_THREADS) {
        const int row = s * STRIP;
        Layer::template backward<Previous>(with_pass(at, &pass), x.row(row), y.row(row), dz.row(row), dx.row(row), r);
      }
    }
  }
  static DLAAW_MEMBER int gradient_items(const int*, int) { return 0; }
  template <class Sink>
  static DLAAW_MEMBER void gradient(const Flow&, const Place&, const Tiled&, const Tiled&, const Sink&, long long) {}
};

template <int N, class A>
struct WideLayer<Elementwise<N, A>> : WideLayer<LayerDefaults> {
  using Layer = Elementwise<N, A>;
  struct Forwards {
    const Place& at;
    const Tiled &x, &y;
    DLAAW_MEMBER void cell(int u, int r) const { y.row(r)[u * TILE] = A::forward(x.row(r)[u * TILE], at.options); }
  };
  template <class Previous>
  struct Backwards {
    const Place& at;
    const Tiled &x, &dz, &dx;
    DLAAW_MEMBER void cell(int u, int r) const {
      const float v = x.row(r)[u * TILE], d = dz.row(r)[u * TILE];
      dx.row(r)[u * TILE] = Previous::derivative(v, A::FROM_OUTPUT ? d : A::backward(v, d, at.options), at.options - Previous::OPTIONS);
    }
  };
  static DLAAW_OUTLINED void forward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y) {
    each_cell(flow, Layer::in(at.sizes), Forwards{at, x, y});
  }
  template <class Previous>
  static DLAAW_OUTLINED void backward(const Flow& flow, const Place& at, const Tiled& x, const Tiled&, const Tiled& dz, const Tiled& dx) {
    each_cell(flow, Layer::in(at.sizes), Backwards<Previous>{at, x, dz, dx});
  }
};

template <int N>
struct WideLayer<Dropout<N>> : WideLayer<LayerDefaults> {
  using Layer = Dropout<N>;
  struct Forwards {
    const Place& at;
    const Tiled &x, &y;
    DLAAW_MEMBER void cell(int u, int r) const {
      const float v = x.row(r)[u * TILE];
      y.row(r)[u * TILE] = at.pass->training ? v * Layer::mask(at, u, r) : v;
    }
  };
  template <class Previous>
  struct Backwards {
    const Place& at;
    const Tiled &x, &dz, &dx;
    DLAAW_MEMBER void cell(int u, int r) const {
      const float d = dz.row(r)[u * TILE] * Layer::mask(at, u, r);
      dx.row(r)[u * TILE] = Previous::derivative(x.row(r)[u * TILE], d, at.options - Previous::OPTIONS);
    }
  };
  static DLAAW_OUTLINED void forward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y) {
    each_cell(flow, Layer::in(at.sizes), Forwards{at, x, y});
  }
  template <class Previous>
  static DLAAW_OUTLINED void backward(const Flow& flow, const Place& at, const Tiled& x, const Tiled&, const Tiled& dz, const Tiled& dx) {
    each_cell(flow, Layer::in(at.sizes), Backwards<Previous>{at, x, dz, dx});
  }
};

// The moments of a unit: one item has STRIP units, a thread every LANES-th row of one of them.
template <int N>
struct WideLayer<BatchNorm1d<N>> : WideLayer<LayerDefaults> {
  using Layer = BatchNorm1d<N>;
  static constexpr bool WHOLE = true;
  static_assert(WIDE_THREADS / LANES == STRIP, "");

  struct Predicts {
    const Place& at;
    const Tiled &x, &y;
    int n;
    DLAAW_MEMBER void cell(int u, int r) const {
      const float scale = 1.0f / scalar_sqrt(at.buffers[n + u] + at.options[0]);
      y.row(r)[u * TILE] = fma(at.w[u], (x.row(r)[u * TILE] - at.buffers[u]) * scale, at.w[n + u]);
    }
  };

  static DLAAW_OUTLINED void forward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y) {
    const int n = Layer::in(at.sizes), lane = thread() % LANES;
    if (!at.pass->training) {
      each_cell(flow, n, Predicts{at, x, y, n});
      return;
    }
    for (int item = flow.crew.first(0); item * STRIP < n; item += flow.crew.team) {
      const int k = item * STRIP + thread() / LANES;
      double first = 0.0, second = 0.0;
      for (int r = lane; k < n && r < flow.rows; r += LANES) {
        const double v = (double)x.row(r)[k * TILE];
        first += v;
        second += v * v;
      }
      means(flow, &first, &second);
      if (k >= n) continue;
      const double spread = second - first * first, variance = spread > 0.0 || spread != spread ? spread : 0.0;
      const float mean = (float)first, scale = 1.0f / scalar_sqrt((float)variance + at.options[0]);
      if (lane == 0) {
        at.statistics[k] = mean;
        at.statistics[n + k] = scale;
        float* kept = flow.buffers + (at.buffers - flow.buffers);
        const float keep = 1.0f - at.options[1];
        const double unbiased = flow.rows > 1 ? variance * ((double)flow.rows / (double)(flow.rows - 1)) : variance;
        kept[k] = keep * kept[k] + at.options[1] * mean;
        kept[n + k] = keep * kept[n + k] + at.options[1] * (float)unbiased;
      }
      for (int r = lane; r < flow.whole(); r += LANES) {
        y.row(r)[k * TILE] = fma(at.w[k], (x.row(r)[k * TILE] - mean) * scale, at.w[n + k]);
      }
    }
  }

  template <class Previous>
  static DLAAW_OUTLINED void backward(const Flow& flow, const Place& at, const Tiled& x, const Tiled&, const Tiled& dz, const Tiled& dx) {
    const int n = Layer::in(at.sizes), lane = thread() % LANES;
    for (int item = flow.crew.first(0); item * STRIP < n; item += flow.crew.team) {
      const int k = item * STRIP + thread() / LANES;
      const float mean = k < n ? at.statistics[k] : 0.0f, scale = k < n ? at.statistics[n + k] : 0.0f;
      double first = 0.0, second = 0.0;
      for (int r = lane; k < n && r < flow.rows; r += LANES) {
        const double d = (double)dz.row(r)[k * TILE];
        first += d;
        second += d * (double)((x.row(r)[k * TILE] - mean) * scale);
      }
      means(flow, &first, &second);
      if (k >= n) continue;
      const float mean_dy = (float)first, mean_dyh = (float)second, factor = at.w[k] * scale;
      if (lane == 0) {
        at.statistics[2 * n + k] = mean_dy;
        at.statistics[3 * n + k] = mean_dyh;
      }
      for (int r = lane; r < flow.whole(); r += LANES) {
        const float v = x.row(r)[k * TILE], h = (v - mean) * scale;
        const float d = r < flow.rows ? factor * (dz.row(r)[k * TILE] - mean_dy - h * mean_dyh) : 0.0f;
        if (!Previous::IS_DATA) dx.row(r)[k * TILE] = Previous::derivative(v, d, at.options - Previous::OPTIONS);
      }
    }
  }

  // Their sums are the means that `backward` left: no rows are read again.
  static DLAAW_MEMBER int gradient_items(const int*, int) { return 1; }
  template <class Sink>
  static DLAAW_OUTLINED void gradient(const Flow& flow, const Place& at, const Tiled&, const Tiled&, const Sink& sink, long long before) {
    const int n = Layer::in(at.sizes);
    if (flow.crew.first(before) != 0) return;
    for (int chunk = 0; chunk < sink.chunks; ++chunk) {
      for (int k = thread(); k < n; k += WIDE_THREADS) {
        const float rows = chunk == 0 ? (float)flow.rows : 0.0f;
        sink.put(at.w + k, at.statistics[3 * n + k] * rows, chunk);
        sink.put(at.w + n + k, at.statistics[2 * n + k] * rows, chunk);
      }
    }
  }

 private:
  // Sums of all lanes of the thread's unit, divided by the rows.
  static DLAAW_MEMBER void means(const Flow& flow, double* first, double* second) {
    double* sums = (double*)wide_shared();
    block_barrier();
    sums[2 * thread()] = *first;
    sums[2 * thread() + 1] = *second;
    block_barrier();
    const double* mine = sums + 2 * (thread() / LANES * LANES);
    *first = *second = 0.0;
    for (int lane = 0; lane < LANES; ++lane) {
      *first += mine[2 * lane];
      *second += mine[2 * lane + 1];
    }
    *first /= (double)flow.rows;
    *second /= (double)flow.rows;
  }
};

// A Linear layer's numbers: functions take them as arguments, so that layers share code.
struct LinearSizes {
  int n, m;              // inputs, outputs
  const float* w;        // [m][n], then biases [m]
  const float* options;  // of what is applied to what comes out
};

template <class Activation>
struct LinearForward {
  Tiled y;
  LinearSizes of;
  int rows;
  DLAAW_MEMBER void four(int r, int o, const Four& sums) const {
    if (r >= rows || o >= of.m) return;
    const float bias = of.w[(long long)of.m * of.n + o];
    Four v;
    DLAAW_UNROLL
    for (int i = 0; i < 4; ++i) v.v[i] = Activation::forward(sums.v[i] + bias, of.options);
    *(Four*)(y.row(r) + o * TILE) = v;
  }

  template <class S>
  static DLAAW_OUTLINED void items(const Flow& flow, const LinearSizes& of, const Tiled& x, const Tiled& y) {
    const int across = (flow.whole() + S::M - 1) / S::M, items = across * ((of.m + S::N - 1) / S::N);
    for (int item = flow.crew.first(0); item < items; item += flow.crew.team) {
      product<S>(RowsOfTiles{x, flow.whole(), of.n}, item % across * S::M, OutputsOfWeights{of.w, of.m, of.n},
                 item / across * S::N, 0, of.n, LinearForward{y, of, flow.whole()});
    }
  }
  static DLAAW_OUTLINED void strip(const Flow& flow, const LinearSizes& of, const Tiled& x, const Tiled& y, int s) {
    for (int o = 0; o < of.m; o += Tiny::N) {
      product<Tiny>(RowsOfTiles{x, flow.whole(), of.n}, s * STRIP, OutputsOfWeights{of.w, of.m, of.n}, o, 0, of.n, LinearForward{y, of, flow.whole()});
    }
  }
};

// Previous: the layer that put out x; its derivative is applied as dx is written.
template <class Previous>
struct LinearBackward {
  Tiled x, dx;
  LinearSizes of;
  int rows;
  DLAAW_MEMBER void four(int r, int i, const Four& sums) const {
    if (r >= rows || i >= of.n) return;
    const Four before = *(const Four*)(x.row(r) + i * TILE);
    Four v;
    DLAAW_UNROLL
    for (int k = 0; k < 4; ++k) v.v[k] = Previous::derivative(before.v[k], sums.v[k], of.options);
    *(Four*)(dx.row(r) + i * TILE) = v;
  }

  template <class S>
  static DLAAW_OUTLINED void items(const Flow& flow, const LinearSizes& of, const Tiled& x, const Tiled& dz, const Tiled& dx) {
    const int across = (flow.whole() + S::M - 1) / S::M, items = across * ((of.n + S::N - 1) / S::N);
    for (int item = flow.crew.first(0); item < items; item += flow.crew.team) {
      product<S>(RowsOfTiles{dz, flow.whole(), of.m}, item % across * S::M, InputsOfWeights{of.w, of.m, of.n},
                 item / across * S::N, 0, of.m, LinearBackward{x, dx, of, flow.whole()});
    }
  }
  static DLAAW_OUTLINED void strip(const Flow& flow, const LinearSizes& of, const Tiled& x, const Tiled& dz, const Tiled& dx, int s) {
    for (int i = 0; i < of.n; i += Flat::N) {
      product<Flat>(RowsOfTiles{dz, flow.whole(), of.m}, s * STRIP, InputsOfWeights{of.w, of.m, of.n}, i, 0, of.m, LinearBackward{x, dx, of, flow.whole()});
    }
  }
};

template <class Sink>
struct LinearGradient {
  const Sink& sink;
  LinearSizes of;
  int chunk;
  DLAAW_MEMBER void four(int i, int o, const Four& sums) const {
    if (o >= of.m) return;
    DLAAW_UNROLL
    for (int k = 0; k < 4; ++k) {
      if (i + k < of.n) sink.put(of.w + (long long)o * of.n + i + k, sums.v[k], chunk);
    }
  }

  template <class S>
  static DLAAW_OUTLINED void items(const Flow& flow, const LinearSizes& of, const Tiled& x, const Tiled& dz, const Sink& sink, long long before) {
    const int across = (of.n + S::M - 1) / S::M, tiles = across * ((of.m + S::N - 1) / S::N);
    for (int item = flow.crew.first(before); item < tiles * sink.chunks; item += flow.crew.team) {
      const int chunk = item / tiles, at = item % tiles;
      product<S>(UnitsOfTiles{x, of.n}, at % across * S::M, UnitsOfTiles{dz, of.m}, at / across * S::N, sink.from(chunk, flow),
                 sink.to(chunk, flow), LinearGradient{sink, of, chunk});
    }
  }
  // STRIP units an item, a thread every LANES-th row of one of them.
  static DLAAW_OUTLINED void biases(const Flow& flow, const LinearSizes& of, const Tiled& dz, const Sink& sink, long long before) {
    const int groups = (of.m + STRIP - 1) / STRIP;
    for (int item = flow.crew.first(before); item < groups * sink.chunks; item += flow.crew.team) {
      const int chunk = item / groups, o = item % groups * STRIP + thread() / LANES, to = o < of.m ? sink.to(chunk, flow) : 0;
      float sum = 0.0f;
      DLAAW_UNROLL_SOME
      for (int r = sink.from(chunk, flow) + thread() % LANES; r < to; r += LANES) sum = sum + dz.row(r)[o * TILE];
      block_barrier();
      wide_shared()[thread()] = sum;
      block_barrier();
      if (thread() % LANES == 0 && o < of.m) {
        sink.put(of.w + (long long)of.m * of.n + o, lane_sum(wide_shared() + thread()), chunk);
      }
    }
  }
};

template <int IN, int OUT, class Activation>
struct WideLayer<Linear<IN, OUT, Activation>> : WideLayer<LayerDefaults> {
  using Layer = Linear<IN, OUT, Activation>;
  static constexpr bool WHOLE = true;
  static constexpr bool LINEAR = true;
  static DLAAW_MEMBER bool is_narrow(const int* sizes) { return Layer::out(sizes) <= NARROW_OUT && Layer::in(sizes) <= NARROW_IN; }
  static DLAAW_MEMBER LinearSizes of(const Place& at, const float* options) { return {Layer::in(at.sizes), Layer::out(at.sizes), at.w, options}; }

  static DLAAW_MEMBER void forward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y) {
    using Products = LinearForward<Activation>;
    const LinearSizes sizes = of(at, at.options);
    switch (shape_of(flow.whole(), sizes.m, sizes.n)) {
      case 0: Products::template items<Large>(flow, sizes, x, y); break;
      case 1: Products::template items<Medium>(flow, sizes, x, y); break;
      case 2: Products::template items<Small>(flow, sizes, x, y); break;
      default: Products::template items<Tiny>(flow, sizes, x, y); break;
    }
  }
  template <class Previous>
  static DLAAW_MEMBER void backward(const Flow& flow, const Place& at, const Tiled& x, const Tiled&, const Tiled& dz, const Tiled& dx) {
    using Products = LinearBackward<Previous>;
    const LinearSizes sizes = of(at, at.options - Previous::OPTIONS);
    switch (shape_of(flow.whole(), sizes.n, sizes.m)) {
      case 0: Products::template items<Large>(flow, sizes, x, dz, dx); break;
      case 1: Products::template items<Medium>(flow, sizes, x, dz, dx); break;
      case 2: Products::template items<Small>(flow, sizes, x, dz, dx); break;
      default: Products::template items<Tiny>(flow, sizes, x, dz, dx); break;
    }
  }
  static DLAAW_MEMBER int gradient_items(const int* sizes, int shape) { return items_of(shape, Layer::in(sizes), Layer::out(sizes)); }
  template <class Sink>
  static DLAAW_MEMBER void gradient(const Flow& flow, const Place& at, const Tiled& x, const Tiled& dz, const Sink& sink, long long before) {
    using Products = LinearGradient<Sink>;
    const LinearSizes sizes = of(at, at.options);
    switch (sink.shape) {
      case 0: Products::template items<Large>(flow, sizes, x, dz, sink, before); break;
      case 1: Products::template items<Medium>(flow, sizes, x, dz, sink, before); break;
      case 2: Products::template items<Small>(flow, sizes, x, dz, sink, before); break;
      default: Products::template items<Tiny>(flow, sizes, x, dz, sink, before); break;
    }
    Products::biases(flow, sizes, dz, sink, before + gradient_items(at.sizes, sink.shape) * sink.chunks);
  }

  // A strip of a narrow last layer, forwards and backwards.
  static DLAAW_MEMBER void strip_forward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y, int s) {
    LinearForward<Activation>::strip(flow, of(at, at.options), x, y, s);
  }
  template <class Previous>
  static DLAAW_MEMBER void strip_backward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& dz, const Tiled& dx, int s) {
    LinearBackward<Previous>::strip(flow, of(at, at.options - Previous::OPTIONS), x, dz, dx, s);
  }
};

// What a strip of a layer that is not Linear cannot do.
template <class Layer, bool LINEAR>
struct Strips {
  static DLAAW_MEMBER void forward(const Flow&, const Place&, const Tiled&, const Tiled&, int) {}
  template <class Previous>
  static DLAAW_MEMBER void backward(const Flow&, const Place&, const Tiled&, const Tiled&, const Tiled&, int) {}
};
template <class Layer>
struct Strips<Layer, true> {
  static DLAAW_MEMBER void forward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& y, int s) {
    WideLayer<Layer>::strip_forward(flow, at, x, y, s);
  }
  template <class Previous>
  static DLAAW_MEMBER void backward(const Flow& flow, const Place& at, const Tiled& x, const Tiled& dz, const Tiled& dx, int s) {
    WideLayer<Layer>::template strip_backward<Previous>(flow, at, x, dz, dx, s);
  }
};

// Whether layers need no more than a strip, all of them.
template <class... Layers>
struct Ends;
template <>
struct Ends<> {
  static constexpr bool VALUE = true;
};
template <class Head, class... Rest>
struct Ends<Head, Rest...> {
  static constexpr bool VALUE = !WideLayer<Head>::WHOLE && Ends<Rest...>::VALUE;
};

// Hands the outputs of the layers of the end, one behind another in their tiles, to `giving`.
template <class... Layers>
struct GiveEnd {
  template <class Giving>
  static DLAAW_MEMBER void give(const Giving&, const int*, int, const Tiled&) {}
};
template <class Head, class... Rest>
struct GiveEnd<Head, Rest...> {
  template <class Giving>
  static DLAAW_MEMBER void give(const Giving& giving, const int* sizes, int layer, const Tiled& y) {
    giving.layer(layer, Head::out(sizes), y);
    GiveEnd<Rest...>::give(giving, sizes + 1, layer + 1, Tiled{y.at + Head::out(sizes) * TILE, y.stride});
  }
};

// The layers from some place of a network on. `doing` of train_wide.cuh and predict_wide.cuh says what happens at the
// end: end and end_strip in training, infer_end forwards, and `beside`, what the blocks do in the same phase.
template <bool END, class... Layers>
struct WidePart;
template <class... Layers>
using Wide = WidePart<Ends<Layers...>::VALUE, Layers...>;

template <class Net>
struct WideOf;
template <class... Layers>
struct WideOf<Network<Layers...>> {
  using type = Wide<Layers...>;
};

// The end, maybe the loss alone.
template <class... Layers>
struct WidePart<true, Layers...> {
  using Net = Network<Layers...>;
  static DLAAW_MEMBER int gradient_items(const int*, int) { return 0; }
  template <class Previous, class Doing>
  static DLAAW_MEMBER void pass(Doing& doing, const Place& at, const Tiled& x, float*, const Tiled& dx, float*) {
    doing.template end<Net, Previous>(at, x, dx);
    doing.flow.crew.barrier();
  }
  template <class Previous, class Doing>
  static DLAAW_MEMBER void infer(Doing& doing, const Place& at, const Tiled& x, float*) {
    doing.template infer_end<Net, Previous>(at, x);
  }
  template <class Sink>
  static DLAAW_MEMBER void gradient(const Flow&, const Place&, const Tiled&, float*, float*, const Sink&, long long) {}
  template <class Previous, class Giving>
  static DLAAW_MEMBER void give(const Giving& giving, const int* sizes, int layer, const Tiled& x, float*) {
    GiveEnd<Layers...>::give(giving, sizes, layer, Tiled{x.at + Previous::out(sizes - 1) * TILE, x.stride});
  }
};

template <class Head, class... Rest>
struct WidePart<false, Head, Rest...> {
  using Tail = Wide<Rest...>;
  using Here = WideLayer<Head>;
  static constexpr bool LAST = Ends<Rest...>::VALUE;

  // Units in a tile of this layer: those of the end lie with it, if it is the last before the end.
  static DLAAW_MEMBER int block(const int* sizes) { return Head::out(sizes) + (LAST ? Network<Rest...>::units(sizes + 1) : 0); }
  static DLAAW_MEMBER int gradient_items(const int* sizes, int shape) {
    return Here::gradient_items(sizes, shape) + Tail::gradient_items(sizes + 1, shape);
  }

  // Forward, loss and backward of a batch: x, y of this layer and those behind it; dx, dz: their deltas.
  template <class Previous, class Doing>
  static DLAAW_MEMBER void pass(Doing& doing, const Place& at, const Tiled& x, float* y, const Tiled& dx, float* dz) {
    const Flow& flow = doing.flow;
    const Place next = at.template next<Head>();
    const long long stride = (long long)block(at.sizes) * TILE, whole = block(at.sizes) * flow.capacity;
    const Tiled out = {y, stride}, delta = {dz, stride};
    if (Here::LINEAR && LAST && !Before<Previous>::IS_DATA && Here::is_narrow(at.sizes)) {
      for (int s = flow.crew.first(0); s < flow.strips; s += flow.crew.team) {
        Strips<Head, Here::LINEAR && LAST>::forward(flow, at, x, out, s);
        block_barrier();
        doing.template end_strip<Network<Rest...>, Head>(next, out, delta, s);
        block_barrier();
        Strips<Head, Here::LINEAR && LAST>::template backward<Before<Previous>>(flow, at, x, delta, dx, s);
      }
      doing.beside(flow.strips);
      flow.crew.barrier();
      return;
    }
    Here::forward(flow, at, x, out);
    flow.crew.barrier();
    Tail::template pass<Head>(doing, next, out, y + whole, delta, dz + whole);
    if (Before<Previous>::IS_DATA && !Head::BATCH) return;
    Here::template backward<Before<Previous>>(flow, at, x, out, delta, dx);
    flow.crew.barrier();
  }

  // Forward only.
  template <class Previous, class Doing>
  static DLAAW_MEMBER void infer(Doing& doing, const Place& at, const Tiled& x, float* y) {
    const Tiled out = {y, (long long)block(at.sizes) * TILE};
    Here::forward(doing.flow, at, x, out);
    doing.flow.crew.barrier();
    Tail::template infer<Head>(doing, at.template next<Head>(), out, y + block(at.sizes) * doing.flow.capacity);
  }

  template <class Sink>
  static DLAAW_MEMBER void gradient(const Flow& flow, const Place& at, const Tiled& x, float* y, float* dz, const Sink& sink, long long before) {
    const long long stride = (long long)block(at.sizes) * TILE, whole = block(at.sizes) * flow.capacity;
    Here::gradient(flow, at, x, Tiled{dz, stride}, sink, before);
    Tail::gradient(flow, at.template next<Head>(), Tiled{y, stride}, y + whole, dz + whole, sink,
                   before + Here::gradient_items(at.sizes, sink.shape) * sink.chunks);
  }

  // Hands each layer's outputs to `giving`.
  template <class Previous, class Giving>
  static DLAAW_MEMBER void give(const Giving& giving, const int* sizes, int layer, const Tiled&, float* y) {
    const Tiled out = {y, (long long)block(sizes) * TILE};
    giving.layer(layer, Head::out(sizes), out);
    Tail::template give<Head>(giving, sizes + 1, layer + 1, out, y + block(sizes) * giving.flow.capacity);
  }
};

// Rows `begin` on, into tiles x [features][TILE] and t: normalized, in the order of the epoch, zeros behind the last.
static DLAAW_OUTLINED void load_rows(const Crew& crew, const Rows& rows, int features, const Shuffle& order, long long begin,
                                     int count, float* x, float* t, long long before) {
  const int blocks = (features + CELLS - 1) / CELLS, tiles = (count + TILE - 1) / TILE;
  for (int item = crew.first(before); item < tiles * blocks; item += crew.team) {
    const int r = item / blocks * TILE + thread() % TILE, from = item % blocks * CELLS;
    const int to = from + CELLS < features ? from + CELLS : features;
    const long long place = r < count ? shuffled(order, begin + r) : 0;
    const long long row = place < rows.gap_begin ? place : place + rows.gap_length;
    float* tile = x + (long long)(item / blocks) * features * TILE + thread() % TILE;
    DLAAW_UNROLL_SOME
    for (int i = from + thread() / TILE; i < to; i += WIDE_THREADS / TILE) {
      const float value = r < count ? rows.x[i * rows.stride + row] : 0.0f;
      tile[i * TILE] = rows.offset && r < count ? (value - rows.offset[i]) * rows.scale[i] : value;
    }
    if (from == 0 && thread() < TILE) t[r] = r < count && rows.t ? rows.t[row] : 0.0f;
  }
}

}  // namespace dlaaw
