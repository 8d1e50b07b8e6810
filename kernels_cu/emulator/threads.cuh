// The threads of a launch as threads of the system, for the sanitizers: ThreadSanitizer reports two that touch a place
// without a barrier between them, whether or not a number changes.
//
// Volatile reads and writes say what CUDA means by them only together with __threadfence(): compile with
// --param tsan-distinguish-volatile=1, which hands them to the functions below.
#pragma once
#include <atomic>
#include <condition_variable>
#include <thread>

static thread_local uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;

namespace dlaaw_emulator {

struct Divergence {};

struct Block {
  Block(unsigned index, unsigned threads, size_t bytes) : index(index), threads(threads), dynamic(bytes) {}
  unsigned index, threads;
  SharedMemory dynamic;
  std::mutex mutex;
  std::condition_variable changed;
  unsigned waiting = 0, ended = 0, generation = 0, flags = 0, counted = 0;
  Barrier kind = Barrier::none;
  bool broken = false;
};

static thread_local Block* running;
static std::atomic<unsigned> fence;  // CUDA's __threadfence(), in the only form that ThreadSanitizer understands
static std::atomic<bool> failed;

static inline void* dynamic_shared() { return running->dynamic.at; }

static void fail(Block& block, const std::string& message) {
  static std::mutex first;
  block.broken = true;
  block.changed.notify_all();
  std::lock_guard<std::mutex> guard(first);
  if (!failed.exchange(true)) error = message;
}

static inline unsigned block_barrier(Barrier kind, bool flag) {
  Block& block = *running;
  std::unique_lock<std::mutex> lock(block.mutex);
  if (block.waiting && block.kind != kind) fail(block, mixture(block.index));
  block.kind = kind;
  block.counted = (block.waiting ? block.counted : 0) + flag;
  if (++block.waiting + block.ended == block.threads && block.ended) {
    fail(block, divergence(block.index, block.waiting, block.ended));
  }
  if (block.waiting == block.threads) {
    block.flags = block.counted;
    block.waiting = 0;
    ++block.generation;
    block.changed.notify_all();
  } else {
    const unsigned now = block.generation;
    block.changed.wait(lock, [&] { return block.generation != now || block.broken; });
  }
  if (block.broken) throw Divergence();
  return block.flags;
}
static inline void give_way() {
  if (failed) throw Divergence();  // the other blocks of the team will not come
  std::this_thread::yield();
}

static void member(Block& block, unsigned k, const Launch& what) {
  running = &block;
  blockIdx = place(block.index, gridDim);
  threadIdx = place(k, blockDim);
  try {
    what.kernel();
  } catch (const Divergence&) {
    return;
  }
  std::lock_guard<std::mutex> lock(block.mutex);
  ++block.ended;
  if (block.waiting && block.waiting + block.ended == block.threads) {
    fail(block, divergence(block.index, block.waiting, block.ended));
  }
}

static void run_blocks(unsigned first, unsigned blocks, const Launch& what) {
  std::vector<std::unique_ptr<Block>> resident;
  std::vector<std::thread> threads;
  if (static_bytes()) std::memset(__start_dlaaw_shared, 0xFF, static_bytes());
  for (unsigned b = 0; b < blocks; ++b) resident.emplace_back(new Block(first + b, count(blockDim), what.shared_bytes));
  for (auto& block : resident) {
    for (unsigned k = 0; k < block->threads; ++k) threads.emplace_back([&, k] { member(*block, k, what); });
  }
  for (auto& thread : threads) thread.join();
}

static void launch(const Launch& what) {
  std::lock_guard<std::mutex> guard(one_launch);
  const unsigned blocks = count(what.grid), at_once = what.cooperative ? blocks : 1;
  if (static_bytes() && at_once > 1) {
    error = "static shared memory: threads of the system share it, so the blocks of a team cannot run at once; use fibers";
    return;
  }
  blockDim = what.block;
  gridDim = what.grid;
  failed = false;
  for (unsigned first = 0; first < blocks && !failed; first += at_once) run_blocks(first, at_once, what);
}

}  // namespace dlaaw_emulator

static inline void __threadfence() { dlaaw_emulator::fence.fetch_add(1, std::memory_order_acq_rel); }

// What --param tsan-distinguish-volatile=1 calls in place of a check.
extern "C" {
#define DLAAW_VOLATILE(bytes)                                                          \
  __attribute__((visibility("default"))) void __tsan_volatile_read##bytes(void*) {}   \
  __attribute__((visibility("default"))) void __tsan_volatile_write##bytes(void*) {}
DLAAW_VOLATILE(1) DLAAW_VOLATILE(2) DLAAW_VOLATILE(4) DLAAW_VOLATILE(8) DLAAW_VOLATILE(16)
#undef DLAAW_VOLATILE
}
