// The threads of a launch as fibers: one runs at a time, up to its next barrier, in a chosen order.
//
// A block runs as far as it can, or (shuffled) for a few barriers, before the next has its turn, so that the first,
// the last or any other member of a team gets ahead of the rest. A race shows as a number that differs from order to
// order, or as the NaN of shared memory that was read before it was written.
//
// With DLAAW_QUICK_FIBERS a turn costs two jumps; swapcontext costs calls of the system too, but is what AddressSanitizer knows.
#pragma once
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

DLAAW_OWN static uint3 threadIdx, blockIdx;
DLAAW_OWN static dim3 blockDim, gridDim;

namespace dlaaw_emulator {

enum class State { ready, waits, spins, ended };

struct Fiber {
  ucontext_t context;
  jmp_buf next;  // where it goes on, once it has begun
  bool begun;
  State state;
  Barrier barrier;
  bool flag;
};

struct Block {
  Block(unsigned index, unsigned threads, size_t bytes)
      : index(index), fibers(threads), dynamic(bytes), fixed(static_bytes(), (char)0xFF), flags(0) {}
  unsigned index;
  std::vector<Fiber> fibers;
  SharedMemory dynamic;
  std::vector<char> fixed;  // its static shared memory, while another block runs
  unsigned flags;           // how many were set in the last barrier
};

constexpr size_t STACK = 256 << 10, GUARD = 4096;  // a page below each stack faults
constexpr int PATIENCE = 4;                         // rounds in which nobody gets on

static const Launch* launched;
static ucontext_t scheduler;
static jmp_buf scheduler_next;
static Block* running;  // the block and the fiber that have their turn
static Fiber* current;
static unsigned random_state;

static inline unsigned random_below(unsigned n) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % n;
}
DLAAW_UNSEEN static inline void* dynamic_shared() { return running->dynamic.at; }

static inline void leave(State state) {
  Fiber* self = current;
  self->state = state;
#if defined(DLAAW_QUICK_FIBERS)
  if (!_setjmp(self->next)) _longjmp(scheduler_next, 1);
#else
  swapcontext(&self->context, &scheduler);
#endif
}
static inline void go_on(Fiber& fiber) {
#if defined(DLAAW_QUICK_FIBERS)
  if (_setjmp(scheduler_next)) return;
  if (fiber.begun) _longjmp(fiber.next, 1);
  fiber.begun = true;
  setcontext(&fiber.context);
#else
  swapcontext(&scheduler, &fiber.context);
#endif
}
static inline unsigned block_barrier(Barrier kind, bool flag) {
  current->barrier = kind;
  current->flag = flag;
  leave(State::waits);
  return running->flags;
}
DLAAW_UNSEEN static inline void give_way() {
  DLAAW_ENTER();
  leave(State::spins);
  DLAAW_LEAVE();
}

static void body() {
  launched->kernel();
  leave(State::ended);
}

static std::vector<unsigned> sequence(unsigned n) {
  std::vector<unsigned> order(n);
  for (unsigned k = 0; k < n; ++k) order[k] = settings.order == 1 ? n - 1 - k : k;
  for (unsigned k = n; settings.order > 1 && k > 1; --k) std::swap(order[k - 1], order[random_below(k)]);
  return order;
}

#if defined(DLAAW_CHECKED)
// Tells which threads wait in which barriers, where not all wait in the same one.
static void tell_divergence(const Block& block, unsigned waiting, unsigned ended) {
  unsigned waits = 0;
  while (block.fibers[waits].state != State::waits) ++waits;
  for (unsigned k = 0; k < block.fibers.size(); ++k) {
    const bool here = block.fibers[k].state == State::waits;
    if (ended ? here : dlaaw_check_same_barrier(waits, k)) continue;
    return dlaaw_check_divergence(waits, k, ended != 0, waiting);
  }
}
#endif

