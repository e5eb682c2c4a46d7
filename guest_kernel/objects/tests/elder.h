// A thread that was there before.
#pragma once

#include "kernel/clock.h"
#include "objects/tests/probe.h"

namespace objects::tests {

// Counted since before a swap began, and outside every object: the swap stays in forward until it leaves. Those who
// come after passed_by() do not hold the swap up in forward.
class Elder {
public:
    Elder() : m_rounds(kernel::generations().rounds()), m_thread(stay, this) { m_there.wait(); }

    // Until the generation that the swap waits for has begun.
    void passed_by() const
    {
        while (kernel::generations().rounds() == m_rounds)
            kernel::sleep_until(kernel::now_ns() + 10 * kernel::microsecond);
    }
    void leave()
    {
        m_leave.signal();
        m_thread.join();
    }

private:
    static void stay(void* context)
    {
        auto& self = *static_cast<Elder*>(context);
        self.m_there.signal();
        self.m_leave.wait();
    }

    uint64_t m_rounds;
    kernel::Event m_there;
    kernel::Event m_leave;
    Helper m_thread;
};

}
