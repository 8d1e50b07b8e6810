// Runs rows through a large network by a team of blocks, layer by layer; arguments and what it writes are predict.cuh's.
//
// work: work_rows * (features + units of all layers + 1) floats, aligned to 64 bytes, for so many rows at a time.
#pragma once
#include "predict.cuh"
#include "wide.cuh"

namespace dlaaw {

template <class Net>
struct PredictWideProgram {
  using Layers = typename WideOf<Net>::type;

  static DLAAW_MEMBER int shared_floats(const int*) { return WIDE_FLOATS; }

  struct Doing {
    Flow flow;
    template <class End, class Previous>
    DLAAW_MEMBER void infer_end(const Place& at, const Tiled& x) const {
      for (int s = flow.crew.first(0); s < flow.strips; s += flow.crew.team) {
        const Pass pass = flow.strip(s);
        float* in = x.row(s * STRIP);
        End::forward(with_pass(at, &pass), in, TILE, in + Previous::out(at.sizes - 1) * TILE, STRIP);
      }
      flow.crew.barrier();
    }
  };

  struct Giving {
    const Flow& flow;
    float* const* outputs;
    long long begin;
    struct Cells {
      const Tiled& y;
      float* to;
      int units, rows;
      DLAAW_MEMBER void cell(int u, int r) const {
        if (r < rows) to[(long long)r * units + u] = y.row(r)[u * TILE];
      }
    };
    DLAAW_MEMBER void layer(int k, int units, const Tiled& y) const {
      if (outputs[k]) each_cell(flow, units, Cells{y, outputs[k] + begin * units, units, flow.rows});
    }
  };

  static DLAAW_MEMBER void run(const Prediction& a, int member, int team) {
    const int features = Net::in(a.sizes);
    const long long capacity = a.work_rows;
    float* t = a.work;
    float* x = t + capacity;
    float* y = x + features * capacity;
    const Crew crew = {member, team, a.team_state};
    const Pass pass = {false, 0, 0, 0};
    const Shuffle as_given = make_shuffle(false, 0, 1);
    for (long long begin = a.begin; begin < a.end; begin += capacity) {
      const int rows = (int)(a.end - begin < capacity ? a.end - begin : capacity);
      load_rows(crew, a.rows, features, as_given, begin, rows, x, t, 0);
      crew.barrier();
      Doing doing = {{crew, pass, rows, (rows + STRIP - 1) / STRIP, capacity, nullptr, t}};
      const Place at = {a.sizes, a.options, a.parameters, nullptr, a.buffers, &doing.flow.pass};
      Layers::template infer<Input>(doing, at, Tiled{x, (long long)features * TILE}, y);
      const Giving giving = {doing.flow, a.outputs, begin - a.begin};
      Layers::template give<Input>(giving, a.sizes, 0, Tiled{x, (long long)features * TILE}, y);
      crew.barrier();
    }
  }
};

}  // namespace dlaaw