// Lets the waiting threads of a block go on if all have come; false if some never will.
static bool release(Block& block, bool* released) {
  unsigned waiting = 0, ended = 0, flags = 0;
  bool mixed = false;
  Barrier kind = Barrier::none;
  for (const Fiber& fiber : block.fibers) {
    ended += fiber.state == State::ended;
    if (fiber.state != State::waits) continue;
    mixed |= waiting++ && fiber.barrier != kind;
    kind = fiber.barrier;
    flags += fiber.flag;
  }
  *released = waiting == block.fibers.size() && !mixed;
  if (waiting + ended < block.fibers.size() || !waiting) return true;
  DLAAW_TELL(tell_divergence(block, waiting, ended));
  if (ended) error = divergence(block.index, waiting, ended);
  else if (mixed) error = mixture(block.index);
  if (!*released) return false;
  block.flags = flags;
  DLAAW_TELL(dlaaw_check_interval());
  for (Fiber& fiber : block.fibers) fiber.state = State::ready;
  return true;
}

// One turn of each thread that can run; true if one of them got on.
static bool turn(Block& block) {
  bool moved = false;
  for (unsigned k : sequence((unsigned)block.fibers.size())) {
    Fiber& fiber = block.fibers[k];
    if (fiber.state != State::ready && fiber.state != State::spins) continue;
    current = &fiber;
    threadIdx = place(k, blockDim);
    DLAAW_TELL(dlaaw_check_thread(k, fiber.context.uc_stack.ss_sp, STACK));
    go_on(fiber);
    moved |= fiber.state != State::spins;
  }
  return moved;
}

// A block's turns, until it waits for another block or, if shuffled, has had a few. -1: an error; 1: it got on.
static int visit(Block& block) {
  bool moved = false, released = true;
  running = &block;
  blockIdx = place(block.index, gridDim);
  if (!block.fixed.empty()) std::memcpy(__start_dlaaw_shared, block.fixed.data(), block.fixed.size());
  for (unsigned turns = settings.order > 1 ? 1 + random_below(4) : ~0u; released && turns; --turns) {
    moved |= turn(block);
    if (!release(block, &released)) return -1;
  }
  if (!block.fixed.empty()) std::memcpy(block.fixed.data(), __start_dlaaw_shared, block.fixed.size());
  return moved;
}

static void prepare(Fiber& fiber, char* stack) {
  fiber.state = State::ready;
  fiber.begun = false;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = stack + GUARD;
  fiber.context.uc_stack.ss_size = STACK;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, body, 0);
}

static void run_blocks(unsigned first, unsigned blocks, char* stacks) {
  const unsigned threads = count(blockDim);
  std::vector<std::unique_ptr<Block>> resident;
  for (unsigned b = 0; b < blocks; ++b) {
    resident.emplace_back(new Block(first + b, threads, launched->shared_bytes));
    DLAAW_TELL(dlaaw_check_block(first + b, resident[b]->dynamic.at));
    for (unsigned k = 0; k < threads; ++k) {
      prepare(resident[b]->fibers[k], stacks + ((size_t)b * threads + k) * (STACK + GUARD));
    }
  }
  for (int idle = 0; idle < PATIENCE;) {
    bool moved = false, alive = false;
    for (unsigned b : sequence(blocks)) {
      const int got_on = visit(*resident[b]);
      if (got_on < 0) return;
      moved |= got_on > 0;
      for (const Fiber& fiber : resident[b]->fibers) alive |= fiber.state != State::ended;
    }
    if (!alive) return;
    idle = moved ? 0 : idle + 1;
  }
  error = "deadlock: every thread that is left waits for another one, for ever";
}

static void launch(const Launch& what) {
  std::lock_guard<std::mutex> guard(one_launch);
  const unsigned blocks = count(what.grid), at_once = what.cooperative ? blocks : 1, threads = count(what.block);
  const size_t bytes = (size_t)at_once * threads * (STACK + GUARD);
  char* stacks = (char*)mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED) {
    error = "out of memory: no stacks for the threads of the launch";
    return;
  }
  for (size_t k = 0; k < (size_t)at_once * threads; ++k) mprotect(stacks + k * (STACK + GUARD), GUARD, PROT_NONE);
  launched = &what;
  blockDim = what.block;
  gridDim = what.grid;
  random_state = 1234567u * (unsigned)(settings.order + 1);
  for (unsigned first = 0; first < blocks && error.empty(); first += at_once) run_blocks(first, at_once, stacks);
  munmap(stacks, bytes);
}

}  // namespace dlaaw_emulator

DLAAW_UNSEEN static inline void __threadfence() { DLAAW_FENCE(); }  // one fiber at a time: everybody sees every write
