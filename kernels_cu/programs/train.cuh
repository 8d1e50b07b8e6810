// Trains one trial: epochs [epoch_begin, epoch_end) in one call, for a team of one or more blocks
// (threads on a CPU).
//
// A batch is cut into a number of chunks of rows, which depends on the size of the batches alone. A block takes
// chunks, tile by tile, and leaves their gradient sums; then every block adds up all chunks in the same
// order and makes the same update on its own copy of the parameters. So a batch costs one barrier,
// and the numbers do not depend on the size of the team.
//
// Launch contract: one block a member, any number of threads that is a multiple of 32 (GPU) or 1 (CPU);
// `scratch` is shared_floats() floats, aligned to 64 bytes.
#pragma once
#include "../network.cuh"
#include "../optimizer.cuh"
#include "../schedule.cuh"
#include "data.cuh"

namespace dlaaw {

// The host says 1 where no batch needs more, which leaves out what blocks do together.
#ifndef DLAAW_MOST_CHUNKS
#define DLAAW_MOST_CHUNKS 256
#endif
constexpr int MOST_CHUNKS = DLAAW_MOST_CHUNKS;
// Likewise 1 where every chunk is a tile, or less.
#ifndef DLAAW_MOST_TILES
#define DLAAW_MOST_TILES 0
#endif
constexpr bool ONE_TILE = DLAAW_MOST_TILES == 1;

// Mirrored field by field in dlaaw_nb/engine/launch.py.
struct Training {
  Rows rows;
  const int* sizes;           // [layers + 1] features, then units of each layer; for variable sizes
  const float* options;       // hyperparameters of the layers, one after another
  const float* settings;      // the optimizer's: learning rate, weight decay, ...
  const float* schedule;      // the schedule's
  const float* loss;          // the loss's
  float* parameters;          // [padded] in and out, written after every epoch
  float* state;               // [STATES][padded] the optimizer's, likewise
  float* buffers;             // [2 * batch_units] running statistics of layers, likewise
  float* best;                // [padded + 2 * batch_units] parameters and buffers of the best epoch, for early stopping
  double* monitor;            // [3 + SCHEDULE_MEMORY] in and out: see Watch
  double* costs;              // [epochs reported by this call] mean loss over the training rows
  double* validation_costs;   // likewise, over the validation rows
  float* sums;                // [2][chunks][padded] gradients of chunks, 0 in the padding; null if chunks is 1
  double* chunk_costs;        // [2][MOST_CHUNKS]
  double* moments;            // [2][chunks][2 * widest_batch]
  int* team_state;            // [4] barrier: arrived, generation; stop seen, in turns
  const volatile int* stop;   // other than 0: end after this batch
  int* status;                // [3] epochs done; 1 + epoch that diverged, or 0; 1 if stopped early
  long long train_rows;
  long long validation_rows;  // they follow behind the training rows
  long long epochs;           // of the whole training: the last one is reported too
  long long epoch_begin;
  long long epoch_end;
  long long cost_every;
  long long patience;         // epochs without a better cost before it stops early; 0: it does not
  double min_delta;           // by how much a cost must be below the best one
  float clip_norm;            // longest gradient, all parameters together; 0: any
  int batches;                // training parts, near-equal: the first rows % batches have one more
  int reshuffle;              // other than 0: a new order each epoch
  unsigned shuffle_key;
  unsigned dropout_key;
  float* work;                // of train_wide.cuh, which says how much; else null
};

// Floats of scratch memory that the arguments take.
constexpr int TRIAL_FLOATS = DLAAW_GPU ? ((int)sizeof(Training) / 4 + 15) / 16 * 16 : 0;

DLAAW_FN int padded(int parameters) { return round_up(parameters, 16); }

// Chunks of a batch: one up to 1023 rows, then a power of two, 512 rows or more each.
DLAAW_FN int chunk_count(long long rows) {
  int chunks = 1;
  while (chunks < MOST_CHUNKS && rows >= 1024LL * chunks) chunks *= 2;
  return chunks;
}

// What is kept from epoch to epoch for early stopping and for the schedule.
struct Watch {
  double best;                       // lowest cost so far
  double since;                      // epochs since
  double epoch;                      // 1 + the epoch of the best cost; 0: none yet
  double schedule[SCHEDULE_MEMORY];
};

// What a block works with: its own copy of what is trained, and scratch memory.
template <class Net, class Optimizer>
struct Workspace {
  int count, p;       // parameters, and rounded up
  float* w;           // [p]
  float* state;       // [STATES][p]
  float* total;       // [p] gradient
  float* g;           // [p][LANE_STRIDE] gradient sums
  float* x;           // [in][TILE]
  float* y;           // [units][TILE]
  float* dz;          // [units][TILE]
  float* t;           // [TILE]
  float* cost;        // [TILE]
  double* lanes;      // [LANES]
  double* moments;    // [2][widest_batch][LANES]
  float* statistics;  // [4 * batch_units]
  float* buffers;     // [2 * batch_units]

