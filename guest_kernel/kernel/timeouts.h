// Threads whose wait has a deadline.
#pragma once

#include <stdint.h>

#include "kernel/list.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"

namespace kernel {

// One for each CPU: the deadlines of threads that began to wait there. The lock is taken after that which guards the
// waiter's condition and before the wait queue's own; while it is held, no waiter on the list leaves its wait, so the
// queue it waits in exists.
class Timeouts {
public:
    static Timeouts& here();

    // The current thread, which is about to block in that queue, with interrupts off.
    static void add(Thread& thread, WaitQueue& queue, uint64_t deadline_ns);
    // The thread itself, after its wait.
    static void remove(Thread& thread);

    // Ends the waits whose deadline has passed.
    void expire(uint64_t now);
    // ns; no_deadline when nobody waits.
    uint64_t first_deadline() const;

private:
    using DeadlineList = List<Thread, &Thread::m_timeout_link>;

    // Guards the list, which is in the order of deadlines, and the fields of its threads that thread.h names.
    mutable SpinLock m_lock;
    DeadlineList m_waiters;
};

}
