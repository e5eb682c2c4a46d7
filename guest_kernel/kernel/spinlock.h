// Locks that wait by spinning, for data that interrupts or other CPUs touch.
#pragma once

#include <stdint.h>

#include "kernel/irq_guard.h"

namespace kernel {

// Held only with interrupts off, so that its holder is neither preempted nor interrupted by code that wants it too. No
// call through a reference, no allocation and no blocking while one is held: all three are asserted.
//
// Barriers: lock() is an atomic compare-and-exchange followed by lwsync (acquire): no load or store of the critical
// section starts before the lock is seen taken, or it could use what the last holder had not written yet. unlock() is
// lwsync and a plain store (release): everything done inside is visible before the lock is seen free.
class SpinLock {
public:
    constexpr SpinLock() = default;
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    // Interrupts are off.
    void lock();
    void unlock();
    bool held_here() const;

private:
    [[gnu::noinline]] void wait_until_taken(uint32_t mark);

    // 0 when free, else the holder's CPU + 1. Exchanged as a whole, so its reuse of values (which stwcx. does not
    // notice on this machine) is harmless.
    uint32_t m_holder = 0;
};

// Spin locks that this CPU holds.
unsigned spin_locks_held();

// Interrupts off, then the lock; the reverse at the end of the scope.
class [[nodiscard]] SpinGuard {
public:
    explicit SpinGuard(SpinLock& lock) : m_lock(lock) { m_lock.lock(); }
    ~SpinGuard()
    {
        if (m_holds)
            m_lock.unlock();
    }
    SpinGuard(const SpinGuard&) = delete;
    SpinGuard& operator=(const SpinGuard&) = delete;

    // For a wait that lets go of the lock: interrupts stay off between release and acquire.
    void release()
    {
        m_lock.unlock();
        m_holds = false;
    }
    void acquire()
    {
        m_lock.lock();
        m_holds = true;
    }
    bool interrupts_were_on() const { return m_interrupts.were_on(); }

private:
    // First member: interrupts go off before the lock is taken, and on after it is let go.
    IrqGuard m_interrupts;
    SpinLock& m_lock;
    bool m_holds = true;
};

}
