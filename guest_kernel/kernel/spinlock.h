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
    friend class NestedSpinGuard;
    [[gnu::noinline]] void wait_until_taken(uint32_t mark);
    // For a lock that is not among those that this CPU counts.
    [[gnu::noinline]] void wait_until_taken_uncounted(uint32_t mark);

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

// For a batch: a lock that is taken under another one, which has seen to the interrupts and is what spin_locks_held
// counts. A few instructions, where SpinLock::lock and unlock take some fifty.
class [[nodiscard]] NestedSpinGuard {
public:
    // `mark` is mark_of_this_cpu(), asked for once in a batch.
    [[gnu::always_inline]] NestedSpinGuard(SpinLock& lock, uint32_t mark) : m_lock(lock)
    {
        uint32_t expected = 0;
        // Acquire, as SpinLock::lock. Weak: one that fails for no reason goes the long way.
        if (!__atomic_compare_exchange_n(&lock.m_holder, &expected, mark, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            [[unlikely]] lock.wait_until_taken_uncounted(mark);
    }
    [[gnu::always_inline]] ~NestedSpinGuard() { __atomic_store_n(&m_lock.m_holder, 0, __ATOMIC_RELEASE); }
    NestedSpinGuard(const NestedSpinGuard&) = delete;
    NestedSpinGuard& operator=(const NestedSpinGuard&) = delete;

    static uint32_t mark_of_this_cpu() { return arch::cpu_id() + 1; }

private:
    SpinLock& m_lock;
};

}
