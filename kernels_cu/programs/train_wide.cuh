// Trains one trial of a large network, layer by layer: epochs [epoch_begin, epoch_end) in one launch of a team of blocks.
//
// Arguments, rows, costs, stopping and what is left are train.cuh's; `sums`, `chunk_costs` and `moments` are not used, all
// scratch memory is `work`: WideWork::floats() floats, aligned to 64 bytes, which dlaaw_nb/engine/wide.py counts likewise.
//
// A batch is a phase for each layer forwards, one for the end (loss, delta, the narrow last layer, and the next batch's
// rows are loaded), one for each layer but the first backwards, and one for the gradients of all layers at once. Where
// one item has all rows of a batch and no gradient is clipped, it updates its weights at once; else the gradients of
// chunks of rows are added up in a phase of their own. Shapes and chunks follow from sizes alone, so that the numbers
// depend neither on the team nor on the device.
#pragma once
#include "train.cuh"
#include "wide.cuh"

namespace dlaaw {

// What adding up the gradients of chunks costs, in the units of cost_of.
#ifndef DLAAW_WIDE_MERGING
#define DLAAW_WIDE_MERGING 2e6f
#endif
constexpr int PIECE = 4096;  // parameters whose squares are added up by one block, to clip
constexpr int MOST_PARTS = 16, MOST_SUMS = 1 << 22;

// Chunks of a batch at most: their gradients take no more than MOST_SUMS floats, or those of one.
DLAAW_FN int most_parts(int p) {
  const int fit = MOST_SUMS / p;
  return fit < 1 ? 1 : fit > MOST_PARTS ? MOST_PARTS : fit;
}

template <class Net, class Optimizer>
struct WideWork {
  int count, p;
  long long capacity;  // rows of the largest batch, in whole tiles
  double* totals;      // [8] sum of the epoch's losses
  double* strips;      // [capacity / STRIP] of each strip
  double* norms;       // [pieces]
  float* statistics;   // [4 * batch_units]
  float* buffers;      // [2 * batch_units]
  float* w;            // [p]
  float* state;        // [STATES][p]
  float* sums;         // [most_parts][p]
  float* t;            // [2][capacity]
  float* cost;         // [capacity]
  float* x;            // [2][tiles][features][TILE]
  float* y;            // [units * capacity]
  float* dz;           // [units * capacity]

  DLAAW_MEMBER WideWork(const int* sizes, long long rows, float* work) {
    count = Net::parameters(sizes);
    p = padded(count);
    capacity = (rows + TILE - 1) / TILE * TILE;
    const int pieces = (count + PIECE - 1) / PIECE, features = Net::in(sizes);
    totals = (double*)work;
    strips = totals + 8;
    norms = strips + capacity / STRIP;
    statistics = work + round_up((int)(16 + capacity / STRIP * 2) + 2 * pieces, 16);
    buffers = statistics + 4 * Net::batch_units(sizes);
    w = statistics + round_up(6 * Net::batch_units(sizes), 16);
    state = w + p;
    sums = state + (long long)p * Optimizer::STATES;
    t = sums + (long long)p * most_parts(p);
    cost = t + 2 * capacity;
    x = cost + capacity;
    y = x + 2 * features * capacity;
    dz = y + Net::units(sizes) * capacity;
  }
  DLAAW_MEMBER long long floats(const int* sizes, const float* work) const { return dz - work + Net::units(sizes) * capacity; }
};

// How the gradients of a batch are cut: shape of the products and chunks of rows.
struct Cut {
  int shape, chunks;
};

template <class Layers>
DLAAW_FN Cut best_cut(const int* sizes, int p, int rows) {
  const int most = most_parts(p);
  Cut best = {0, 1};
  float least = -1.0f;
  for (int shape = 0; shape < 4; ++shape) {
    const int items = Layers::gradient_items(sizes, shape);
    for (int chunks = 1; chunks <= most && (chunks - 1) * TILE < rows; ++chunks) {
      const int length = (rows + chunks - 1) / chunks;
      // Adding up costs a phase, and reading them.
      const float cost = cost_of(shape, items * chunks, length) + (chunks > 1 ? DLAAW_WIDE_MERGING + (float)p * (float)chunks : 0.0f);
      if (least < 0.0f || cost < least) {
        least = cost;
        best = {shape, chunks};
      }
    }
  }
  return best;
}

// Where gradients go: into the sums of their chunk, or at once into the weights.
template <class Optimizer>
struct Sink {
  float* w;
  float* state;
  float* sums;  // null: update at once
  int p, shape, chunks, length;
  Step step;

