// What one block hands over to another, as CUDA's memory model has it: for the checks (shadow.cuh).
//
// A block releases what it did before a __threadfence() by an atomic (or volatile write) that follows the fence, in the
// same thread or behind a barrier; a block that touches the same address by an atomic (or volatile read) later acquires
// it, for that thread at once and for the others behind the next barrier. Blocks run one after another here, so what
// was released is released. Not followed: an order that goes through a third block by way of two different addresses.
#pragma once
#include <bitset>
#include <cstdint>
#include <cstdio>
#include <unordered_map>
#include <vector>

namespace dlaaw_check {

// One access, in 8 bytes: of which interval between barriers (counted over all blocks), by whom, where in the program.
struct Access {
  uint32_t interval;
  uint32_t thread : 10, atomic : 1, is_volatile : 1, late : 1, pc : 19;
};

using Threads = std::bitset<1024>;

struct Fence {
  uint32_t interval = 0;
  Threads threads;
};
struct Release {
  uint32_t block, interval;  // what came before the interval,
  Threads threads;           // and what these threads did in it
  bool again;                // ... even after they had released something in it before
};
struct Acquired {
  uint32_t interval;  // the first in which a thread of this block acquired
  Threads threads;    // who, in that one
};

constexpr size_t MOST_RELEASES = 1 << 18;

static Fence last_fence, fence_before;
static Threads has_released;  // in this interval
static uint32_t released_interval;
static std::unordered_map<uintptr_t, std::vector<Release>> releases;
static std::unordered_map<uintptr_t, Acquired> acquired;
static size_t release_count;

static void order_begins_block() {
  last_fence = fence_before = Fence();
  acquired.clear();
}
static void order_fence(uint32_t interval, unsigned thread) {
  if (last_fence.interval != interval) {
    fence_before = last_fence;
    last_fence = Fence();
    last_fence.interval = interval;
  }
  last_fence.threads.set(thread);
}
// Whether a thread has released something in this interval, so that what it does now comes too late for that.
static bool is_late(uint32_t interval, unsigned thread) {
  return released_interval == interval && has_released.test(thread);
}

static void release(uintptr_t address, uint32_t block, uint32_t interval, unsigned thread) {
  const bool own = last_fence.interval == interval;
  if (own && !last_fence.threads.test(thread) && !fence_before.interval) return;
  if (release_count == MOST_RELEASES) return;
  Release made = {block, last_fence.interval, last_fence.threads, false};
  if (own) made.threads = Threads().set(thread);
  if (own && !last_fence.threads.test(thread)) made = {block, fence_before.interval, fence_before.threads, false};
  auto& list = releases[address];
  if (list.empty() || list.back().block != block) {
    list.push_back(made);
    if (++release_count == MOST_RELEASES) std::fprintf(stderr, "dlaaw-unwatched: order %u\n", block);
  } else if (list.back().interval == made.interval) {
    list.back().again |= (list.back().threads & made.threads).any();
    list.back().threads |= made.threads;
  } else {
    list.back() = made;
  }
  if (released_interval != interval) has_released.reset();
  released_interval = interval;
  has_released.set(thread);
}
static void acquire(uintptr_t address, uint32_t interval, unsigned thread) {
  if (releases.empty() || !releases.count(address)) return;
  auto found = acquired.find(address);
  if (found == acquired.end()) found = acquired.insert({address, {interval, {}}}).first;
  if (found->second.interval == interval) found->second.threads.set(thread);
}
// An access by which threads of different blocks may meet.
static void order_access(uintptr_t address, uint32_t block, uint32_t interval, unsigned thread, bool reads, bool writes) {
  if (reads) acquire(address, interval, thread);
  if (writes && last_fence.interval) release(address, block, interval, thread);
}

// Whether what another block did before is handed over to what a thread does now.
static bool is_handed_over(const Access& before, uint32_t block, const Access& now) {
  if (release_count == MOST_RELEASES) return true;  // nothing is known any more: better silent than wrong
  for (const auto& pair : acquired) {
    if (pair.second.interval == now.interval && !pair.second.threads.test(now.thread)) continue;
    const auto& list = releases[pair.first];
    size_t low = 0, high = list.size();  // by block, in rising order
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (list[middle].block < block) low = middle + 1;
      else high = middle;
    }
    if (low == list.size() || list[low].block != block) continue;
    const Release& found = list[low];
    if (before.interval < found.interval) return true;
    if (before.interval == found.interval && found.threads.test(before.thread) && (!before.late || found.again)) return true;
  }
  return false;
}

}  // namespace dlaaw_check
