// Threads of the kernel.
#pragma once

#include <stdint.h>

#include "arch/ppc64/context.h"
#include "arch/ppc64/cpu.h"
#include "kernel/generation.h"
#include "kernel/interrupt.h"
#include "kernel/list.h"
#include "kernel/park.h"
#include "kernel/status.h"
#include "kernel/wait_queue.h"
#include "objects/record_stack.h"

namespace kernel {

struct GuardedCall;

inline constexpr unsigned priorities = 32;
inline constexpr unsigned default_priority = 16;
inline constexpr size_t thread_name_size = 32;
inline constexpr int any_cpu = -1;

struct ThreadOptions {
    const char* name = "thread";
    // 0, the lowest, to 31. Of equal ones each runs for a time slice in turn.
    unsigned priority = default_priority;
    // The CPU on which it runs all its life, or any_cpu: then on the one with the fewest threads, until it is moved.
    int cpu = any_cpu;
    // Whether it belongs to a generation from its start to its end (but for quiescent points). Whoever calls through a
    // reference must.
    bool counted = true;
    // Signalled when it has ended and its memory is free again; may be null.
    Event* ended = nullptr;
};

enum class ThreadState : uint8_t { Ready, Running, Blocked, Held, Dead };
const char* name_of(ThreadState state);

// Detached: it frees itself at its end, after which its address must not be used. Another thread uses it only while it
// knows that it lives, or through with_thread.
class Thread {
public:
    using Entry = void (*)(uint64_t argument);

    // Starts runnable. NO_MEMORY is possible; INVALID for a priority or CPU that does not exist.
    static Result<Thread*> create(const ThreadOptions& options, Entry entry, uint64_t argument);

    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    // Positive, never used twice.
    uint64_t id() const { return m_id; }
    const char* name() const { return m_name; }
    ThreadState state() const
    {
        ThreadState state;
        __atomic_load(&m_state, &state, __ATOMIC_RELAXED);
        return state;
    }
    // The CPU in whose run queue it is, or whose it joins when it wakes.
    unsigned cpu() const { return __atomic_load_n(&m_home, __ATOMIC_RELAXED); }
    bool pinned() const { return m_pinned; }

    unsigned base_priority() const { return m_base_priority; }
    // With what it inherits from those who wait for it.
    unsigned priority() const { return __atomic_load_n(&m_priority, __ATOMIC_RELAXED); }
    // By itself, or by the one thread that it works for.
    void set_base_priority(unsigned priority);

    // Executed by this thread so far, exact for the thread that asks of itself.
    uint64_t instructions() const;
    WaitingOn waiting_on() const
    {
        WaitKind kind;
        __atomic_load(&m_waiting_on.kind, &kind, __ATOMIC_ACQUIRE);
        return {kind, m_waiting_on.target};
    }
    // How often it has begun to wait. Who reads this, then what it waits for, and later the same in the other order, and
    // finds all unchanged, knows that it has waited for that all the while.
    uint64_t waits() const { return __atomic_load_n(&m_waits, __ATOMIC_ACQUIRE); }
    bool counted() const { return __atomic_load_n(&m_membership.cpu, __ATOMIC_RELAXED) >= 0; }
    const Membership& membership() const { return m_membership; }
    Ticket& ticket() { return m_ticket; }
    unsigned mutexes_held() const { return m_mutexes_held; }
    const arch::Context& context() const { return m_context; }
    // For a process: the address space that the thread runs in.
    void set_pid(uint64_t pid) { m_context.set_pid(pid); }

    // Moves it to another CPU, at the latest when that CPU's turn comes; a thread that moves itself is there on return.
    // REFUSED for a pinned one.
    Status move_to(unsigned cpu);
    // Sets it aside: it is not run, wherever it is, and stays counted, until it is released.
    void hold();
    void release();

    // Calls that interposers track, innermost last.
    objects::RecordStack call_records;
    // Takes part in the lazy conversion of an object: another that it meets meanwhile is not converted.
    bool converts = false;
    // The guarded call that it carries out, or null: for guarded.cpp, on this thread alone; others see whether there is one.
    GuardedCall* guarded = nullptr;
    // Used once it has ended, by the reaper.
    ListLink<Thread> dead_link;