  DLAAW_MEMBER int from(int chunk, const Flow& flow) const { return chunk * length < flow.whole() ? chunk * length : flow.whole(); }
  DLAAW_MEMBER int to(int chunk, const Flow& flow) const { return from(chunk + 1, flow); }
  DLAAW_MEMBER void put(const float* place, float gradient, int chunk) const {
    const long long k = place - w;
    if (sums) {
      sums[(long long)chunk * p + k] = gradient;
    } else {
      w[k] = Optimizer::update(w[k], gradient, state + k, p, step);
    }
  }
};

template <class Net, class Loss, class Optimizer, class Schedule>
struct TrainWideProgram {
  using Layers = typename WideOf<Net>::type;
  using Work = WideWork<Net, Optimizer>;

  static DLAAW_MEMBER int shared_floats(const int*) { return WIDE_FLOATS; }

  // A batch on its way, and what the blocks do beside.
  struct Doing {
    const Training& a;
    const Work& work;
    Flow flow;
    float share;
    bool measure;
    const Shuffle& order;  // of the batch that is next, if `next_rows` is not 0
    long long next_begin;
    int next_rows, next;

    template <class End, class Previous>
    DLAAW_MEMBER void end_strip(const Place& at, const Tiled& x, const Tiled& dx, int s) const {
      const int row = s * STRIP;
      const Pass pass = flow.strip(s);
      const Labels labels = {flow.t + row, a.loss, work.cost + row, share, pass.rows, measure};
      float* in = x.row(row);
      End::template rows<Loss, Previous>(with_pass(at, &pass), in, TILE, in + Previous::out(at.sizes - 1) * TILE, dx.row(row), labels, STRIP);
      if (measure) add_strip(s, pass.rows);
    }
    template <class End, class Previous>
    DLAAW_MEMBER void end(const Place& at, const Tiled& x, const Tiled& dx) const {
      for (int s = flow.crew.first(0); s < flow.strips; s += flow.crew.team) end_strip<End, Previous>(at, x, dx, s);
      beside(flow.strips);
    }
    // Losses as a prediction would give them.
    template <class End, class Previous>
    DLAAW_MEMBER void infer_end(const Place& at, const Tiled& x) const {
      const int before = Previous::out(at.sizes - 1), outputs = End::outputs_or(at.sizes, before);
      for (int s = flow.crew.first(0); s < flow.strips; s += flow.crew.team) {
        const int row = s * STRIP;
        const Pass pass = flow.strip(s);
        const Labels labels = {flow.t + row, a.loss, work.cost + row, 1.0f, pass.rows, true};
        float* in = x.row(row);
        End::forward(with_pass(at, &pass), in, TILE, in + before * TILE, STRIP);
        const float* last = in + (before + End::units(at.sizes) - outputs) * TILE;
        for (int r = thread(); r < STRIP; r += WIDE_THREADS) store(labels.cost + r, Loss::value(outputs, last, labels, r));
        add_strip(s, pass.rows);
      }
      flow.crew.barrier();
    }
    DLAAW_MEMBER void add_strip(int s, int rows) const {
      block_barrier();
      if (thread() != 0) return;
      double sum = 0.0;
      for (int r = 0; r < rows; ++r) sum += (double)work.cost[s * STRIP + r];
      work.strips[s] = sum;
    }
    DLAAW_MEMBER void beside(long long before) const {
      const bool asks = flow.crew.member == flow.crew.team - 1 && thread() == 0;
      const int stop = asks ? *a.stop : 0;  // far away: on its way while rows are loaded
      if (next_rows > 0) {
        load_rows(flow.crew, a.rows, Net::in(a.sizes), order, next_begin, next_rows,
                  work.x + next * work.capacity * Net::in(a.sizes), work.t + next * work.capacity, before);
      }
      if (asks) a.team_state[2] = stop;
    }
  };

