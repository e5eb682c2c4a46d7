// Threads that wait for a condition.
#pragma once

#include <stdint.h>

#include "kernel/spinlock.h"
#include "kernel/status.h"
#include "kernel/thread_list.h"

namespace kernel {

class Thread;

// What a blocked thread waits for, so that a wait graph can be walked.
enum class WaitKind : uint8_t { None, Mutex, WaitQueue, Mediator, Thread };

struct WaitingOn {
    WaitKind kind = WaitKind::None;
    // The Mutex, the WaitQueue, what the waiter named as mediator, or the Thread that does something for it.
    const void* target = nullptr;
};

inline constexpr uint64_t no_deadline = ~uint64_t{0};

// The condition is guarded by the caller's spin lock. The queue's own lock guards its list and is taken after the
// caller's, so a waker need not hold the caller's lock, only have changed the condition under it.
class WaitQueue {
public:
    constexpr WaitQueue() = default;
    WaitQueue(const WaitQueue&) = delete;
    WaitQueue& operator=(const WaitQueue&) = delete;

    // Lets go of the guard's lock, blocks, and holds the lock again on return. A wake-up between the two is not lost.
    // The caller looks at its condition again in a loop. Blocking is asserted to be allowed: a thread, no other spin
    // lock held, preemption on.
    void wait(SpinGuard& guard) { wait_until(guard, no_deadline).ignore(); }
    // TIMED_OUT when the deadline (virtual ns) passed first.
    Status wait_until(SpinGuard& guard, uint64_t deadline_ns) { return wait_as(guard, deadline_ns, queue_wait()); }
    // The same, shown in the wait graph as waiting for `shown`.
    Status wait_as(SpinGuard& guard, uint64_t deadline_ns, WaitingOn shown);

    // Wakes the waiter of highest priority, of equal ones the one that waits longest. False when none waits.
    bool wake_one();
    // Returns how many it woke.
    unsigned wake_all();
    bool has_waiters() const;

private:
    friend class Timeouts;
    WaitingOn queue_wait() const { return {WaitKind::WaitQueue, this}; }
    // The deadline of a waiter has passed: takes it out and wakes it, if it still waits.
    void expire(Thread& thread);

    mutable SpinLock m_lock;
    WaitList m_waiters;
};

}
