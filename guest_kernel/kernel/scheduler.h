// Which thread runs on a CPU.
#pragma once

#include <stdint.h>

#include "kernel/list.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"

namespace kernel {

inline constexpr uint64_t time_slice_ns = 100'000;

// One for each CPU. A thread runs only on its home CPU and only that CPU moves it away, when its registers are saved:
// so a thread that another CPU makes runnable before it has quite given up its own is never run twice.
class Scheduler {
public:
    // The boot stack becomes the idle thread. Interrupts off.
    void initialise(unsigned cpu, Thread& idle);

    // Gives this CPU to the ready thread of highest priority; returns when the current one runs again. Interrupts are
    // off, no spin lock is held. The current thread goes on being ready unless it was marked blocked or dead before.
    static void switch_thread();
    // Marks the current thread, which is about to call switch_thread with interrupts off throughout.
    static void mark(ThreadState state);
    // Makes a blocked thread ready, from any CPU and level.
    static void wake(Thread& thread);
    // A new thread, blocked so far.
    static void start(Thread& thread);
    // The first thing a thread does when it has been switched to: completes the departure of the one that ran before.
    static void complete_switch(Thread& previous);
    static void change_priority(Thread& thread, unsigned priority);
    static Status move(Thread& thread, unsigned cpu);
    static void hold(Thread& thread);
    static void release(Thread& thread);

    // The current thread's turn is over: the others of its priority come first. Interrupts off.
    void end_slice() { m_slice_end = 0; }
    // A decrementer exception has come. Interrupts off.
    void timer_due(uint64_t now);

    unsigned cpu() const { return m_cpu; }
    Thread& idle() const { return *m_idle; }
    // What runs there; out of date at once for another CPU.
    Thread* running() const { return __atomic_load_n(&m_running, __ATOMIC_RELAXED); }
    unsigned threads() const { return __atomic_load_n(&m_threads, __ATOMIC_RELAXED); }
    // Whether it schedules threads: false until its CPU has started.
    bool online() const { return __atomic_load_n(&m_running, __ATOMIC_ACQUIRE) != nullptr; }
    static Scheduler& of(unsigned cpu);
    static Scheduler& here();
    static Scheduler& least_loaded();

private:
    class HomeGuard;
    using ReadyList = List<Thread, &Thread::m_ready_link>;

    // The following with the lock held.
    void make_ready(Thread& thread);
    void enqueue(Thread& thread, bool at_front);
    void dequeue(Thread& thread);
    Thread& take_next();
    void requeue(Thread& previous, uint64_t now);
    Thread* collect_departing();
    void send_away(Thread& thread);
    void request_switch();
    void preempt_for(const Thread& thread);

    // Makes a thread that was sent away ready at its new home. No lock held.
    static void arrive(Thread& thread);
    void set_timer();
    static void account(Thread& previous, Thread& next);

    // Guards the fields below and those of the threads at home here that thread.h names.
    SpinLock m_lock;
    unsigned m_cpu = 0;
    // Bit n: the list of priority n is not empty.
    uint32_t m_ready_levels = 0;
    ReadyList m_ready[priorities];
    Thread* m_running = nullptr;
    Thread* m_idle = nullptr;
    // A ready thread here is to be moved to another CPU.
    bool m_departures = false;
    unsigned m_threads = 0;

    // Used by this CPU only, with interrupts off.
    uint64_t m_slice_end = 0;
    // Sent away while it ran: it arrives elsewhere once its registers are saved.
    Thread* m_leaving = nullptr;
};

}