  static DLAAW_MEMBER int floats(const int* sizes) {
    const int p = padded(Net::parameters(sizes));
    return p * (2 + Optimizer::STATES + LANE_STRIDE) + TILE * (Net::in(sizes) + 2 * Net::units(sizes) + 2) + 2 * LANES +
           4 * LANES * Net::widest_batch(sizes) + 6 * Net::batch_units(sizes) + 2 * LANES;
  }

  DLAAW_MEMBER Workspace(const int* sizes, float* scratch) {
    count = Net::parameters(sizes);
    p = padded(count);
    w = scratch;
    state = w + p;
    total = state + p * Optimizer::STATES;
    g = total + p;
    x = g + p * LANE_STRIDE;
    y = x + TILE * Net::in(sizes);
    dz = y + TILE * Net::units(sizes);
    t = dz + TILE * Net::units(sizes);
    cost = t + TILE;
    lanes = (double*)(cost + TILE);
    moments = lanes + LANES;
    statistics = (float*)(moments + 2 * LANES * Net::widest_batch(sizes));
    buffers = statistics + 4 * Net::batch_units(sizes);
  }
};

template <class Net, class Loss, class Optimizer, class Schedule>
struct TrainProgram {
  using Work = Workspace<Net, Optimizer>;

  // Floats of scratch memory that a block needs.
  static DLAAW_MEMBER int shared_floats(const int* sizes) { return TRIAL_FLOATS + Work::floats(sizes); }

