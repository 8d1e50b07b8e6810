// Trains one trial: epochs [epoch_begin, epoch_end) in one call, for a team of one or more blocks
// (threads on a CPU).
//
// A batch is cut into a fixed number of chunks of rows, which depends on its size alone. A block takes
// chunks, tile by tile, and leaves their gradient sums; then every block adds up all chunks in the same
// order and makes the same update on its own copy of the parameters. So a batch costs one barrier,
// and the numbers do not depend on the size of the team.
//
// Launch contract: one block a member, any number of threads that is a multiple of 32 (GPU) or 1 (CPU);
// `scratch` is shared_floats() floats, aligned to 64 bytes.
#pragma once
#include "../network.cuh"
#include "data.cuh"

namespace dlaaw {

// Mirrored field by field in dlaaw_nb/engine/launch.py.
struct Training {
  Rows rows;
  const int* sizes;           // [layers + 1] features, then units of each layer; for variable sizes
  const float* settings;      // the optimizer's: learning rate, ...
  float* parameters;          // [padded] in and out, written after every epoch
  float* state;               // [STATES][padded] the optimizer's, likewise
  double* costs;              // [epochs reported by this call] mean loss over the training rows
  float* sums;                // [2][chunks][padded] gradients of chunks; null if chunks is 1
  double* chunk_costs;        // [2][chunks]
  int* team_state;            // [4] barrier: arrived, generation; stop seen, in turns
  const volatile int* stop;   // other than 0: end after this batch
  int* status;                // [2] epochs done; 1 + epoch that diverged, or 0
  long long train_rows;
  long long epochs;           // of the whole training: the last one is reported too
  long long epoch_begin;
  long long epoch_end;
  long long cost_every;
  int batches;                // training parts, near-equal: the first rows % batches have one more
};

DLAAW_FN int padded(int parameters) { return round_up(parameters, 16); }

// Chunks of a batch: one up to 1023 rows, then a power of two, 512 rows or more each.
DLAAW_FN int chunk_count(long long rows) {
  int chunks = 1;
  while (chunks < 256 && rows >= 1024LL * chunks) chunks *= 2;
  return chunks;
}

template <class Net, class Loss, class Optimizer>
struct TrainProgram {
  // Floats of scratch memory that a block needs.
  static DLAAW_MEMBER int shared_floats(const int* sizes) {
    const int p = padded(Net::parameters(sizes));
    return p * (2 + Optimizer::STATES + LANES) + TILE * (Net::in(sizes) + 2 * Net::units(sizes) + 2) + 4 * LANES;
  }

