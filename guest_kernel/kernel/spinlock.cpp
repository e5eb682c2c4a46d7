#include "kernel/spinlock.h"

#include "kernel/panic.h"

namespace kernel {

void SpinLock::lock_with_care(uint32_t mark)
{
    ASSERT(!arch::irq_enabled());
    for (;;) {
        // Reads only, until it looks free: a store would take the line from its holder.
        while (const uint32_t holder = __atomic_load_n(&m_holder, __ATOMIC_RELAXED)) {
            ASSERT(holder != mark);
            if (panicking()) [[unlikely]]
                stop_for_panic(nullptr);
        }
        if (arch::replace_zero(m_holder, mark))
            break;
    }
    ++arch::this_cpu().spin_locks_held;
}

void SpinLock::not_held()
{
    panic("a spin lock is let go of that this CPU does not hold");
}

}
