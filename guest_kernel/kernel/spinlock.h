// Locks that wait by spinning, for data that interrupts or other CPUs touch.
#pragma once

#include <stdint.h>

#include "arch/ppc64/reservation.h"
#include "kernel/irq_guard.h"

namespace kernel {

// Held only with interrupts off, so that its holder is neither preempted nor interrupted by code that wants it too. No
// call through a reference, no allocation and no blocking while one is held: all three are asserted.
//
// Barriers: taking it is an exchange followed by lwsync (acquire): no load or store of the critical section starts before
// the lock is seen taken, or it could use what the last holder had not written yet. unlock() is lwsync and a plain store
// (release): everything done inside is visible before the lock is seen free.
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
    friend class SpinGuard;
    friend class InnerSpinGuard;

    // As lock(), for who has just seen to it that interrupts are off.
    void take();
    // What is out of the ordinary is out of the way: the ordinary is inlined.
    [[gnu::noinline]] void lock_with_care(uint32_t mark);
    [[noreturn, gnu::noinline]] static void not_held();

    // 0 when free, else the holder's CPU + 1. Exchanged as a whole, so its reuse of values (which stwcx. does not
    // notice on this machine) is harmless.
    uint32_t m_holder = 0;
};

// Spin locks that this CPU holds.
inline unsigned spin_locks_held() { return static_cast<unsigned>(arch::this_cpu().spin_locks_held); }

inline bool SpinLock::held_here() const
{
    return __atomic_load_n(&m_holder, __ATOMIC_RELAXED) == arch::cpu_id() + 1;
}

inline void SpinLock::take()
{
    const uint32_t mark = arch::cpu_id() + 1;
    if (!arch::replace_zero(m_holder, mark)) [[unlikely]]
        return lock_with_care(mark);
    ++arch::this_cpu().spin_locks_held;
}

inline void SpinLock::lock()
{
    if (arch::irq_enabled()) [[unlikely]]
        return lock_with_care(arch::cpu_id() + 1);
    take();
}

inline void SpinLock::unlock()
{
    if (!held_here()) [[unlikely]]
        not_held();
    --arch::this_cpu().spin_locks_held;
    __atomic_store_n(&m_holder, 0, __ATOMIC_RELEASE);
}

// Interrupts off, then the lock; the reverse at the end of the scope.
class [[nodiscard]] SpinGuard {
public:
    explicit SpinGuard(SpinLock& lock) : m_lock(lock) { m_lock.take(); }
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
        m_lock.take();
        m_holds = true;
    }
    bool interrupts_were_on() const { return m_interrupts.were_on(); }
    const IrqGuard& interrupts() const { return m_interrupts; }

private:
    // First member: interrupts go off before the lock is taken, and on after it is let go.
    IrqGuard m_interrupts;
    SpinLock& m_lock;
    bool m_holds = true;
};

// A lock for a scope inside that of an IrqGuard, which is shown.
class [[nodiscard]] InnerSpinGuard {
public:
    InnerSpinGuard(SpinLock& lock, const IrqGuard&) : m_lock(lock) { m_lock.take(); }
    ~InnerSpinGuard() { m_lock.unlock(); }
    InnerSpinGuard(const InnerSpinGuard&) = delete;
    InnerSpinGuard& operator=(const InnerSpinGuard&) = delete;

private:
    SpinLock& m_lock;
};

}
