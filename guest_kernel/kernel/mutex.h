// Mutual exclusion for threads, with priority inheritance.
#pragma once

#include <stdint.h>

#include "kernel/list.h"
#include "kernel/spinlock.h"
#include "kernel/thread_list.h"

namespace kernel {

class Thread;

// Who waits for which mutex changes only under this lock. While a WaitGraphGuard is held, the chain from a thread that
// waits for a mutex to its owner, and from there on, is stable and its threads exist.
SpinLock& wait_graph_lock();

class [[nodiscard]] WaitGraphGuard {
public:
    WaitGraphGuard() : m_guard(wait_graph_lock()) {}

private:
    SpinGuard m_guard;
};

// Not recursive, and unlocked by its owner only: both asserted. A holder runs at least at the priority of whoever waits
// for it, through chains of mutexes. May be held across a call through a reference and while blocked.
//
// Barriers: taking it is a compare-and-exchange with acquire (lwsync after it), giving it back one with release (lwsync
// before it), for the reasons given at SpinLock. When it is contended the wait graph lock orders both sides.
class Mutex {
public:
    constexpr Mutex() = default;
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

    void lock();
    bool try_lock();
    // Hands the mutex to the waiter of highest priority, if one waits.
    void unlock();
    // Null when it is free. Out of date at once, unless it is the caller or the wait graph is locked.
    Thread* owner() const;

private:
    friend class Inheritance;
    [[gnu::noinline]] void lock_contended(Thread& thread);
    [[gnu::noinline]] void unlock_contended(Thread& thread);

    // The owner's address; bit 0 is set while threads wait, so that the owner's unlock takes the slow way.
    uint64_t m_owner = 0;
    // Guarded by the wait graph lock, as is the link among the contended mutexes that the owner holds.
    WaitList m_waiters;

public:
    ListLink<Mutex> held_link;
};

class [[nodiscard]] MutexGuard {
public:
    explicit MutexGuard(Mutex& mutex) : m_mutex(mutex) { m_mutex.lock(); }
    ~MutexGuard() { m_mutex.unlock(); }
    MutexGuard(const MutexGuard&) = delete;
    MutexGuard& operator=(const MutexGuard&) = delete;

private:
    Mutex& m_mutex;
};

}
