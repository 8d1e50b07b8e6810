// Random numbers by counter: what a number is depends on its key and its place alone, so that every thread, tile
// and machine draws the same ones. Mirrored in dlaaw_nb/engine/random.py.
//
// mix: a bijection of 32 bits made of xor-shifts and odd multipliers, with the constants of lowbias32
//      (C. Wellons, "Prospecting for hash functions", 2018, https://nullprogram.com/blog/2018/07/31/).
#pragma once
#include "platform.cuh"

namespace dlaaw {

template <class U>
DLAAW_FN U mix(U x) {
  x = x ^ (x >> 16);
  x = x * 0x7FEB352Du;
  x = x ^ (x >> 15);
  x = x * 0x846CA68Bu;
  return x ^ (x >> 16);
}

// The key of an epoch, from the key of a training.
DLAAW_FN unsigned epoch_key(unsigned key, long long epoch) { return mix(key + (unsigned)epoch * 0x9E3779B9u); }

// The order of the rows in one epoch: a bijection of [0, rows), drawn anew for each key.
//
// On the next power of two four rounds of xor with a key, odd multiplication and xor-shift are bijections; a number
// that falls beyond the rows goes round again (cycle walking: Black and Rogaway, "Ciphers with arbitrary finite
// domains", 2002).
struct Shuffle {
  bool on;
  unsigned key, mask;
  int shift;
  long long rows;
};

DLAAW_FN Shuffle make_shuffle(bool on, unsigned key, long long rows) {
  int bits = 1;
  while (on && (1LL << bits) < rows) ++bits;
  return {on, key, (unsigned)((1LL << bits) - 1), (bits + 1) / 2, rows};
}

DLAAW_FN long long shuffled(const Shuffle& order, long long place) {
  if (!order.on) return place;
  unsigned x = (unsigned)place;
  do {
    for (unsigned round = 0; round < 4; ++round) {
      const unsigned key = mix(order.key + round);
      x = ((x ^ key) * (2u * (key >> 8) + 1u)) & order.mask;
      x ^= x >> order.shift;
    }
  } while (x >= order.rows);
  return x;
}

}  // namespace dlaaw
