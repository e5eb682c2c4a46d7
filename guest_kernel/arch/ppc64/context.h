// What a thread leaves behind when it gives up the CPU, and how one thread becomes another.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/ppc64/asm_offsets.h"

namespace kernel {
class Thread;
}

namespace arch {

// Entry function of a kernel thread.
using ThreadEntry = void (*)(uint64_t argument);

// Part of a thread. r14-r31, CR and LR lie on the thread's own stack while it does not run; r2 is the kernel's TOC in
// every thread.
struct Context {
    uint64_t stack_pointer = 0;        // r1, valid while the thread does not run
    kernel::Thread* thread = nullptr;  // r13
    uint64_t thread_id = 0;            // published to the host in SPRG3
    uint64_t stack_low = 0;            // lowest usable byte of the kernel stack
    uint64_t stack_high = 0;           // one past the highest
    uint64_t pid = 1;                  // PIDR: 1 is the empty tree, others a process' tree; never 0

    // Makes the context start in `entry` on an empty stack: the first switch to it calls kernel_thread_started.
    void prepare(uint64_t low, uint64_t high, ThreadEntry entry, uint64_t argument);

    // Of the thread that calls, or of one that does not run: goes on in this PID's address space.
    void set_pid(uint64_t new_pid);
};

// Stops running `from` and goes on with `to`; returns when someone switches back to `from`, with the context that
// ran before. Both must be set up, interrupts off, the CPU stays the same for the caller only if nobody moves it.
Context* switch_to(Context& from, Context& to);

// Tells the exception entry which thread runs here and where its stack lies; for the boot stack, which becomes a
// thread without a switch. Interrupts off.
void adopt_current(Context& context);

static_assert(offsetof(Context, stack_pointer) == CONTEXT_STACK_POINTER);
static_assert(offsetof(Context, thread) == CONTEXT_THREAD);

}

// First C++ of a new thread, on its own stack with interrupts off; `previous` is the context that ran before.
extern "C" [[noreturn]] void kernel_thread_started(arch::Context* previous, arch::ThreadEntry entry, uint64_t argument);
