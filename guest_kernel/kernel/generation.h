// Thread generations: by them it is known when all calls that were under way at some moment are over.
#pragma once

#include <stdint.h>

#include "kernel/list.h"
#include "kernel/mutex.h"
#include "kernel/spinlock.h"
#include "kernel/wait_queue.h"

namespace kernel {

class Event;
class Thread;
class Ticket;

// A thread's place in a generation. Guarded by the lock of the CPU's generation that it entered.
struct Membership {
    // The CPU on which the thread entered, whose count it leaves wherever it has moved since; -1 when not counted.
    int cpu = -1;
    uint64_t generation = 0;
    uint64_t since_ns = 0;
};

// A counted thread, as shown by `stalled`.
struct CountedThread {
    const Thread* thread;
    uint64_t thread_id;
    unsigned cpu;
    uint64_t generation;
    // Virtual time at which it entered this generation.
    uint64_t since_ns;
};

class Generations {
public:
    // Returns when every thread counted now, on any CPU, has left its generation or passed a quiescent point. The
    // caller is not counted (asserted: it would wait for itself) and may block. Waiters that come before a round starts
    // share it; one that comes while a round is under way waits for the next, a full one. A CPU without counted threads
    // holds nobody up. Counted threads of the old generation run at least at the caller's priority meanwhile.
    void wait_for_all_cpus();

    // Generation changes on every CPU so far, and calls of wait_for_all_cpus so far.
    uint64_t rounds() const;
    uint64_t waits() const;
    // The generation that a thread which entered now on that CPU would join.
    uint64_t current(unsigned cpu) const;

    // The current thread joins or leaves. At thread start and end and at quiescent points only.
    void enter();
    void leave();
    // Leaves and joins anew.
    void pass();

private:
    void start_round();
    void end_round();
    void boost(unsigned priority);

    // Guards all that follows. Taken before the lock of a CPU's generation.
    mutable SpinLock m_lock;
    WaitQueue m_round_ended;
    uint64_t m_started = 0;
    uint64_t m_completed = 0;
    uint64_t m_waits = 0;
    // CPUs whose old generation still has members in the round under way.
    uint64_t m_cpus_left = 0;
    // The highest priority among the waiters of the round under way.
    unsigned m_priority = 0;
};

Generations& generations();

inline void enter_generation() { generations().enter(); }
inline void leave_generation() { generations().leave(); }
bool current_thread_counted();

// Calls visit(const CountedThread&, context) for each counted thread, CPU by CPU, the oldest first, under the lock of
// that CPU's generation: visit must not block and must not print.
void for_each_counted(void (*visit)(const CountedThread&, void*), void* context);

// The outermost loop of a long-lived thread, made in the thread's entry function. Its methods are quiescent points:
// they are asserted to be called from the very frame that made it, with no interposer's record and no lock held.
class OuterLoop {
public:
    [[gnu::noinline]] OuterLoop();
    OuterLoop(const OuterLoop&) = delete;
    OuterLoop& operator=(const OuterLoop&) = delete;

    // Changes generation.
    [[gnu::noinline]] void pass();
    // The following wait outside the generation and join the new one afterwards.
    [[gnu::noinline]] void wait(Ticket& ticket);
    [[gnu::noinline]] void wait(Event& event);
    // Takes the signal (Event::consume).
    [[gnu::noinline]] void consume(Event& event);
    [[gnu::noinline]] void sleep_until(uint64_t deadline_ns);
    // As Generations::wait_for_all_cpus, for a thread that is counted between its quiescent points.
    [[gnu::noinline]] void wait_for_all_cpus();

private:
    void check_frame(const void* caller) const;

    const void* m_frame;
};

}
