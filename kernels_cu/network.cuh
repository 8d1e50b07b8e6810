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

  static DLAAW_MEMBER void forward(const int* sizes, const float*, const float* x, float* y, int r) {
    const int cells = in(sizes);
    for (int i = 0; i < cells; ++i) {
      for (int v = 0; v < ROW_GROUP; v += WIDTH) {
        const int at = i * TILE + r + v;
        store(y + at, Activation::forward(load(x + at)));
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

  static DLAAW_MEMBER void gradient(const int*, const float*, const float*, float*, int, bool) {}
};

// What stands before the first layer: the data, whose delta nobody needs.
struct Input {};

// dx of the layer Head, unless it is the first.
template <class Head, class Previous>
struct Backward {
  static DLAAW_MEMBER void run(const int* sizes, const float* w, const float* x, const float* dz, float* dx, int whole) {
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
  static DLAAW_MEMBER void forward(const int*, const float*, const float*, float*, int) {}

  template <class Loss, class Previous>
  static DLAAW_MEMBER void rows(const int*, const float*, const float* y, float* dz, const Labels& labels, int whole) {
    for (int v = thread() * WIDTH; v < whole; v += threads() * WIDTH) {
      const vfloat p = load(y + v), t = load(labels.t + v);
      if (labels.report) store(labels.cost + v, Loss::value(p, t));
      const vfloat d = Previous::derivative(p, Loss::gradient(p, t) * labels.share);
      store(dz + v, select(lane_index() + v < labels.rows, d, broadcast(0.0f)));
    }
  }

  static DLAAW_MEMBER void gradient(const int*, const float*, const float*, float*, int, bool) {}
};

template <class Head, class... Rest>
struct Network<Head, Rest...> {
  using Tail = Network<Rest...>;

  static DLAAW_MEMBER int in(const int* sizes) { return Head::in(sizes); }
  static DLAAW_MEMBER int parameters(const int* sizes) { return Head::parameters(sizes) + Tail::parameters(sizes + 1); }
  // Units of all layers' outputs together.
  static DLAAW_MEMBER int units(const int* sizes) { return Head::out(sizes) + Tail::units(sizes + 1); }

  // y: outputs of all layers, one after another; rows r to r + ROW_GROUP - 1 of the tile.
  static DLAAW_MEMBER void forward(const int* sizes, const float* w, const float* x, float* y, int r) {
    Head::forward(sizes, w, x, y, r);
    Tail::forward(sizes + 1, w + Head::parameters(sizes), y, y + Head::out(sizes) * TILE, r);
  }

  // Forward, loss and backward of a tile. A thread keeps to its own rows, so there is no barrier on the way; each
  // layer is a loop of its own, so that a CPU has many independent rows in flight. whole: rows, rounded up to LANES.
  // x: what comes in, with all outputs behind it; dx: its delta (of the first layer: of its output), likewise.
  template <class Loss, class Previous>
  static DLAAW_MEMBER void rows(const int* sizes, const float* w, float* x, float* dx, const Labels& labels, int whole) {
    float* y = x + Head::in(sizes) * TILE;
    float* dz = dx + DeltaSize<Head, Previous>::floats(sizes);
    for (int r = thread() * ROW_GROUP; r < whole; r += threads() * ROW_GROUP) Head::forward(sizes, w, x, y, r);
    Tail::template rows<Loss, Head>(sizes + 1, w + Head::parameters(sizes), y, dz, labels, whole);
    Backward<Head, Previous>::run(sizes, w, x, dz, dx, whole);
  }

  // Gradient sums of the tile; dz as `rows` of the first layer left it.
  static DLAAW_MEMBER void gradient(const int* sizes, const float* x, const float* dz, float* g, int rows, bool fresh) {
    Head::gradient(sizes, x, dz, g, rows, fresh);
    Tail::gradient(sizes + 1, x + Head::in(sizes) * TILE, dz + Head::out(sizes) * TILE,
                   g + Head::parameters(sizes) * LANES, rows, fresh);
  }
};

}  // namespace dlaaw
