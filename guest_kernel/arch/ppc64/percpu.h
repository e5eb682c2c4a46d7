// What each CPU has for itself: one page, at the same effective address on every CPU.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "arch/ppc64/asm_offsets.h"

namespace kernel {
class Thread;
}

namespace arch {

inline constexpr unsigned MAX_CPUS = abi::MAX_CPUS;

// Addresses of a stack: [low, high).
struct StackBounds {
    uint64_t low;
    uint64_t high;
};

struct PerCpu {
    // -- exception entry: written in real mode through SPRG0, read once translation is on, interrupts off throughout.
    uint64_t saved_r1;
    uint64_t saved_r3;
    uint64_t saved_r4;
    uint64_t saved_r5;
    uint64_t saved_cr;
    uint64_t saved_srr0;
    uint64_t saved_srr1;

    // -- where the exception entry finds a stack. One whose r1 lies outside [stack_limit, stack_high] goes to the
    // emergency stack and sets these two accordingly: a second exception finds r1 there.
    uint64_t stack_limit;
    uint64_t stack_high;
    uint64_t emergency_high;
    uint64_t emergency_limit;
    uint64_t user_stack; // r1 for an exception from problem state
    kernel::Thread* current_thread; // r13 for an exception

    // -- stacks of this CPU
    StackBounds stack; // the one in use
    StackBounds emergency;

    // -- identity and translation
    uint64_t id;
    uint64_t physical;        // of this structure
    uint64_t root;            // physical address of this CPU's kernel tree
    uint64_t partition_table; // physical
    uint64_t process_table;   // physical
    uint64_t exception_depth; // handlers of interrupts under way: above zero is exception level

    // -- kernel fields (owned by kernel/, zero at start)
    uint64_t spin_locks_held;
    uint64_t need_reschedule; // a switch is due: made as soon as interrupts and preemption are on
    // -- end of kernel fields
};

static_assert(sizeof(PerCpu) <= abi::PAGE_SIZE);
static_assert(offsetof(PerCpu, saved_r1) == PERCPU_SAVED_R1 && offsetof(PerCpu, saved_r3) == PERCPU_SAVED_R3);
static_assert(offsetof(PerCpu, saved_r4) == PERCPU_SAVED_R4 && offsetof(PerCpu, saved_r5) == PERCPU_SAVED_R5);
static_assert(offsetof(PerCpu, saved_cr) == PERCPU_SAVED_CR && offsetof(PerCpu, saved_srr0) == PERCPU_SAVED_SRR0);
static_assert(offsetof(PerCpu, saved_srr1) == PERCPU_SAVED_SRR1);
static_assert(offsetof(PerCpu, stack_limit) == PERCPU_STACK_LIMIT && offsetof(PerCpu, stack_high) == PERCPU_STACK_HIGH);
static_assert(offsetof(PerCpu, emergency_high) == PERCPU_EMERGENCY_HIGH);
static_assert(offsetof(PerCpu, emergency_limit) == PERCPU_EMERGENCY_LIMIT);
static_assert(offsetof(PerCpu, user_stack) == PERCPU_USER_STACK);
static_assert(offsetof(PerCpu, current_thread) == PERCPU_CURRENT_THREAD && offsetof(PerCpu, id) == PERCPU_ID);

// The page of the CPU that runs this. A thread with interrupts and preemption on may be on another CPU by the time it
// uses a value from here.
inline PerCpu& this_cpu() { return *reinterpret_cast<PerCpu*>(abi::PERCPU_BASE); }

inline unsigned cpu_id() { return static_cast<unsigned>(this_cpu().id); }

// Exceptions are handled on this stack from now on, except where too little of it is left for a handler.
inline void set_stack(PerCpu& percpu, StackBounds bounds)
{
    percpu.stack = bounds;
    percpu.stack_limit = bounds.low + STACK_RESERVE;
    percpu.stack_high = bounds.high;
}

// CPUs of this machine, 1..MAX_CPUS: those the host offers, started or not.
unsigned cpu_count();

// Any CPU's page, through the linear map; id < cpu_count().
PerCpu& cpu(unsigned id);

}