  static DLAAW_MEMBER void run(const Training& a, int member_given, int team_given, float* scratch) {
    const int member = MOST_CHUNKS > 1 ? member_given : 0, team = MOST_CHUNKS > 1 ? team_given : 1;
    const Work work(a.sizes, scratch);
    const int batches = a.batches;
    const float clip_norm = a.clip_norm;
    load_state(a, work);
    Watch watch;
    double* kept = (double*)&watch;
    DLAAW_UNROLL
    for (int k = 0; k < 3 + SCHEDULE_MEMORY; ++k) kept[k] = a.monitor[k];

    long long epoch = a.epoch_begin;
    int reported = 0, diverged = 0, turn = 0;
    int asked = 0;
    bool stopped = false, early = false;
    const long long size = a.train_rows / a.batches, larger = a.train_rows % a.batches;
    const int chunks = chunk_count(size + (larger > 0));
    const Cut usual = make_cut(size, chunks), more = make_cut(size + 1, chunks);
    float settings[Optimizer::SETTINGS];
    DLAAW_UNROLL
    for (int k = 0; k < Optimizer::SETTINGS; ++k) settings[k] = keep(a.settings[k]);
    const double rate = (double)settings[0];
    long long quiet = (a.cost_every - epoch % a.cost_every) % a.cost_every;  // epochs until a cost is reported
    for (; epoch < a.epoch_end && !stopped && !diverged && !early; ++epoch) {
      const bool report = quiet == 0 || epoch == a.epochs - 1;
      quiet = (quiet == 0 ? a.cost_every : quiet) - 1;
      const bool watched = Schedule::OBSERVES || a.patience > 0;
      const bool measure = report || (watched && a.validation_rows == 0);
      const float rate_now = (float)(rate * Schedule::factor(rate, a.schedule, epoch, a.epochs, watch.schedule));
      const Shuffle order = make_shuffle(a.reshuffle != 0, epoch_key(a.shuffle_key, epoch), a.train_rows);
      Pass pass = {true, epoch_key(a.dropout_key, epoch), 0, 0, 0};
      double epoch_cost = 0.0;
      long long begin = 0;
      for (int batch = 0; batch < batches && !stopped; ++batch) {
        const Batch b = {begin, batch < larger ? more : usual, chunks, member, team};
        gather_moments(a, work, b, order, pass);
        turn ^= 1;  // two sets of sums: a fast member may already fill the next one
        float* sums = a.sums + (long long)turn * chunks * work.p;
        double* chunk_costs = a.chunk_costs + turn * MOST_CHUNKS;
        for (int chunk = member; chunk < chunks; chunk += team) {
          accumulate(a, work, b, chunk, order, pass, measure);
          if (chunks == 1) break;
          block_barrier();
          add_lanes(work, sums + (long long)chunk * work.p);
          if (measure && thread() == 0) chunk_costs[chunk] = lanes_sum(work);
        }
        const int heard = DLAAW_GPU ? asked : int(*a.stop);
        if (team > 1) {
          if (member == 0 && thread() == 0) a.team_state[2 + turn] = heard;
          team_barrier(a.team_state, team);
          stopped = a.team_state[2 + turn] != 0;
        } else {
          stopped = block_any(heard != 0);  // a barrier, too
        }
        // Ahead, and not each time: the answer is a long way off, and others may have to wait with it.
        if (DLAAW_GPU && batch % 8 == 0) asked = *a.stop;
        // From here on a thread keeps to its own parameters.
        if (chunks == 1) {
          add_lanes(work, work.total);
        } else {
          add_up(work, sums, chunks);
        }
        if (measure) epoch_cost += chunks == 1 ? lanes_sum(work) : sum_of(chunk_costs, chunks);
        if (clip_norm > 0.0f) clip(work, clip_norm);
        update(work, settings, rate_now, epoch * batches + batch + 1);
        block_barrier();
        begin += b.cut.rows;
      }
      diverged = is_broken(work);
      if (member == 0 && !diverged) save_state(a, work);  // a diverged training leaves its last finite weights
      if (stopped) continue;
      const double cost = measure ? epoch_cost / (double)a.train_rows : 0.0;
      double validation = 0.0;
      if (a.validation_rows > 0) {
        turn ^= 1;
        validation = validate(a, work, member, team, turn);
      }
      if (watched && !diverged) {
        const double seen = a.validation_rows > 0 ? validation : cost;
        Schedule::observe(rate, a.schedule, seen, watch.schedule);
        early = a.patience > 0 && is_over(a, work, watch, seen, epoch, member);
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
    const bool cut = stopped && !diverged;  // the last epoch is not whole
    a.status[0] = (int)(epoch - (cut ? 1 : 0));
    a.status[1] = diverged ? (int)epoch : 0;
    a.status[2] = early ? 1 : 0;
    DLAAW_UNROLL
    for (int k = 0; k < 3 + SCHEDULE_MEMORY; ++k) a.monitor[k] = kept[k];
  }

 private:
  // So many rows in chunks.
  struct Cut {
    long long rows;
    long long length;  // of a chunk: whole lanes; the last one may be shorter, and some empty
    float share;       // 1 / rows
  };

  static DLAAW_MEMBER Cut make_cut(long long rows, int chunks) {
    long long part = rows + chunks - 1;
    for (int c = chunks; c > 1; c /= 2) part /= 2;  // chunks are a power of two
    return {rows, keep((part + LANES - 1) / LANES * LANES), keep(1.0f / (float)rows)};
  }

  // Rows from `begin` on of the training, in chunks that are shared out to a team.
  struct Batch {
    long long begin;
    Cut cut;
    int chunks, member, team;

    DLAAW_MEMBER long long from(int chunk) const { return MOST_CHUNKS > 1 ? begin + least(chunk * cut.length) : begin; }
    DLAAW_MEMBER long long to(int chunk) const { return begin + (MOST_CHUNKS > 1 ? least((chunk + 1) * cut.length) : cut.rows); }
    DLAAW_MEMBER long long least(long long row) const { return row < cut.rows ? row : cut.rows; }
  };

  static DLAAW_MEMBER void load_state(const Training& a, const Work& work) {
    const int p = work.p, kept = 2 * Net::batch_units(a.sizes);
    DLAAW_EACH(k, 1, p, p) {
      work.w[k] = a.parameters[k];
      work.total[k] = 0.0f;  // the padding stays 0
    }
    DLAAW_EACH(k, 1, p * Optimizer::STATES, p * Optimizer::STATES) work.state[k] = a.state[k];
    DLAAW_EACH(k, 1, kept, kept) work.buffers[k] = a.buffers[k];
    DLAAW_EACH(k, 1, 2 * kept, 2 * kept) work.statistics[k] = 0.0f;
    block_barrier();
  }

  static DLAAW_MEMBER void save_state(const Training& a, const Work& work) {
    DLAAW_EACH(k, 1, work.p, work.p) a.parameters[k] = work.w[k];
    DLAAW_EACH(k, 1, work.p * Optimizer::STATES, work.p * Optimizer::STATES) a.state[k] = work.state[k];
    DLAAW_EACH(k, 1, 2 * Net::batch_units(a.sizes), 2 * Net::batch_units(a.sizes)) a.buffers[k] = work.buffers[k];
  }

  static DLAAW_MEMBER Place place(const Training& a, const Work& work, const Pass& pass) {
    return {a.sizes, a.options, work.w, work.statistics, work.buffers, &pass};
  }

  static DLAAW_MEMBER int is_broken(const Work& work) {
    bool broken = false;
    DLAAW_EACH(k, WIDTH, work.p, work.p) {
      broken |= any((as_int(load(work.w + k)) & 0x7F800000) == 0x7F800000);
    }
    return block_any(broken);
  }

  // The gradient of a chunk from its lanes.
  static DLAAW_MEMBER void add_lanes(const Work& work, float* out) {
    DLAAW_EACH(k, 1, work.count, work.count) out[k] = lane_sum(work.g + k * LANE_STRIDE);
  }

  static DLAAW_STEP double sum_of(const double* costs, int chunks) {
    double sum = 0.0;
    DLAAW_ROLLED
    for (int chunk = 0; chunk < chunks; ++chunk) sum += costs[chunk];
    return sum;
  }

  // The gradient of a batch from those of its chunks.
  static DLAAW_MEMBER void add_up(const Work& work, const float* sums, int chunks) {
    DLAAW_EACH(k, WIDTH, work.p, work.p) {
      vfloat sum = load(sums + k);
      DLAAW_UNROLL_SOME
      for (int chunk = 1; chunk < chunks; ++chunk) sum = sum + load(sums + (long long)chunk * work.p + k);
      store(work.total + k, sum);
    }
  }

  static DLAAW_MEMBER void update(const Work& work, const float* settings, float rate, long long t) {
    const Step step = Optimizer::prepare(settings, rate, t);
    DLAAW_EACH(k, WIDTH, work.p, work.p) {
      store(work.w + k, Optimizer::update(load(work.w + k), load(work.total + k), work.state + k, work.p, step));
    }
  }

  // Makes a gradient that is longer than `most` shorter, as PyTorch's clip_grad_norm_.
  // Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", 2013.
  static DLAAW_STEP void clip(const Work& work, float most) {
    block_barrier();
    DLAAW_EACH(lane, 1, LANES, LANES) {
      double sum = 0.0;
      DLAAW_ROLLED
      for (int k = lane; k < work.count; k += LANES) sum += (double)work.total[k] * (double)work.total[k];
      work.lanes[lane] = sum;
    }
    block_barrier();
    double sum = 0.0;
    DLAAW_ROLLED
    for (int lane = 0; lane < LANES; ++lane) sum += work.lanes[lane];
    const float scale = most / (scalar_sqrt((float)sum) + 1e-6f);
    DLAAW_EACH(k, WIDTH, work.p, work.p) {
      if (scale < 1.0f) store(work.total + k, load(work.total + k) * scale);
    }
    block_barrier();
  }

  // Gradient sums work.g of a chunk, and if `measure` the sums of its losses, work.lanes. Before others read them
  // there must be a barrier.
  static DLAAW_MEMBER void accumulate(const Training& a, const Work& work, const Batch& batch, int chunk, const Shuffle& order,
                                      Pass& pass, bool measure) {
    const long long from = batch.from(chunk), to = batch.to(chunk);
    const Place at = place(a, work, pass);
    if (MOST_CHUNKS > 1 && from >= to) {
      block_barrier();  // the sums of the chunk before may still be read
      DLAAW_EACH(k, 1, work.count * LANE_STRIDE, work.count * LANE_STRIDE) work.g[k] = 0.0f;
      if (measure) add_costs(work, 0, true);
    }
    for (long long begin = from; begin < to; begin += TILE) {
      const int rows = to - begin < TILE ? (int)(to - begin) : TILE;
      const int whole = whole_rows(rows);
      pass.row = (int)begin;
      pass.rows = rows;
      pass.turn = 0;
      const bool fresh = ONE_TILE || begin == from;
      if (!fresh) block_barrier();  // the tile before is still read
      const Tile tile = load_tile(a.rows, Net::in(a.sizes), order, begin, rows, whole, work.x, work.t);
      const Labels labels = {tile.t, a.loss, work.cost, batch.cut.share, rows, measure};
      Net::template rows<Loss, Input>(at, tile.x, tile.stride, work.y, work.dz, labels, whole);
      block_barrier();
      Net::gradient(at, tile.x, tile.stride, work.y, work.dz, work.g, whole, fresh);
      if (measure) add_costs(work, rows, fresh);
      if (ONE_TILE) break;
    }
  }

  static DLAAW_STEP void add_costs(const Work& work, int rows, bool fresh) {
    DLAAW_EACH(lane, 1, LANES, LANES) {
      double sum = fresh ? 0.0 : work.lanes[lane];
      DLAAW_ROLLED
      for (int r = lane; r < rows; r += LANES) sum += (double)work.cost[r];
      work.lanes[lane] = sum;
    }
  }

  static DLAAW_STEP double lanes_sum(const Work& work) {
    double sum = 0.0;
    DLAAW_ROLLED
    for (int lane = 0; lane < LANES; ++lane) sum += work.lanes[lane];
    return sum;
  }

  // The statistics of layers that need moments of the whole batch; nothing where there is no such layer. One pass of
  // all tiles for each of them forwards, then one for each backwards.
  static DLAAW_MEMBER void gather_moments(const Training& a, const Work& work, const Batch& batch, const Shuffle& order, Pass& pass) {
    for (int phase = 0; phase < 2 * Net::BATCH_LAYERS; ++phase) {
      const bool backward = phase >= Net::BATCH_LAYERS;
      const int number = backward ? 2 * Net::BATCH_LAYERS - 1 - phase : phase;
      const int width = 2 * Net::widest_batch(a.sizes);
      double* sums = a.moments + (long long)(phase & 1) * batch.chunks * width;
      for (int chunk = batch.member; chunk < batch.chunks; chunk += batch.team) {
        collect(a, work, batch, chunk, order, pass, number, backward);
        DLAAW_EACH(k, 1, width, width) {
          double sum = 0.0;
          for (int lane = 0; lane < LANES; ++lane) sum += work.moments[k * LANES + lane];
          sums[chunk * width + k] = sum;
        }
        block_barrier();
      }
      if (batch.team > 1) team_barrier(a.team_state, batch.team);
      block_barrier();
      Net::settle(place(a, work, pass), number, backward, sums, batch.chunks, width, batch.cut.rows, work.buffers);
      block_barrier();
    }
  }

  static DLAAW_RARE void collect(Training a, Work work, Batch batch, int chunk, Shuffle order, Pass pass, int number,
                                 bool backward) {
    const long long from = batch.from(chunk), to = batch.to(chunk);
    const Place at = place(a, work, pass);
    DLAAW_EACH(k, 1, 2 * LANES * Net::widest_batch(a.sizes), 2 * LANES * Net::widest_batch(a.sizes)) work.moments[k] = 0.0;
    for (long long begin = from; begin < to; begin += TILE) {
      const int rows = to - begin < TILE ? (int)(to - begin) : TILE;
      const int whole = whole_rows(rows);
      pass.row = (int)begin;
      pass.rows = rows;
      const Tile tile = load_tile(a.rows, Net::in(a.sizes), order, begin, rows, whole, work.x, work.t);
      const Labels labels = {tile.t, a.loss, work.cost, batch.cut.share, rows, false};
      if (backward) {
        Net::template rows<Loss, Input>(at, tile.x, tile.stride, work.y, work.dz, labels, whole);
      } else {
        Net::forward(at, tile.x, tile.stride, work.y, whole);
      }
      block_barrier();
      Net::collect(at, number, backward, tile.x, tile.stride, work.y, work.dz, work.moments, rows);
      block_barrier();
    }
    block_barrier();
  }

  // Mean loss over the validation rows, as a prediction would give it.
  static DLAAW_RARE double validate(Training a, Work work, int member, int team, int turn) {
    const int chunks = chunk_count(a.validation_rows);
    const Batch all = {a.train_rows, make_cut(a.validation_rows, chunks), chunks, member, team};
    double* chunk_costs = a.chunk_costs + turn * MOST_CHUNKS;
    for (int chunk = member; chunk < chunks; chunk += team) {
      losses(a, work, all, chunk);
      block_barrier();
      if (thread() == 0) chunk_costs[chunk] = lanes_sum(work);
    }
    if (team > 1) team_barrier(a.team_state, team);
    block_barrier();
    const double sum = sum_of(chunk_costs, chunks);
    block_barrier();
    return sum / (double)a.validation_rows;
  }

  static DLAAW_MEMBER void losses(const Training& a, const Work& work, const Batch& all, int chunk) {
    const Pass pass = {false, 0, 0, 0, 0};
    const Place at = place(a, work, pass);
    const Shuffle as_given = make_shuffle(false, 0, 1);
    const long long from = all.from(chunk), to = all.to(chunk);
    const int last = (Net::units(a.sizes) - Net::outputs(a.sizes)) * TILE;
    if (from >= to) {
      block_barrier();  // the sums of the chunk before may still be read
      add_costs(work, 0, true);
    }
    for (long long begin = from; begin < to; begin += TILE) {
      const int rows = to - begin < TILE ? (int)(to - begin) : TILE;
      const int whole = whole_rows(rows);
      const Tile tile = load_tile(a.rows, Net::in(a.sizes), as_given, begin, rows, whole, work.x, work.t);
      const Labels labels = {tile.t, a.loss, work.cost, 1.0f, rows, true};
      Net::forward(at, tile.x, tile.stride, work.y, whole);
      DLAAW_EACH(r, WIDTH, whole, TILE) {
        store(work.cost + r, Loss::value(Net::outputs(a.sizes), work.y + last, labels, r));
      }
      block_barrier();
      add_costs(work, rows, begin == from);
      block_barrier();
    }
  }

  // Whether no epoch has been better for too long; keeps what the best one left.
  static DLAAW_MEMBER bool is_over(const Training& a, const Work& work, Watch& watch, double cost, long long epoch, int member) {
    if (watch.epoch == 0.0 || cost < watch.best - a.min_delta) {
      watch.best = cost;
      watch.since = 0.0;
      watch.epoch = (double)(epoch + 1);
      if (member == 0) {
        DLAAW_EACH(k, 1, work.p, work.p) a.best[k] = work.w[k];
        DLAAW_EACH(k, 1, 2 * Net::batch_units(a.sizes), 2 * Net::batch_units(a.sizes)) a.best[work.p + k] = work.buffers[k];
      }
      return false;
    }
    watch.since += 1.0;
    return watch.since >= (double)a.patience;
  }
};

}  // namespace dlaaw
