// A network as a chain of layers, put together when compiling: Network<Linear<5, 3, ReLU>, Linear<3, 1, Sigmoid>>.
//
// A layer type has what LayerDefaults (place.cuh) lists, in, out and parameters (numbers, from `sizes` where they are
// variable), forward and backward, and, if BATCH, collect and settle; layers/linear.cuh says what each writes. A tile
// holds, for each layer, its outputs y and their deltas dz, both [units][TILE]. Parameters of all layers lie one after
// another, and so do options, statistics and buffers.
#pragma once
#include "loss.cuh"
#include "place.cuh"

namespace dlaaw {

// What stands before the first layer: the data, whose delta nobody needs.
struct Input {};

// The outputs of the layer Head.
template <class Head>
struct Forward {
  static DLAAW_STEP void run(const Place& at, const float* x, int stride, float* y, int whole) {
    DLAAW_EACH(r, ROW_GROUP, whole, TILE) Head::forward(at, x, stride, y, r);
  }
};

// dx of the layer Head, unless it is the first.
template <class Head, class Previous>
struct Backward {
  static DLAAW_STEP void run(const Place& at, const float* x, const float* y, const float* dz, float* dx, int whole) {
    DLAAW_EACH(r, ROW_GROUP, whole, TILE) {
      Head::template backward<Previous>(at, x, y, dz, dx, r);
    }
  }
};
template <class Head>
struct Backward<Head, Input> {
  static DLAAW_MEMBER void run(const Place&, const float*, const float*, const float*, float*, int) {}
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

// Moments over the batch, for the layers that need them (BATCH).
template <class Head, int BATCH>
struct Moments {
  static DLAAW_MEMBER void collect(const Place& at, bool backward, const float* x, int stride, const float* dy, double* sums, int rows) {
    Head::collect(at, backward, x, stride, dy, sums, rows);
  }
  static DLAAW_MEMBER void settle(const Place& at, bool backward, const double* sums, int chunks, long long stride, long long rows, float* buffers) {
    Head::settle(at, backward, sums, chunks, stride, rows, buffers);
  }
};
template <class Head>
struct Moments<Head, 0> {
  static DLAAW_MEMBER void collect(const Place&, bool, const float*, int, const float*, double*, int) {}
  static DLAAW_MEMBER void settle(const Place&, bool, const double*, int, long long, long long, float*) {}
};

template <class... Layers>
struct Network;

// The end of the chain: the loss and its delta.
template <>
struct Network<> {
  static constexpr int BATCH_LAYERS = 0;
  static DLAAW_MEMBER int parameters(const int*) { return 0; }
  static DLAAW_MEMBER int units(const int*) { return 0; }
  static DLAAW_MEMBER int outputs_or(const int*, int before) { return before; }
  static DLAAW_MEMBER int batch_units(const int*) { return 0; }
  static DLAAW_MEMBER int widest_batch(const int*) { return 0; }
  static DLAAW_MEMBER void forward(const Place&, const float*, int, float*, int) {}

  template <class Loss, class Previous>
  static DLAAW_MEMBER void rows(const Place& at, const float* y, int, float*, float* dz, const Labels& labels, int whole) {
    DLAAW_EACH(r, WIDTH, whole, TILE) {
      Loss::template rows<Previous>(Previous::out(at.sizes - 1), y, dz, labels, at.options - Previous::OPTIONS, r);
    }
  }

  static DLAAW_MEMBER void gradient(const Place&, const float*, int, const float*, const float*, float*, int, bool) {}
  static DLAAW_MEMBER void collect(const Place&, int, bool, const float*, int, const float*, const float*, double*, int) {}
  static DLAAW_MEMBER void settle(const Place&, int, bool, const double*, int, long long, long long, float*) {}
};

template <class Head, class... Rest>
struct Network<Head, Rest...> {
  using Tail = Network<Rest...>;