  static DLAAW_MEMBER void run(const Training& a, int member, int team) {
    const long long size = a.train_rows / a.batches, larger = a.train_rows % a.batches;
    const int features = Net::in(a.sizes), most_rows = (int)(size + (larger > 0));
    const Work work(a.sizes, most_rows, a.work);
    const Crew crew = {member, team, a.team_state};
    const Cut cut = best_cut<Layers>(a.sizes, work.p, most_rows);
    const bool at_once = cut.chunks == 1 && !(a.clip_norm > 0.0f);
    const int length = ((most_rows + cut.chunks - 1) / cut.chunks + TILE - 1) / TILE * TILE;
    load_state(a, work, crew);
    Watch watch;
    double* kept = (double*)&watch;
    for (int k = 0; k < 3 + SCHEDULE_MEMORY; ++k) kept[k] = a.monitor[k];
    crew.barrier();

    long long epoch = a.epoch_begin;
    int reported = 0, diverged = 0;
    bool stopped = false, early = false;
    const double rate = (double)a.settings[0];
    for (; epoch < a.epoch_end && !stopped && !diverged && !early; ++epoch) {
      const bool report = epoch % a.cost_every == 0 || epoch == a.epochs - 1;
      const bool watched = Schedule::OBSERVES || a.patience > 0;
      const bool measure = report || (watched && a.validation_rows == 0);
      const float rate_now = (float)(rate * Schedule::factor(rate, a.schedule, epoch, a.epochs, watch.schedule));
      const Shuffle order = make_shuffle(a.reshuffle != 0, epoch_key(a.shuffle_key, epoch), a.train_rows);
      long long begin = 0;
      load_rows(crew, a.rows, features, order, 0, most_rows, work.x, work.t, 0);
      crew.barrier();
      for (int batch = 0; batch < a.batches && !stopped; ++batch) {
        const int rows = (int)(size + (batch < larger ? 1 : 0)), turn = batch & 1;
        const int after = batch + 1 < a.batches ? (int)(size + (batch + 1 < larger ? 1 : 0)) : 0;
        const Pass pass = {true, epoch_key(a.dropout_key, epoch), (int)begin, rows};
        const Flow flow = {crew, pass, rows, (rows + STRIP - 1) / STRIP, work.capacity, work.buffers, work.t + turn * work.capacity};
        Doing doing = {a, work, flow, 1.0f / (float)rows, measure, order, begin + rows, after, 1 - turn};
        const Place at = {a.sizes, a.options, work.w, work.statistics, work.buffers, &doing.flow.pass};
        const Tiled x = {work.x + turn * work.capacity * features, (long long)features * TILE};
        Layers::template pass<Input>(doing, at, x, work.y, Tiled{nullptr, 0}, work.dz);
        stopped = ((const volatile int*)a.team_state)[2] != 0;
        const Sink<Optimizer> sink = {work.w, work.state, at_once ? nullptr : work.sums, work.p, cut.shape, cut.chunks, length,
                                      Optimizer::prepare(a.settings, rate_now, epoch * a.batches + batch + 1)};
        Layers::gradient(doing.flow, at, x, work.y, work.dz, sink, 0);
        if (measure && member == team - 1 && thread() == 0) add_strips(work, flow.strips, batch == 0);
        crew.barrier();
        if (!at_once) update(a, work, crew, sink);
        begin += rows;
      }
      diverged = is_broken(a, work, crew);
      if (!diverged) save_state(a, work, crew);  // a diverged training leaves its last finite weights
      if (stopped) continue;
      const double cost = measure ? *work.totals / (double)a.train_rows : 0.0;
      const double validation = a.validation_rows > 0 ? validate(a, work, crew) : 0.0;
      if (watched && !diverged) {
        const double seen = a.validation_rows > 0 ? validation : cost;
        Schedule::observe(rate, a.schedule, seen, watch.schedule);
        early = a.patience > 0 && is_over(a, work, crew, watch, seen, epoch);
      }
      if (report) {
        if (member == 0 && thread() == 0) {
          a.costs[reported] = cost;
          if (a.validation_rows > 0) a.validation_costs[reported] = validation;
        }
        ++reported;
      }
    }
    if (member != 0 || thread() != 0) return;
    const bool cut_short = stopped && !diverged;  // the last epoch is not whole
    a.status[0] = (int)(epoch - (cut_short ? 1 : 0));
    a.status[1] = diverged ? (int)epoch : 0;
    a.status[2] = early ? 1 : 0;
    for (int k = 0; k < 3 + SCHEDULE_MEMORY; ++k) a.monitor[k] = kept[k];
  }

