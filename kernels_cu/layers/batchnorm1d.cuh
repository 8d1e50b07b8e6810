// Batch normalization of each unit over the rows of a batch:
//
//   forward   h = (x - mean) / sqrt(variance + epsilon);  y = weight h + bias
//   backward  dx = weight / sqrt(variance + epsilon) (dy - mean(dy) - h mean(dy h)), means over the batch
//   gradient  dweight = sum dy h, dbias = sum dy
//
// In training mean and variance (divided by the rows) are the batch's; a prediction takes the running ones, which move
// by `momentum` towards each batch's (its variance divided by rows - 1). As PyTorch's BatchNorm1d.
// options: epsilon, momentum. w: weight [N], bias [N]. statistics: mean, 1 / deviation, mean(dy), mean(dy h), [N] each.
// buffers: running mean, running variance, [N] each. x [N][stride], y, dy, dx [N][TILE].
//
// A batch may be longer than a tile, so the train program makes its tiles pass several times: once for each of these
// layers to gather the moments of what comes in (first layer first), once for those of dy (last layer first).
// collect adds up two sums in double, by lanes; settle turns them into statistics.
// Source: S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
// shift", 2015, https://arxiv.org/abs/1502.03167
#pragma once
#include "../place.cuh"

namespace dlaaw {

template <int N>
struct BatchNorm1d : LayerDefaults {
  static constexpr int OPTIONS = 2;
  static constexpr int BATCH = 1;
  static DLAAW_MEMBER int in(const int* sizes) { return N > 0 ? N : sizes[0]; }
  static DLAAW_MEMBER int out(const int* sizes) { return in(sizes); }
  static DLAAW_MEMBER int parameters(const int* sizes) { return 2 * in(sizes); }

  static DLAAW_MEMBER void forward(const Place& at, const float* x, int stride, float* y, int r) {
    const int n = in(at.sizes);
    for (int k = 0; k < n; ++k) {
      float mean = at.buffers[k], scale;
      if (at.pass->training) {
        mean = at.statistics[k];
        scale = at.statistics[n + k];
      } else {
        scale = inverse_deviation(at.buffers[n + k], at.options[0]);
      }
      const vfloat weight = broadcast(at.w[k]), bias = broadcast(at.w[n + k]);
      for (int v = r; v < r + ROW_GROUP; v += WIDTH) {
        store(y + k * TILE + v, fma(weight, (load(x + k * stride + v) - mean) * scale, bias));
      }
    }
  }

  template <class Previous>
  static DLAAW_MEMBER void backward(const Place& at, const float* x, const float*, const float* dy, float* dx, int r) {
    const int n = in(at.sizes);
    const float* before = at.options - Previous::OPTIONS;
    for (int k = 0; k < n; ++k) {
      const float* s = at.statistics + k;
      const float mean = s[0], scale = s[n], mean_dy = s[2 * n], mean_dyh = s[3 * n], factor = at.w[k] * scale;
      for (int v = r; v < r + ROW_GROUP; v += WIDTH) {
        const int c = k * TILE + v;
        const vfloat xk = load(x + c), h = (xk - mean) * scale;
        const vfloat d = factor * (load(dy + c) - mean_dy - h * mean_dyh);
        const vfloat counted = select(lane_index() + v < at.pass->rows, d, broadcast(0.0f));
        store(dx + c, Previous::derivative(xk, counted, before));
      }
    }
  }

  static DLAAW_STEP void gradient(const Place& at, const float* x, int stride, const float* dy, float* g, int rows, bool fresh) {
    const int n = in(at.sizes);
    DLAAW_EACH_LANE_OF(at.pass->turn, k, once, lane, n, 1, 1) {
      const float mean = at.statistics[k], scale = at.statistics[n + k];
      float* gw = g + k * LANE_STRIDE + lane;
      float* gb = gw + n * LANE_STRIDE;
      vfloat weight = fresh ? broadcast(0.0f) : load(gw), bias = fresh ? broadcast(0.0f) : load(gb);
      DLAAW_EACH_ROW_OF_LANE(r, lane, rows) {
        const vfloat d = load(dy + k * TILE + r);
        weight = fma(d, (load(x + k * stride + r) - mean) * scale, weight);
        bias = bias + d;
      }
      store(gw, weight);
      store(gb, bias);
    }
  }

  // sums [2][n][LANES]: of x and x^2, or (backward) of dy and dy h, over `rows` rows of a tile.
  static DLAAW_STEP void collect(const Place& at, bool backward, const float* x, int stride, const float* dy, double* sums, int rows) {
    const int n = in(at.sizes);
    DLAAW_EACH(cell, 1, n * LANES, n * LANES) {
      const int k = cell / LANES;
      const float mean = at.statistics[k], scale = at.statistics[n + k];
      double first = sums[cell], second = sums[n * LANES + cell];
      for (int r = cell % LANES; r < rows; r += LANES) {
        const float value = x[k * stride + r];
        const double one = backward ? dy[k * TILE + r] : value;
        first += one;
        second += one * (backward ? (double)((value - mean) * scale) : one);
      }
      sums[cell] = first;
      sums[n * LANES + cell] = second;
    }
  }

  // sums: [chunks][2][n] of all chunks of the batch, `stride` doubles from one chunk to the next.
  static DLAAW_STEP void settle(const Place& at, bool backward, const double* sums, int chunks, long long stride, long long rows, float* buffers) {
    const int n = in(at.sizes);
    DLAAW_EACH(k, 1, n, n) {
      double first = 0.0, second = 0.0;
      for (int chunk = 0; chunk < chunks; ++chunk) {
        first += sums[chunk * stride + k];
        second += sums[chunk * stride + n + k];
      }
      first /= (double)rows;
      second /= (double)rows;
      float* s = at.statistics + k;
      if (backward) {
        s[2 * n] = (float)first;
        s[3 * n] = (float)second;
        continue;
      }
      const double spread = second - first * first, variance = spread > 0.0 || spread != spread ? spread : 0.0;
      s[0] = (float)first;
      s[n] = inverse_deviation((float)variance, at.options[0]);
      const float keep = 1.0f - at.options[1];
      const double unbiased = rows > 1 ? variance * ((double)rows / (double)(rows - 1)) : variance;
      buffers[k] = keep * buffers[k] + at.options[1] * (float)first;
      buffers[n + k] = keep * buffers[n + k] + at.options[1] * (float)unbiased;
    }
  }

 private:
  static DLAAW_MEMBER float inverse_deviation(float variance, float epsilon) { return 1.0f / scalar_sqrt(variance + epsilon); }
};

}  // namespace dlaaw