  static constexpr int BATCH_LAYERS = Head::BATCH + Tail::BATCH_LAYERS;
  static DLAAW_MEMBER int in(const int* sizes) { return Head::in(sizes); }
  static DLAAW_MEMBER int parameters(const int* sizes) { return Head::parameters(sizes) + Tail::parameters(sizes + 1); }
  // Units of all layers' outputs together.
  static DLAAW_MEMBER int units(const int* sizes) { return Head::out(sizes) + Tail::units(sizes + 1); }
  // Units of the last layer.
  static DLAAW_MEMBER int outputs(const int* sizes) { return Tail::outputs_or(sizes + 1, Head::out(sizes)); }
  static DLAAW_MEMBER int outputs_or(const int* sizes, int) { return outputs(sizes); }
  // Units of the layers with moments, together, and of the widest of them.
  static DLAAW_MEMBER int batch_units(const int* sizes) { return Head::BATCH * Head::in(sizes) + Tail::batch_units(sizes + 1); }
  static DLAAW_MEMBER int widest_batch(const int* sizes) {
    const int here = Head::BATCH * Head::in(sizes), behind = Tail::widest_batch(sizes + 1);
    return here > behind ? here : behind;
  }

  // x: what comes in, `stride` floats from one unit to the next; y: outputs of all layers, one after another.
  // A thread keeps to its own rows. whole: rows of the tile, rounded up to LANES.
  static DLAAW_MEMBER void forward(const Place& at, const float* x, int stride, float* y, int whole) {
    Forward<Head>::run(at, x, stride, y, whole);
    Tail::forward(at.template next<Head>(), y, TILE, y + Head::out(at.sizes) * TILE, whole);
  }

  // Forward, loss and backward of a tile. A thread keeps to its own rows, so there is no barrier on the way; each
  // layer is a loop of its own, so that a CPU has many independent rows in flight.
  // dx: the delta of what comes in, with those of all outputs behind it; of the first layer those of its output on.
  template <class Loss, class Previous>
  static DLAAW_MEMBER void rows(const Place& at, const float* x, int stride, float* y, float* dx, const Labels& labels, int whole) {
    float* dz = dx + DeltaSize<Head, Previous>::floats(at.sizes);
    Forward<Head>::run(at, x, stride, y, whole);
    Tail::template rows<Loss, Head>(at.template next<Head>(), y, TILE, y + Head::out(at.sizes) * TILE, dz, labels, whole);
    Backward<Head, Previous>::run(at, x, y, dz, dx, whole);
  }

  // Gradient sums of the tile; dz as `rows` of the first layer left it.
  static DLAAW_MEMBER void gradient(const Place& at, const float* x, int stride, const float* y, const float* dz, float* g,
                                    int rows, bool fresh) {
    const int out = Head::out(at.sizes) * TILE;
    Head::gradient(at, x, stride, dz, g, rows, fresh);
    Tail::gradient(at.template next<Head>(), y, TILE, y + out, dz + out, g + Head::parameters(at.sizes) * LANE_STRIDE, rows, fresh);
  }

  // Moments of layer `number` among those with moments: of what it takes, or of its deltas.
  static DLAAW_MEMBER void collect(const Place& at, int number, bool backward, const float* x, int stride, const float* y,
                                   const float* dz, double* sums, int rows) {
    const int out = Head::out(at.sizes) * TILE;
    if (Head::BATCH && number == 0) {
      Moments<Head, Head::BATCH>::collect(at, backward, x, stride, dz, sums, rows);
    } else {
      Tail::collect(at.template next<Head>(), number - Head::BATCH, backward, y, TILE, y + out, dz + out, sums, rows);
    }
  }

  static DLAAW_MEMBER void settle(const Place& at, int number, bool backward, const double* sums, int chunks, long long stride,
                                  long long rows, float* buffers) {
    if (Head::BATCH && number == 0) {
      Moments<Head, Head::BATCH>::settle(at, backward, sums, chunks, stride, rows, buffers);
    } else {
      Tail::settle(at.template next<Head>(), number - Head::BATCH, backward, sums, chunks, stride, rows,
                   buffers + 2 * Head::BATCH * Head::in(at.sizes));
    }
  }
};

}  // namespace dlaaw
