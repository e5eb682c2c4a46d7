#include "kernel/spinlock.h"

#include "kernel/panic.h"

namespace kernel {

void SpinLock::lock()
{
    const uint32_t mark = arch::cpu_id() + 1;
    uint32_t expected = 0;
    const bool taken = !arch::irq_enabled()
        && __atomic_compare_exchange_n(&m_holder, &expected, mark, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    // Whatever is out of the ordinary is the last thing to be done, so that the ordinary needs no stack frame.
    if (!taken) [[unlikely]]
        return wait_until_taken(mark);
    ++arch::this_cpu().spin_locks_held;
}

void SpinLock::wait_until_taken(uint32_t mark)
{
    ASSERT(!arch::irq_enabled());
    for (;;) {
        // Reads only, until it looks free: a store would take the line from its holder.
        while (const uint32_t holder = __atomic_load_n(&m_holder, __ATOMIC_RELAXED)) {
            ASSERT(holder != mark);
            if (panicking()) [[unlikely]]
                stop_for_panic(nullptr);
        }
        uint32_t expected = 0;
        if (__atomic_compare_exchange_n(&m_holder, &expected, mark, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            break;
    }
    ++arch::this_cpu().spin_locks_held;
}

void SpinLock::unlock()
{
    ASSERT(held_here());
    --arch::this_cpu().spin_locks_held;
    __atomic_store_n(&m_holder, 0, __ATOMIC_RELEASE);
}

bool SpinLock::held_here() const
{
    return __atomic_load_n(&m_holder, __ATOMIC_RELAXED) == arch::cpu_id() + 1;
}

unsigned spin_locks_held()
{
    return static_cast<unsigned>(arch::this_cpu().spin_locks_held);
}

}
