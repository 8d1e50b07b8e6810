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

constexpr int MOST_CHUNKS = 256;

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

  static DLAAW_MEMBER void run(const Training& a, int member, int team, float* scratch) {
    const Work work(a.sizes, scratch);
    load_state(a, work);
    Watch watch;
    double* kept = (double*)&watch;
    DLAAW_UNROLL
    for (int k = 0; k < 3 + SCHEDULE_MEMORY; ++k) kept[k] = a.monitor[k];

    long long epoch = a.epoch_begin;
    int reported = 0, diverged = 0, turn = 0;
    bool stopped = false, early = false;
    const long long size = a.train_rows / a.batches, larger = a.train_rows % a.batches;
    const int chunks = chunk_count(size + (larger > 0));
    const double rate = (double)a.settings[0];
    for (; epoch < a.epoch_end && !stopped && !diverged && !early; ++epoch) {
      const bool report = epoch % a.cost_every == 0 || epoch == a.epochs - 1;
      const bool watched = Schedule::OBSERVES || a.patience > 0;
      const bool measure = report || (watched && a.validation_rows == 0);
      const float rate_now = (float)(rate * Schedule::factor(rate, a.schedule, epoch, a.epochs, watch.schedule));
      const Shuffle order = make_shuffle(a.reshuffle != 0, epoch_key(a.shuffle_key, epoch), a.train_rows);
      Pass pass = {true, epoch_key(a.dropout_key, epoch), 0, 0, 0};
      double epoch_cost = 0.0;
      long long begin = 0;
      for (int batch = 0; batch < a.batches && !stopped; ++batch) {
        const long long rows = size + (batch < larger ? 1 : 0);
        const Batch b = make_batch(begin, rows, chunks, member, team);
        // A GPU asks a batch ahead: the answer is a long way off.
        const int asked = DLAAW_GPU ? *a.stop : 0;
        gather_moments(a, work, b, order, pass);
        turn ^= 1;  // two sets of sums: a fast member may already fill the next one
        float* sums = a.sums + (long long)turn * chunks * work.p;
        double* chunk_costs = a.chunk_costs + turn * MOST_CHUNKS;
        double batch_cost = 0.0;
        for (int chunk = member; chunk < chunks; chunk += team) {
          batch_cost = accumulate(a, work, b, chunk, order, pass, measure);
          float* out = chunks == 1 ? work.total : sums + (long long)chunk * work.p;
          for (int k = thread(); k < work.count; k += threads()) out[k] = lane_sum(work.g + k * LANE_STRIDE);
          if (chunks > 1 && thread() == 0) chunk_costs[chunk] = batch_cost;
        }
        if (team > 1) {
          if (member == 0 && thread() == 0) a.team_state[2 + turn] = DLAAW_GPU ? asked : *a.stop;
          team_barrier(a.team_state, team);
          stopped = a.team_state[2 + turn] != 0;
        } else {
          stopped = block_any((DLAAW_GPU ? asked : *a.stop) != 0);
        }
        if (chunks > 1) batch_cost = add_up(work, sums, chunk_costs, chunks, measure);
        block_barrier();
        update(a, work, rate_now, epoch * a.batches + batch + 1);
        block_barrier();
        epoch_cost += batch_cost;
        begin += rows;
      }
      diverged = is_broken(work);
      if (member == 0 && !diverged) save_state(a, work);  // a diverged training leaves its last finite weights
      if (stopped) continue;
      const double cost = epoch_cost / (double)a.train_rows;
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
  // Rows [begin, begin + rows) of the training, cut into chunks that are shared out to a team.
  struct Batch {
    long long begin, rows;
    int chunks, member, team;
    long long length;  // of a chunk: whole lanes; the last one may be shorter, and some empty

    DLAAW_MEMBER long long from(int chunk) const { return begin + least(chunk * length); }
    DLAAW_MEMBER long long to(int chunk) const { return begin + least((chunk + 1) * length); }
    DLAAW_MEMBER long long least(long long row) const { return row < rows ? row : rows; }
  };

  static DLAAW_MEMBER Batch make_batch(long long begin, long long rows, int chunks, int member, int team) {
    const long long part = chunks == 1 ? rows : (rows + chunks - 1) / chunks;
    return {begin, rows, chunks, member, team, (part + LANES - 1) / LANES * LANES};
  }

  static DLAAW_MEMBER void load_state(const Training& a, const Work& work) {
    const int p = work.p, kept = 2 * Net::batch_units(a.sizes);
    for (int k = thread(); k < p; k += threads()) {
      work.w[k] = a.parameters[k];
      work.total[k] = 0.0f;  // the padding stays 0
    }
    for (int k = thread(); k < p * Optimizer::STATES; k += threads()) work.state[k] = a.state[k];
    for (int k = thread(); k < kept; k += threads()) work.buffers[k] = a.buffers[k];
    for (int k = thread(); k < 2 * kept; k += threads()) work.statistics[k] = 0.0f;
    block_barrier();
  }

  static DLAAW_MEMBER void save_state(const Training& a, const Work& work) {
    for (int k = thread(); k < work.p; k += threads()) a.parameters[k] = work.w[k];
    for (int k = thread(); k < work.p * Optimizer::STATES; k += threads()) a.state[k] = work.state[k];
    for (int k = thread(); k < 2 * Net::batch_units(a.sizes); k += threads()) a.buffers[k] = work.buffers[k];
  }

  static DLAAW_MEMBER Place place(const Training& a, const Work& work, const Pass& pass) {
    return {a.sizes, a.options, work.w, work.statistics, work.buffers, &pass};
  }

  static DLAAW_MEMBER int is_broken(const Work& work) {
    bool broken = false;
    for (int k = thread() * WIDTH; k < work.p; k += threads() * WIDTH) {
      broken |= any((as_int(load(work.w + k)) & 0x7F800000) == 0x7F800000);
    }
    return block_any(broken);
  }

  // The gradient of a batch from those of its chunks, into work.total; returns the sum of their losses.
  static DLAAW_MEMBER double add_up(const Work& work, const float* sums, const double* chunk_costs, int chunks, bool measure) {
    double cost = 0.0;
    for (int chunk = 0; measure && chunk < chunks; ++chunk) cost += chunk_costs[chunk];
    for (int k = thread() * WIDTH; k < work.p; k += threads() * WIDTH) {
      vfloat sum = load(sums + k);
      DLAAW_UNROLL_SOME
      for (int chunk = 1; chunk < chunks; ++chunk) sum = sum + load(sums + (long long)chunk * work.p + k);
      store(work.total + k, sum);
    }
    return cost;
  }

  static DLAAW_MEMBER void update(const Training& a, const Work& work, float rate, long long t) {
    if (a.clip_norm > 0.0f) clip(work, a.clip_norm);
    const Step step = Optimizer::prepare(a.settings, rate, t);
    for (int k = thread() * WIDTH; k < work.p; k += threads() * WIDTH) {
      store(work.w + k, Optimizer::update(load(work.w + k), load(work.total + k), work.state + k, work.p, step));
    }
  }

  // Makes a gradient that is longer than `most` shorter, as PyTorch's clip_grad_norm_.
  // Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", 2013.
  static DLAAW_RARE void clip(Work work, float most) {
    for (int lane = thread(); lane < LANES; lane += threads()) {
      double sum = 0.0;
      for (int k = lane; k < work.count; k += LANES) sum += (double)work.total[k] * (double)work.total[k];
      work.lanes[lane] = sum;
    }
    block_barrier();
    double sum = 0.0;
    for (int lane = 0; lane < LANES; ++lane) sum += work.lanes[lane];
    const float scale = most / (scalar_sqrt((float)sum) + 1e-6f);
    for (int k = thread() * WIDTH; k < work.p; k += threads() * WIDTH) {
      if (scale < 1.0f) store(work.total + k, load(work.total + k) * scale);
    }
    block_barrier();
  }

  // Gradient sums work.g of a chunk; returns the sum of its losses if `measure`.
  static DLAAW_MEMBER double accumulate(const Training& a, const Work& work, const Batch& batch, int chunk,
                                        const Shuffle& order, Pass& pass, bool measure) {
    const long long from = batch.from(chunk), to = batch.to(chunk);
    const Place at = place(a, work, pass);
    for (int lane = thread(); lane < LANES; lane += threads()) work.lanes[lane] = 0.0;
    if (from >= to) {
      block_barrier();  // the sums of the chunk before may still be read
      for (int k = thread(); k < work.count * LANE_STRIDE; k += threads()) work.g[k] = 0.0f;
      block_barrier();
    }
    for (long long begin = from; begin < to; begin += TILE) {
      const int rows = to - begin < TILE ? (int)(to - begin) : TILE;
      const int whole = round_up(rows, LANES);
      pass.row = (int)begin;
      pass.rows = rows;
      pass.turn = 0;
      const Tile tile = load_tile(a.rows, Net::in(a.sizes), order, begin, rows, work.x, work.t);
      block_barrier();
      const Labels labels = {tile.t, a.loss, work.cost, 1.0f / (float)batch.rows, rows, measure};
      Net::template rows<Loss, Input>(at, tile.x, tile.stride, work.y, work.dz, labels, whole);
      block_barrier();
      Net::gradient(at, tile.x, tile.stride, work.y, work.dz, work.g, whole, begin == from);
      if (measure) add_costs(work, rows);
      block_barrier();
    }
    return measure ? lanes_sum(work) : 0.0;
  }

  static DLAAW_MEMBER void add_costs(const Work& work, int rows) {
    for (int lane = thread(); lane < LANES; lane += threads()) {
      for (int r = lane; r < rows; r += LANES) work.lanes[lane] += (double)work.cost[r];
    }
  }

  static DLAAW_MEMBER double lanes_sum(const Work& work) {
    double sum = 0.0;
    for (int lane = 0; lane < LANES; ++lane) sum += work.lanes[lane];
    block_barrier();  // before the next chunk makes them 0
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
        for (int k = thread(); k < width; k += threads()) {
          double sum = 0.0;
          for (int lane = 0; lane < LANES; ++lane) sum += work.moments[k * LANES + lane];
          sums[chunk * width + k] = sum;
        }
        block_barrier();
      }
      if (batch.team > 1) team_barrier(a.team_state, batch.team);
      block_barrier();
      Net::settle(place(a, work, pass), number, backward, sums, batch.chunks, width, batch.rows, work.buffers);
      block_barrier();
    }
  }

  static DLAAW_RARE void collect(Training a, Work work, Batch batch, int chunk, Shuffle order, Pass pass, int number,
                                 bool backward) {
    const long long from = batch.from(chunk), to = batch.to(chunk);
    const Place at = place(a, work, pass);
    for (int k = thread(); k < 2 * LANES * Net::widest_batch(a.sizes); k += threads()) work.moments[k] = 0.0;
    for (long long begin = from; begin < to; begin += TILE) {
      const int rows = to - begin < TILE ? (int)(to - begin) : TILE;
      const int whole = round_up(rows, LANES);
      pass.row = (int)begin;
      pass.rows = rows;
      const Tile tile = load_tile(a.rows, Net::in(a.sizes), order, begin, rows, work.x, work.t);
      block_barrier();
      const Labels labels = {tile.t, a.loss, work.cost, 1.0f / (float)batch.rows, rows, false};
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
    const Batch all = make_batch(a.train_rows, a.validation_rows, chunks, member, team);
    double* chunk_costs = a.chunk_costs + turn * MOST_CHUNKS;
    double sum = 0.0;
    for (int chunk = member; chunk < chunks; chunk += team) {
      sum = losses(a, work, all, chunk);
      if (thread() == 0) chunk_costs[chunk] = sum;
    }
    if (team > 1) team_barrier(a.team_state, team);
    block_barrier();
    sum = 0.0;
    for (int chunk = 0; chunk < chunks; ++chunk) sum += chunk_costs[chunk];
    block_barrier();
    return sum / (double)a.validation_rows;
  }

  static DLAAW_MEMBER double losses(const Training& a, const Work& work, const Batch& all, int chunk) {
    const Pass pass = {false, 0, 0, 0, 0};
    const Place at = place(a, work, pass);
    const Shuffle as_given = make_shuffle(false, 0, 1);
    const long long from = all.from(chunk), to = all.to(chunk);
    const int last = (Net::units(a.sizes) - Net::outputs(a.sizes)) * TILE;
    for (int lane = thread(); lane < LANES; lane += threads()) work.lanes[lane] = 0.0;
    for (long long begin = from; begin < to; begin += TILE) {
      const int rows = to - begin < TILE ? (int)(to - begin) : TILE;
      const int whole = round_up(rows, LANES);
      const Tile tile = load_tile(a.rows, Net::in(a.sizes), as_given, begin, rows, work.x, work.t);
      block_barrier();
      const Labels labels = {tile.t, a.loss, work.cost, 1.0f, rows, true};
      Net::forward(at, tile.x, tile.stride, work.y, whole);
      block_barrier();
      for (int r = thread() * WIDTH; r < whole; r += threads() * WIDTH) {
        store(work.cost + r, Loss::value(Net::outputs(a.sizes), work.y + last, labels, r));
      }
      block_barrier();
      add_costs(work, rows);
      block_barrier();
    }
    return lanes_sum(work);
  }

  // Whether no epoch has been better for too long; keeps what the best one left.
  static DLAAW_MEMBER bool is_over(const Training& a, const Work& work, Watch& watch, double cost, long long epoch, int member) {
    if (watch.epoch == 0.0 || cost < watch.best - a.min_delta) {
      watch.best = cost;
      watch.since = 0.0;
      watch.epoch = (double)(epoch + 1);
      if (member == 0) {
        for (int k = thread(); k < work.p; k += threads()) a.best[k] = work.w[k];
        for (int k = thread(); k < 2 * Net::batch_units(a.sizes); k += threads()) a.best[work.p + k] = work.buffers[k];
      }
      return false;
    }
    watch.since += 1.0;
    return watch.since >= (double)a.patience;
  }
};

}  // namespace dlaaw
