// What the compiler's marks and the emulator call while a cell is checked: a unit of its own, without marks (check.cuh).
#pragma once
#include "shadow.cuh"

extern "C" {
void dlaaw_check_begin(const dlaaw_CheckedLaunch* what) {
  using namespace dlaaw_check;
  launch = *what;
  image_begin = (uintptr_t)__executable_start;
  own_begin = (uintptr_t)__start_dlaaw_own;
  own_bytes = (uintptr_t)__stop_dlaaw_own - own_begin;
  shadow_left = launch.shadow_bytes;
  for (size_t k = 0; k < launch.array_count; ++k) {
    const dlaaw_CheckedArray& a = launch.arrays[k];
    add(a.data, a.bytes, a.item_bytes, SLACK, false, a.writable);
  }
  for (size_t k = 0; k < launch.variable_count; ++k) {
    const char* begin = (const char*)(uintptr_t)launch.variables[k].address;
    const bool shared = begin >= __start_dlaaw_shared && begin < __stop_dlaaw_shared;
    size_t slack = 0;
    if (shared && __stop_dlaaw_shared - begin > (long)launch.variables[k].bytes) {
      slack = std::min<size_t>(DLAAW_SLACK - launch.variables[k].bytes % DLAAW_SLACK, __stop_dlaaw_shared - begin - launch.variables[k].bytes);
    }
    add(begin, launch.variables[k].bytes, launch.variables[k].bytes % 4 ? 1 : 4, slack, shared, true);
  }
  if (!launch.all_known && __start_dlaaw_shared) {
    add(__start_dlaaw_shared, __stop_dlaaw_shared - __start_dlaaw_shared, 1, 0, true, true);
  }
  add(nullptr, launch.shared_bytes, launch.shared_bytes % 4 ? 1 : 4, DLAAW_SLACK, true, true);  // the last one
}
void* dlaaw_check_allocate(size_t bytes) {
  using dlaaw_check::SLACK;
  char* at = (char*)mmap(nullptr, bytes + 2 * SLACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at != MAP_FAILED) return at + SLACK;
  std::fprintf(stderr, "dlaaw: out of memory: %zu bytes for an array\n", bytes);
  _exit(3);
}

void dlaaw_check_interval() { ++dlaaw_check::interval; }
void dlaaw_check_block(unsigned index, const void* dynamic_shared) {
  using namespace dlaaw_check;
  block = index;
  block_begin = ++interval;
  block_begins.push_back(interval);
  regions.back().begin = (uintptr_t)dynamic_shared;
  order_begins_block();
}
void dlaaw_check_thread(unsigned index, const void* stack, size_t bytes) {
  using namespace dlaaw_check;
  thread = index;
  stack_begin = (uintptr_t)stack;
  stack_bytes = bytes;
  static unsigned turns;  // the clock is dear
  if (unwatched || ++turns % 64 || std::clock() / CLOCKS_PER_SEC < (long)launch.seconds) return;
  unwatched = true;
  std::fprintf(stderr, "dlaaw-unwatched: seconds %u\n", block);
}
namespace dlaaw_check {
static const void* barriers[1024];  // from where each thread called the emulator
}
void dlaaw_check_enter(const void* from) {
  dlaaw_check::watching = false;
  dlaaw_check::barriers[dlaaw_check::thread] = from;
}
void dlaaw_check_leave() { dlaaw_check::watching = !dlaaw_check::unwatched; }
int dlaaw_check_same_barrier(unsigned a, unsigned b) {
  return dlaaw_check::barriers[a] == dlaaw_check::barriers[b];
}
void dlaaw_check_divergence(unsigned waits, unsigned other, int ended, unsigned waiting) {
  using namespace dlaaw_check;
  thread = waits;
  const Access there = {interval, other, 0, 0, 0, uint32_t(ended ? 0 : offset_of(barriers[other]))};
  find(ended ? "ended" : "barriers", offset_of(barriers[waits]), false, -1, 0, waiting, &there);
}

void dlaaw_check_fence() {
  if (!dlaaw_check::unwatched) dlaaw_check::order_fence(dlaaw_check::interval, dlaaw_check::thread);
}
void dlaaw_check_atomic(const void* p, size_t bytes, int reads, const void* from) {
  dlaaw_check::access(p, bytes, {reads != 0, true, true, false}, from);
}
void dlaaw_check_range(const void* p, size_t bytes, int writes, const void* from) {
  if (bytes) dlaaw_check::access(p, bytes, {!writes, writes != 0, false, false}, from);
}

#define DLAAW_HOOK(name, bytes, reads, writes, is_volatile) \
  void __tsan_##name##bytes(void* p) {                      \
    dlaaw_check::access(p, bytes, {reads, writes, false, is_volatile}, __builtin_return_address(0)); \
  }
