// What a cell under %%cuda --check tells to the checks (shadow.cuh), which are compiled apart and without instrumentation.
//
// The compiler marks each access of the cell by a call of __tsan_read4 and the like (-fsanitize=thread; its library is
// not linked). The emulator's own functions are marked too, and of no interest: the checks listen between LEAVE and
// ENTER only, and functions that a kernel calls in between are UNSEEN. Without DLAAW_CHECKED all of it is nothing.
#pragma once
#include <cstddef>

#if defined(DLAAW_CHECKED)
#define DLAAW_UNSEEN __attribute__((noinline, no_sanitize("thread")))
#define DLAAW_OWN __attribute__((section("dlaaw_own")))  // a variable of the emulator that a kernel reads
#define DLAAW_ENTER() dlaaw_check_enter(__builtin_return_address(0))
#define DLAAW_LEAVE() dlaaw_check_leave()
#define DLAAW_FENCE() dlaaw_check_fence()
#define DLAAW_ATOMIC_ACCESS(p, reads) dlaaw_check_atomic(p, sizeof *(p), reads, __builtin_return_address(0))
#define DLAAW_TELL(call) call
#define DLAAW_SLACK (64 << 10)  // around shared memory: what lands there harms nobody, and is told

extern "C" {
extern char __start_dlaaw_own[] __attribute__((weak, visibility("hidden")));
extern char __stop_dlaaw_own[] __attribute__((weak, visibility("hidden")));
// Keeps them away from shared memory, so that an overrun is not taken for one of them.
static char dlaaw_own_room __attribute__((section("dlaaw_own"), aligned(65536), used));

struct dlaaw_CheckedArray {
  void* data;
  unsigned long long bytes, item_bytes, writable;
};
struct dlaaw_CheckedVariable {
  unsigned long long address, bytes;
};
struct dlaaw_CheckedLaunch {
  const dlaaw_CheckedArray* arrays;
  const dlaaw_CheckedVariable* variables;  // of the cell, that its threads share
  unsigned long long array_count, variable_count, all_known, shared_bytes, shadow_bytes, seconds, threads;
};
void dlaaw_check_begin(const dlaaw_CheckedLaunch* launch);
void dlaaw_check_block(unsigned index, const void* dynamic_shared);  // begins
void dlaaw_check_interval();                                          // a barrier has let the threads of a block go on
void dlaaw_check_thread(unsigned index, const void* stack, size_t bytes);  // has its turn
void dlaaw_check_enter(const void* from);                             // the kernel calls the emulator,
void dlaaw_check_leave();                                             // and goes on
void dlaaw_check_fence();
void dlaaw_check_atomic(const void* p, size_t bytes, int reads, const void* from);
void dlaaw_check_range(const void* p, size_t bytes, int writes, const void* from);
void dlaaw_check_divergence(unsigned waits, unsigned other, int ended, unsigned waiting);
int dlaaw_check_same_barrier(unsigned thread, unsigned other);
void* dlaaw_check_allocate(size_t bytes);
}
#else
#define DLAAW_UNSEEN
#define DLAAW_OWN
#define DLAAW_ENTER()
#define DLAAW_LEAVE()
#define DLAAW_FENCE()
#define DLAAW_ATOMIC_ACCESS(p, reads)
#define DLAAW_TELL(call)
#define DLAAW_SLACK 0
#endif