  static DLAAW_MEMBER void run(const Training& a, int member, int team, float* scratch) {
    const int* sizes = a.sizes;
    const int count = Net::parameters(sizes), p = padded(count);
    float* w = scratch;
    float* state = w + p;
    float* total = state + p * Optimizer::STATES;
    float* g = total + p;
    float* x = g + p * LANES;
    float* y = x + TILE * Net::in(sizes);
    float* dz = y + TILE * Net::units(sizes);
    float* t = dz + TILE * Net::units(sizes);
    float* cost = t + TILE;
    double* lanes = (double*)(cost + TILE);

    for (int k = thread(); k < p; k += threads()) {
      w[k] = a.parameters[k];
      total[k] = 0.0f;  // the padding stays 0
    }
    for (int k = thread(); k < p * Optimizer::STATES; k += threads()) state[k] = a.state[k];
    block_barrier();

    long long epoch = a.epoch_begin;
    int reported = 0, diverged = 0, turn = 0;
    bool stopped = false;
    const long long size = a.train_rows / a.batches, larger = a.train_rows % a.batches;
    for (; epoch < a.epoch_end && !stopped && !diverged; ++epoch) {
      const bool report = epoch % a.cost_every == 0 || epoch == a.epochs - 1;
      double epoch_cost = 0.0;
      long long begin = 0;
      for (int batch = 0; batch < a.batches && !stopped; ++batch) {
        const long long rows = size + (batch < larger ? 1 : 0);
        const int chunks = chunk_count(rows);
        turn ^= 1;  // two sets of sums: a fast member may already fill the next one
        // Chunks are whole lanes long, but for the last.
        const long long length = ((rows + chunks - 1) / chunks + LANES - 1) / LANES * LANES;
        float* sums = a.sums + (long long)turn * chunks * p;
        double* chunk_costs = a.chunk_costs + turn * chunks;
        double batch_cost = 0.0;
        for (int chunk = member; chunk < chunks; chunk += team) {
          const long long from = chunk * length;
          const long long to = from + length < rows ? from + length : rows;
          batch_cost = accumulate(a, begin + from, begin + to, 1.0f / (float)rows, report, w, g, x, y, dz, t, cost, lanes);
          float* out = chunks == 1 ? total : sums + (long long)chunk * p;
          for (int k = thread(); k < count; k += threads()) out[k] = lane_sum(g + k * LANES);
          if (chunks > 1 && thread() == 0) chunk_costs[chunk] = batch_cost;
        }
        if (team > 1) {
          if (member == 0 && thread() == 0) a.team_state[2 + turn] = *a.stop;
          team_barrier(a.team_state, team);
          stopped = a.team_state[2 + turn] != 0;
        } else {
          stopped = block_any(*a.stop != 0);
        }
        if (chunks > 1) {
          batch_cost = 0.0;
          for (int chunk = 0; chunk < chunks; ++chunk) batch_cost += chunk_costs[chunk];
          for (int k = thread() * WIDTH; k < p; k += threads() * WIDTH) {
            vfloat sum = load(sums + k);
            for (int chunk = 1; chunk < chunks; ++chunk) sum = sum + load(sums + (long long)chunk * p + k);
            store(total + k, sum);
          }
        }
        block_barrier();
        for (int k = thread() * WIDTH; k < p; k += threads() * WIDTH) {
          store(w + k, Optimizer::update(load(w + k), load(total + k), state + k, p, a.settings));
        }
        block_barrier();
        epoch_cost += batch_cost;
        begin += rows;
      }
      bool broken = false;
      for (int k = thread() * WIDTH; k < p; k += threads() * WIDTH) {
        broken |= any((as_int(load(w + k)) & 0x7F800000) == 0x7F800000);
      }
      diverged = block_any(broken);
      if (member == 0 && !diverged) {  // what a diverged training leaves are its last finite weights
        for (int k = thread(); k < p; k += threads()) a.parameters[k] = w[k];
        for (int k = thread(); k < p * Optimizer::STATES; k += threads()) a.state[k] = state[k];
      }
      if (report && !stopped) {
        if (member == 0 && thread() == 0) a.costs[reported] = epoch_cost / (double)a.train_rows;
        ++reported;
      }
    }
    if (member != 0) return;
    const bool cut = stopped && !diverged;  // the last epoch is not whole
    if (thread() == 0) {
      a.status[0] = (int)(epoch - (cut ? 1 : 0));
      a.status[1] = diverged ? (int)epoch : 0;
    }
  }

 private:
  // Gradient sums g of rows [from, to) of the trial; returns the sum of their losses if `report`.
  static DLAAW_MEMBER double accumulate(const Training& a, long long from, long long to, float share, bool report,
                                        const float* w, float* g, float* x, float* y, float* dz, float* t,
                                        float* cost, double* lanes) {
    const int* sizes = a.sizes;
    for (int lane = thread(); lane < LANES; lane += threads()) lanes[lane] = 0.0;
    for (long long begin = from; begin < to; begin += TILE) {
      const int rows = to - begin < TILE ? (int)(to - begin) : TILE;
      const int whole = round_up(rows, LANES);
      const Tile tile = load_tile(a.rows, Net::in(sizes), begin, rows, x, t);
      block_barrier();
      const Labels labels = {tile.t, cost, share, rows, report};
      Net::template rows<Loss, Input>(sizes, w, tile.x, tile.stride, y, dz, labels, whole);
      block_barrier();
      Net::gradient(sizes, tile.x, tile.stride, y, dz, g, whole, begin == from);
      if (report) {
        for (int lane = thread(); lane < LANES; lane += threads()) {
          for (int r = lane; r < rows; r += LANES) lanes[lane] += (double)cost[r];
        }
      }
      block_barrier();
    }
    double sum = 0.0;
    if (report) {
      for (int lane = 0; lane < LANES; ++lane) sum += lanes[lane];
    }
    return sum;
  }
};

}  // namespace dlaaw