#define DLAAW_HOOKS(bytes)                                  \
  DLAAW_HOOK(read, bytes, true, false, false)               \
  DLAAW_HOOK(write, bytes, false, true, false)              \
  DLAAW_HOOK(unaligned_read, bytes, true, false, false)     \
  DLAAW_HOOK(unaligned_write, bytes, false, true, false)    \
  DLAAW_HOOK(volatile_read, bytes, true, false, true)       \
  DLAAW_HOOK(volatile_write, bytes, false, true, true)      \
  DLAAW_HOOK(unaligned_volatile_read, bytes, true, false, true)   \
  DLAAW_HOOK(unaligned_volatile_write, bytes, false, true, true)  \
  DLAAW_HOOK(read_write, bytes, true, true, false)          \
  DLAAW_HOOK(unaligned_read_write, bytes, true, true, false)
DLAAW_HOOKS(1)
DLAAW_HOOKS(2)
DLAAW_HOOKS(4)
DLAAW_HOOKS(8)
DLAAW_HOOKS(16)
void __tsan_read_range(void* p, size_t bytes) { dlaaw_check_range(p, bytes, 0, __builtin_return_address(0)); }
void __tsan_write_range(void* p, size_t bytes) { dlaaw_check_range(p, bytes, 1, __builtin_return_address(0)); }
void* __tsan_memcpy(void* to, const void* from, size_t bytes) {
  dlaaw_check_range(from, bytes, 0, __builtin_return_address(0));
  dlaaw_check_range(to, bytes, 1, __builtin_return_address(0));
  return __builtin_memmove(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, size_t bytes) {
  dlaaw_check_range(from, bytes, 0, __builtin_return_address(0));
  dlaaw_check_range(to, bytes, 1, __builtin_return_address(0));
  return __builtin_memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int value, size_t bytes) {
  dlaaw_check_range(to, bytes, 1, __builtin_return_address(0));
  return __builtin_memset(to, value, bytes);
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

// An index beyond a local or shared array of a fixed size, before it is used (-fsanitize=bounds): what would be spoilt is
// the thread's own stack, so the launch ends here.
struct dlaaw_Bounds {
  const char* file;
  unsigned line, column;
  const struct {
    unsigned short kind, info;
    char name[1];
  } * array, *index;
};
void __ubsan_handle_out_of_bounds(dlaaw_Bounds* what, uintptr_t index) {
  using namespace dlaaw_check;
  if (!watching) return;
  const unsigned bits = 1u << (what->index->info >> 1);
  const bool negative = (what->index->info & 1) && bits <= 64;
  const int shift = bits < 64 ? 64 - (int)bits : 0;
  const long long value = negative ? (long long)((unsigned long long)index << shift) >> shift : (long long)index;
  std::fprintf(stderr, "dlaaw-finding: index %u 0 %u %u 0 0 0 -1 -1 %lld 0 %s\n", what->line, thread, block, value, what->array->name);
  end();
}
void __ubsan_handle_out_of_bounds_abort(dlaaw_Bounds* what, uintptr_t index) { __ubsan_handle_out_of_bounds(what, index); }
}
