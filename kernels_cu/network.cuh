// A network as a chain of layers, put together when compiling: Network<Linear<5, 3, ReLU>, Linear<3, 1, Sigmoid>>.
//
// A layer type has: in, out, parameters (numbers, from `sizes` where they are variable), forward, backward,
// derivative and gradient; layers/linear.cuh says what each writes. A tile holds, for each layer, its
// outputs y and their deltas dz, both [units][TILE]. Parameters of all layers lie one after another.
#pragma once
#include "platform.cuh"

namespace dlaaw {

// An activation that does not follow a Linear layer: y = F(x), unit by unit. No parameters.
template <int N, class Activation>
struct Elementwise {
  static DLAAW_MEMBER int in(const int* sizes) { return N > 0 ? N : sizes[0]; }
  static DLAAW_MEMBER int out(const int* sizes) { return in(sizes); }
  static DLAAW_MEMBER int parameters(const int*) { return 0; }
  static DLAAW_MEMBER vfloat derivative(vfloat y, vfloat dy) { return Activation::backward(y, dy); }

  static DLAAW_MEMBER void forward(const int* sizes, const float*, const float* x, int stride, float* y, int r) {
    const int cells = in(sizes);
    for (int i = 0; i < cells; ++i) {
      for (int v = 0; v < ROW_GROUP; v += WIDTH) {
        store(y + i * TILE + r + v, Activation::forward(load(x + i * stride + r + v)));
      }
    }
  }

  template <class Previous>
  static DLAAW_MEMBER void backward(const int* sizes, const float*, const float* x, const float* dz, float* dx, int r) {
    const int cells = in(sizes);
    for (int i = 0; i < cells; ++i) {
      for (int v = 0; v < ROW_GROUP; v += WIDTH) {
        const int at = i * TILE + r + v;
        store(dx + at, Previous::derivative(load(x + at), load(dz + at)));
      }
    }
  }

  static DLAAW_MEMBER void gradient(const int*, const float*, int, const float*, float*, int, bool) {}
};

// What stands before the first layer: the data, whose delta nobody needs.
struct Input {};

// The outputs of the layer Head.
template <class Head>
struct Forward {
  static DLAAW_STEP void run(const int* sizes, const float* w, const float* x, int stride, float* y, int whole) {
    for (int r = thread() * ROW_GROUP; r < whole; r += threads() * ROW_GROUP) Head::forward(sizes, w, x, stride, y, r);
  }
};

// dx of the layer Head, unless it is the first.
template <class Head, class Previous>
struct Backward {
  static DLAAW_STEP void run(const int* sizes, const float* w, const float* x, const float* dz, float* dx, int whole) {
    for (int r = thread() * ROW_GROUP; r < whole; r += threads() * ROW_GROUP) {
      Head::template backward<Previous>(sizes, w, x, dz, dx, r);
    }
  }
};
template <class Head>
struct Backward<Head, Input> {
  static DLAAW_MEMBER void run(const int*, const float*, const float*, const float*, float*, int) {}
};

// Floats that the delta of what comes in takes in a tile.
template <class Head, class Previous>
struct DeltaSize {
  static DLAAW_MEMBER int floats(const int* sizes) { return Head::in(sizes) * TILE; }
};
template <class Head>
struct DeltaSize<Head, Input> {
  static DLAAW_MEMBER int floats(const int*) { return 0; }
};

// What a row needs at the end of the chain: its label, its share of the batch's mean, whether it counts.
struct Labels {
  const float* t;   // [TILE], labels of the tile
  float* cost;      // [TILE], the loss of each row is written here if `report`
  float share;      // 1 / rows of the batch
  int rows;         // rows of the tile that count
  bool report;
};

template <class... Layers>
struct Network;

// The end of the chain: the loss and its delta.
template <>
struct Network<> {
  static DLAAW_MEMBER int parameters(const int*) { return 0; }
  static DLAAW_MEMBER int units(const int*) { return 0; }
  static DLAAW_MEMBER int out(const int* sizes) { return sizes[0]; }
  static DLAAW_MEMBER void forward(const int*, const float*, const float*, int, float*, int) {}

  template <class Loss, class Previous>
  static DLAAW_MEMBER void rows(const int*, const float*, const float* y, int, float*, float* dz, const Labels& labels, int whole) {
    for (int v = thread() * WIDTH; v < whole; v += threads() * WIDTH) {
      const vfloat p = load(y + v), t = load(labels.t + v);
      if (labels.report) store(labels.cost + v, Loss::value(p, t));
      const vfloat d = Previous::derivative(p, Loss::gradient(p, t) * labels.share);
      store(dz + v, select(lane_index() + v < labels.rows, d, broadcast(0.0f)));
    }
  }

  static DLAAW_MEMBER void gradient(const int*, const float*, int, const float*, const float*, float*, int, bool) {}
};

template <class Head, class... Rest>
struct Network<Head, Rest...> {
  using Tail = Network<Rest...>;

  static DLAAW_MEMBER int in(const int* sizes) { return Head::in(sizes); }
  static DLAAW_MEMBER int parameters(const int* sizes) { return Head::parameters(sizes) + Tail::parameters(sizes + 1); }
  // Units of all layers' outputs together.
  static DLAAW_MEMBER int units(const int* sizes) { return Head::out(sizes) + Tail::units(sizes + 1); }

  // x: what comes in, `stride` floats from one unit to the next; y: outputs of all layers, one after another.
  // A thread keeps to its own rows. whole: rows of the tile, rounded up to LANES.
  static DLAAW_MEMBER void forward(const int* sizes, const float* w, const float* x, int stride, float* y, int whole) {
    Forward<Head>::run(sizes, w, x, stride, y, whole);
    Tail::forward(sizes + 1, w + Head::parameters(sizes), y, TILE, y + Head::out(sizes) * TILE, whole);
  }

  // Forward, loss and backward of a tile. A thread keeps to its own rows, so there is no barrier on the way; each
  // layer is a loop of its own, so that a CPU has many independent rows in flight.
  // dx: the delta of what comes in, with those of all outputs behind it; of the first layer those of its output on.
  template <class Loss, class Previous>
  static DLAAW_MEMBER void rows(const int* sizes, const float* w, const float* x, int stride, float* y, float* dx,
                                const Labels& labels, int whole) {
    float* dz = dx + DeltaSize<Head, Previous>::floats(sizes);
    Forward<Head>::run(sizes, w, x, stride, y, whole);
    Tail::template rows<Loss, Head>(sizes + 1, w + Head::parameters(sizes), y, TILE, y + Head::out(sizes) * TILE, dz, labels, whole);
    Backward<Head, Previous>::run(sizes, w, x, dz, dx, whole);
  }

  // Gradient sums of the tile; dz as `rows` of the first layer left it.
  static DLAAW_MEMBER void gradient(const int* sizes, const float* x, int stride, const float* y, const float* dz,
                                    float* g, int rows, bool fresh) {
    Head::gradient(sizes, x, stride, dz, g, rows, fresh);
    Tail::gradient(sizes + 1, y, TILE, y + Head::out(sizes) * TILE, dz + Head::out(sizes) * TILE,
                   g + Head::parameters(sizes) * LANES, rows, fresh);
  }
};

}  // namespace dlaaw