 private:
  // A thread's share of what is done number by number.
  static DLAAW_MEMBER int share_of(const Crew& crew) { return crew.member * WIDE_THREADS + thread(); }
  static DLAAW_MEMBER int shares(const Crew& crew) { return crew.team * WIDE_THREADS; }

  static DLAAW_MEMBER void load_state(const Training& a, const Work& work, const Crew& crew) {
    for (int k = share_of(crew); k < work.p; k += shares(crew)) {
      work.w[k] = a.parameters[k];
      for (int s = 0; s < Optimizer::STATES; ++s) work.state[(long long)s * work.p + k] = a.state[(long long)s * work.p + k];
    }
    for (int k = share_of(crew); k < 2 * Net::batch_units(a.sizes); k += shares(crew)) work.buffers[k] = a.buffers[k];
    if (crew.member == 0 && thread() == 0) a.team_state[2] = a.team_state[3] = 0;
  }

  static DLAAW_MEMBER void save_state(const Training& a, const Work& work, const Crew& crew) {
    for (int k = share_of(crew); k < work.p; k += shares(crew)) {
      a.parameters[k] = work.w[k];
      for (int s = 0; s < Optimizer::STATES; ++s) a.state[(long long)s * work.p + k] = work.state[(long long)s * work.p + k];
    }
    for (int k = share_of(crew); k < 2 * Net::batch_units(a.sizes); k += shares(crew)) a.buffers[k] = work.buffers[k];
  }

  static DLAAW_MEMBER int is_broken(const Training& a, const Work& work, const Crew& crew) {
    bool broken = false;
    for (int k = share_of(crew); k < work.p; k += shares(crew)) broken |= (as_int(work.w[k]) & 0x7F800000) == 0x7F800000;
    broken = block_any(broken);
    if (broken && thread() == 0) ((volatile int*)a.team_state)[3] = 1;
    crew.barrier();
    return ((const volatile int*)a.team_state)[3];
  }

  static DLAAW_MEMBER void add_strips(const Work& work, int strips, bool first) {
    double sum = first ? 0.0 : *work.totals;
    DLAAW_UNROLL_SOME
    for (int s = 0; s < strips; ++s) sum += work.strips[s];
    *work.totals = sum;
  }

  static DLAAW_MEMBER float total_of(const Work& work, int k, int chunks) {
    float sum = work.sums[k];
    DLAAW_UNROLL_SOME
    for (int chunk = 1; chunk < chunks; ++chunk) sum = sum + work.sums[(long long)chunk * work.p + k];
    return sum;
  }