    // The boot stack of a CPU, as its idle thread, in memory of sizeof(Thread) bytes.
    static Thread& make_idle(void* memory, unsigned cpu, uint64_t stack_low, uint64_t stack_high);
    // One that has ended.
    static void free(Thread& thread);

private:
    // Each touches the fields that its lock, named below, guards.
    friend class CpuGeneration;
    friend class FailAllocation;
    friend class Generations;
    friend class HeapRules;
    friend class Inheritance;
    friend class Mutex;
    friend class NoAllocationScope;
    friend class OuterLoop;
    friend class Reaper;
    friend class Scheduler;
    friend class ThreadStart;
    friend class ThreadTable;
    friend class Timeouts;
    friend class WaitList;
    friend class WaitQueue;
    friend void preempt_disable();
    friend void preempt_enable();
    friend bool preemption_enabled();

    // Under the lock that guards the wait. Both stores release, for the promise of waits(): who sees the number sees the
    // last wait ended, who sees the wait sees its number.
    void begin_wait(WaitingOn on)
    {
        __atomic_store_n(&m_waits, m_waits + 1, __ATOMIC_RELEASE);
        m_waiting_on.target = on.target;
        __atomic_store(&m_waiting_on.kind, &on.kind, __ATOMIC_RELEASE);
    }

    explicit Thread(const ThreadOptions& options, unsigned cpu);
    ~Thread() = default;

    arch::Context m_context;
    uint64_t m_id = 0;
    char m_name[thread_name_size];
    uint64_t m_stack = 0;
    Event* const m_ended;
    const bool m_counted_at_start;
    const bool m_pinned;
    // The frame of the function that called the entry function: below it lies the outermost frame.
    const void* m_start_frame = nullptr;

    // -- guarded by the run queue lock of its home
    ThreadState m_state = ThreadState::Blocked;
    unsigned m_home;
    // Where it is to be moved, or any_cpu.
    int m_destination = any_cpu;
    bool m_held = false;
    unsigned m_priority;
    // Left of its time slice.
    uint64_t m_slice_ns = 0;
    ListLink<Thread> m_ready_link;
    // Used by the CPU that sends it away, until it arrives.
    Thread* m_next_departing = nullptr;

    // -- guarded by the wait graph lock
    unsigned m_base_priority;
    // From a waiter for its generation; 0 when none.
    unsigned m_generation_priority = 0;
    // The mutexes it holds for which others wait.
    List<Mutex, &Mutex::held_link> m_contended;

    // -- guarded by the lock of the queue in which it waits; for a mutex, the wait graph lock
    WaitingOn m_waiting_on;
    uint64_t m_waits = 0;
    Thread* m_wait_next = nullptr;
    Thread* m_wait_previous = nullptr;
    bool m_wait_linked = false;
    bool m_timed_out = false;

    // -- guarded by the lock of the timeouts of m_timeout_cpu
    WaitQueue* m_timeout_queue = nullptr;
    uint64_t m_deadline_ns = 0;
    unsigned m_timeout_cpu = 0;
    ListLink<Thread> m_timeout_link;

    // -- guarded by the lock of the generation of the CPU where it entered
    Membership m_membership;
    ListLink<Thread> m_generation_link;

    // -- guarded by the thread table's lock
    ListLink<Thread> m_table_link;
    ListLink<Thread> m_order_link;

    // -- its own
    Ticket m_ticket;
    unsigned m_preemption_off = 0;
    unsigned m_mutexes_held = 0;
    unsigned m_allocations_forbidden = 0;
    // Executed before it was last given its CPU, and that CPU's count then.
    uint64_t m_instructions = 0;
    uint64_t m_instructions_at_switch = 0;
};

inline Thread* current_thread() { return arch::current_thread_register(); }

// Gives the CPU to other threads of the same priority.
void yield();
// Until the virtual time has come, in ns.
void sleep_until(uint64_t deadline_ns);
[[noreturn]] void exit_thread();

// No switch to another thread on this CPU between the two; they nest. Interrupts still happen.
void preempt_disable();
void preempt_enable();
bool preemption_enabled();

// Panics unless the current thread may block now: not at exception level, preemption and interrupts on, and no spin
// lock held.
void assert_may_block();

// Calls visit on the thread with this id while it cannot end; NOT_FOUND when there is none. visit must not block.
Status with_thread(uint64_t id, void (*visit)(Thread&, void*), void* context);
// Calls visit for every thread but the idle ones, in the order of their ids, under a spin lock.
void for_each_thread(void (*visit)(Thread&, void*), void* context);
// Until every thread that has ended is freed.
void drain_dead_threads();

}
