// Shadow memory of a cell under %%cuda --check: who accessed each place last, and what is wrong about an access.
//
// A region is an array, a variable that threads share, or dynamic shared memory. Each of its items (4 bytes of shared
// memory, one where somebody accesses less) has a cell of 40 bytes. Wrong is
//   bounds: an access that lies in no region, or ends beyond its region; a write to what is const;
//   unset:  a read of shared memory no part of which the block has written (parts may be the gaps of a struct);
//   race:   two accesses by different threads, one of them a write, not both atomic, of one block between the same two
//           barriers, or of two blocks and not handed over (order.cuh). Volatile counts as atomic between blocks only.
// For each place the last write of this block and of an earlier one are kept, two readers of this interval (of two one
// is not the writer), and one reader of an earlier block. Findings that differ in kind or place of the program are told
// on standard error, one a line; raw_findings.py puts them into words.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>

#include "check.cuh"
#include "order.cuh"

extern "C" {
extern char __executable_start[] __attribute__((weak));
extern char __data_start[] __attribute__((weak));
extern char _end[] __attribute__((weak));
extern char __start_dlaaw_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_dlaaw_shared[] __attribute__((weak, visibility("hidden")));
}

namespace dlaaw_check {

struct Cell {
  Access write, old_write, reads[2], old_read;
};
struct Region {
  uintptr_t begin;
  size_t bytes, step, slack;  // step: the bytes of an item, 1 << shift
  unsigned shift;
  bool shared, writable;
  Cell* cells;  // null: its races are not looked for
};

constexpr int MOST_FINDINGS = 32;
constexpr size_t SLACK = 1 << 20;  // around each array

static dlaaw_CheckedLaunch launch;
static std::vector<Region> regions;
static std::vector<uint32_t> block_begins;  // the interval in which each block began, in rising order
static uint32_t interval = 1, block_begin = 1, block, thread;
static uintptr_t stack_begin, stack_bytes, image_begin, own_begin, own_bytes;
static bool watching, unwatched;  // now; from here to the end
static size_t shadow_left;
static std::vector<std::string> told;

[[noreturn]] static void end() {
  std::fflush(stdout);
  _exit(3);
}
static uintptr_t offset_of(const void* from) { return from ? (uintptr_t)from - image_begin : 0; }
static uint32_t block_of(const Access& access) {
  return uint32_t(std::upper_bound(block_begins.begin(), block_begins.end(), access.interval) - block_begins.begin()) - 1;
}

// Tells a finding: "kind pc writes thread block, pc writes thread block of the other, region offset bytes".
static void find(const char* kind, uintptr_t pc, bool writes, int region, long long offset, size_t bytes,
                 const Access* other = nullptr, bool other_writes = false) {
  const uintptr_t pc2 = other ? other->pc : 0;
  const std::string key = std::string(kind) + " " + std::to_string(std::min(pc, other ? pc2 : pc)) + " " +
                          std::to_string(std::max(pc, pc2)) + " " + std::to_string(region);
  if (std::find(told.begin(), told.end(), key) != told.end()) return;
  told.push_back(key);
  std::fprintf(stderr, "dlaaw-finding: %s %zu %d %u %u %zu %d %u %lld %d %lld %zu\n", kind, pc ? pc + image_begin : 0,
               writes, thread, block, other && pc2 ? pc2 + image_begin : 0, other_writes, other ? other->thread : 0,
               other ? (long long)block_of(*other) : -1, region, offset, bytes);
  if (told.size() == MOST_FINDINGS) {
    std::fprintf(stderr, "dlaaw-unwatched: findings %u\n", block);
    end();
  }
}

static Cell* cells_for(size_t count) {
  const size_t bytes = count * sizeof(Cell);
  if (bytes > shadow_left) return nullptr;
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  shadow_left -= bytes;
  return (Cell*)at;
}
static void add(const void* begin, size_t bytes, size_t step, size_t slack, bool shared, bool writable) {
  Region made = {(uintptr_t)begin, bytes, step, slack, (unsigned)__builtin_ctzll(step), shared, writable, nullptr};
  if (bytes && writable) made.cells = cells_for((bytes + step - 1) / step);
  if (bytes && writable && !made.cells) std::fprintf(stderr, "dlaaw-unwatched: region %zu\n", regions.size());
  regions.push_back(made);
}
// Somebody accesses less than an item: from now on there is a cell for each byte.
static void split(Region& region) {
  Cell* finer = cells_for(region.bytes);
  if (!finer) {
    std::fprintf(stderr, "dlaaw-unwatched: region %d\n", int(&region - regions.data()));
  } else {
    for (size_t k = 0; k < region.bytes; ++k) finer[k] = region.cells[k / region.step];
  }
  const size_t bytes = (region.bytes + region.step - 1) / region.step * sizeof(Cell);
  munmap(region.cells, bytes);
  shadow_left += bytes;
  region.cells = finer;
  region.step = 1;
  region.shift = 0;
}

static bool conflict(const Region& region, const Access& before, const Access& now) {
  if (!before.interval) return false;
  if (before.interval >= block_begin) {
    return before.interval == now.interval && before.thread != now.thread && !(before.atomic && now.atomic);
  }
  if (region.shared || ((before.atomic || before.is_volatile) && (now.atomic || now.is_volatile))) return false;
  return !is_handed_over(before, block_of(before), now);
}
// An atomic of this block came in between, and what is atomic is in order with it.
static bool follows_own_atomic(const Cell& cell, const Access& before, const Access& now) {
  const Access& own = cell.write;
  return before.atomic && own.atomic && own.interval >= block_begin &&
         (own.interval < now.interval || own.thread == now.thread);
}

// The most frequent case: many threads read what one has written before the last barrier.
static inline bool is_plain_read(const Region& region, const Cell& cell, bool writes) {
  return !writes && cell.write.interval >= block_begin && cell.write.interval < interval &&
         cell.reads[0].interval == interval && (region.shared || !cell.old_write.interval);
}

// Holds an access against what was done at its place before, and keeps it.
static void look(const Region& region, Cell& cell, const Access& now, bool writes, long long offset, size_t bytes) {
  const int number = int(&region - regions.data());
  const auto race = [&](const Access& before, bool wrote) {
    find("race", now.pc, writes, number, offset, bytes, &before, wrote);
  };
  if (conflict(region, cell.write, now)) race(cell.write, true);
  else if (conflict(region, cell.old_write, now) && !follows_own_atomic(cell, cell.old_write, now)) race(cell.old_write, true);
  if (writes) {
    const Access before[] = {cell.reads[0], cell.reads[1], cell.old_read};
    for (const Access& read : before) {
      if (conflict(region, read, now)) race(read, false);
    }
    if (cell.write.interval && cell.write.interval < block_begin) cell.old_write = cell.write;
    if (!now.atomic || cell.write.atomic || cell.write.interval != now.interval) cell.write = now;
    return;
  }
  Access& first = cell.reads[0];
  if (first.interval && first.interval < block_begin) cell.old_read = first;
  if (first.interval != now.interval) {
    first = now;
    cell.reads[1] = Access();
  } else if (first.thread != now.thread) {
    cell.reads[1] = now;
  }
}

// An access that lies in no region: tells which one is near, and ends the launch unless it harms nobody.
static void outside(uintptr_t at, size_t bytes, bool writes, const void* from) {
  const bool image = __executable_start && at >= (uintptr_t)__executable_start && at < (uintptr_t)_end;
  if (image && ((at < (uintptr_t)__data_start && !writes) || !launch.all_known)) return;  // constants
  int near = -1;
  size_t least = SLACK;
  for (const Region& region : regions) {
    const size_t away = at < region.begin ? region.begin - at : at < region.begin + region.bytes ? 0 : at - region.begin - region.bytes;
    if (away >= least) continue;
    near = int(&region - regions.data());
    least = away;
  }
  const long long offset = near < 0 ? (long long)at : (long long)(at - regions[near].begin);
  find("bounds", offset_of(from), writes, near, offset, bytes);
  const bool before = near >= 0 && image && at < regions[near].begin;  // a variable has room behind it only
  if (near < 0 || before || least + bytes > regions[near].slack) end();
}

static inline bool contains(const Region* region, uintptr_t at, size_t bytes) {
  return at - region->begin < region->bytes && at - region->begin + bytes <= region->bytes;
}
static inline Region* region_of(uintptr_t at, size_t bytes) {
  static Region* recent[16];  // by bits of the address that tell arrays apart: there is room between them
  Region*& found = recent[(at >> 16) % 16];
  if (found && contains(found, at, bytes)) return found;
  for (Region& region : regions) {
    if (contains(&region, at, bytes)) return found = &region;
  }
  return nullptr;
}

struct Kind {
  bool reads, writes, atomic, is_volatile;
};

static inline void access(const void* p, size_t bytes, Kind kind, const void* from) {
  if (!watching) return;
  const uintptr_t at = (uintptr_t)p;
  if (at - stack_begin < stack_bytes || at - own_begin < own_bytes) return;
  Region* region = region_of(at, bytes);
  const bool orders = kind.atomic || kind.is_volatile;
  if (orders && !(region && region->shared)) order_access(at, block, interval, thread, kind.reads, kind.writes);
  if (!region) return outside(at, bytes, kind.writes, from);
  const uintptr_t pc = offset_of(from);
  const long long offset = (long long)(at - region->begin);
  if (kind.writes && !region->writable) find("const", pc, true, int(region - regions.data()), offset, bytes);
  if (region->cells) {
    if ((offset | bytes) & (region->step - 1)) split(*region);
    Access now = {interval, thread, kind.atomic, kind.is_volatile, is_late(interval, thread), uint32_t(pc < 1 << 19 ? pc : 0)};
    bool unset = region->shared && kind.reads;
    const size_t last = (offset + bytes) >> region->shift;
    for (size_t k = offset >> region->shift; region->cells && k < last; ++k) {
      Cell& cell = region->cells[k];
      unset = unset && cell.write.interval < block_begin;
      if (is_plain_read(*region, cell, kind.writes)) {
        if (cell.reads[0].thread != thread) cell.reads[1] = now;
        continue;
      }
      look(*region, cell, now, kind.writes, offset, bytes);
    }
    if (unset) find("unset", pc, false, int(region - regions.data()), offset, bytes);
  }
}

}  // namespace dlaaw_check