  // Adds up the chunks, clips, and updates.
  static DLAAW_OUTLINED void update(const Training& a, const Work& work, const Crew& crew, const Sink<Optimizer>& sink) {
    const bool clips = a.clip_norm > 0.0f;
    float scale = 1.0f;
    if (clips) scale = clip(a, work, crew, sink.chunks);
    for (int k = share_of(crew); k < work.count; k += shares(crew)) {
      float g = clips ? work.sums[k] : total_of(work, k, sink.chunks);
      if (scale < 1.0f) g = g * scale;
      work.w[k] = Optimizer::update(work.w[k], g, work.state + k, work.p, sink.step);
    }
    crew.barrier();
  }

  // Leaves the whole gradient in the first chunk; what it must be multiplied by if that is below 1. See train.cuh.
  static DLAAW_OUTLINED float clip(const Training& a, const Work& work, const Crew& crew, int chunks) {
    const int pieces = (work.count + PIECE - 1) / PIECE;
    double* squares = (double*)wide_shared();
    for (int piece = crew.first(0); piece < pieces; piece += crew.team) {
      double sum = 0.0;
      for (int k = piece * PIECE + thread(); k < work.count && k < (piece + 1) * PIECE; k += WIDE_THREADS) {
        const float g = total_of(work, k, chunks);
        work.sums[k] = g;
        sum += (double)g * (double)g;
      }
      block_barrier();
      squares[thread()] = sum;
      for (int half = WIDE_THREADS / 2; half > 0; half /= 2) {
        block_barrier();
        if (thread() < half) squares[thread()] += squares[thread() + half];
      }
      if (thread() == 0) work.norms[piece] = squares[0];
    }
    crew.barrier();
    double sum = 0.0;
    for (int piece = 0; piece < pieces; ++piece) sum += work.norms[piece];
    return a.clip_norm / (scalar_sqrt((float)sum) + 1e-6f);
  }

  // Mean loss over the validation rows, as a prediction would give it, so many at a time as a batch has room for.
  static DLAAW_OUTLINED double validate(const Training& a, const Work& work, const Crew& crew) {
    const Pass pass = {false, 0, 0, 0};
    const Shuffle as_given = make_shuffle(false, 0, 1);
    const int features = Net::in(a.sizes);
    double sum = 0.0;
    for (long long begin = 0; begin < a.validation_rows; begin += work.capacity) {
      const long long left = a.validation_rows - begin;
      const int rows = (int)(left < work.capacity ? left : work.capacity);
      load_rows(crew, a.rows, features, as_given, a.train_rows + begin, rows, work.x, work.t, 0);
      crew.barrier();
      const Flow flow = {crew, pass, rows, (rows + STRIP - 1) / STRIP, work.capacity, work.buffers, work.t};
      Doing doing = {a, work, flow, 1.0f, true, as_given, 0, 0, 0};
      const Place at = {a.sizes, a.options, work.w, work.statistics, work.buffers, &doing.flow.pass};
      Layers::template infer<Input>(doing, at, Tiled{work.x, (long long)features * TILE}, work.y);
      for (int s = 0; s < flow.strips; ++s) sum += work.strips[s];
    }
    return sum / (double)a.validation_rows;
  }

  // Whether no epoch has been better for too long; keeps what the best one left.
  static DLAAW_MEMBER bool is_over(const Training& a, const Work& work, const Crew& crew, Watch& watch, double cost, long long epoch) {
    if (watch.epoch == 0.0 || cost < watch.best - a.min_delta) {
      watch.best = cost;
      watch.since = 0.0;
      watch.epoch = (double)(epoch + 1);
      for (int k = share_of(crew); k < work.p; k += shares(crew)) a.best[k] = work.w[k];
      for (int k = share_of(crew); k < 2 * Net::batch_units(a.sizes); k += shares(crew)) a.best[work.p + k] = work.buffers[k];
      return false;
    }
    watch.since += 1.0;
    return watch.since >= (double)a.patience;
  }
};

}  // namespace dlaaw
