// Something that happens once and stays so until it is cleared.
#pragma once

#include "kernel/wait_queue.h"

namespace kernel {

// Sticky, not counting: signals that nobody consumed in between are one. Signalled from any level.
class Event {
public:
    constexpr Event() = default;

    // Wakes all who wait; who comes later does not wait.
    void signal();
    // Until it is signalled; leaves it so.
    void wait();
    // TIMED_OUT when the deadline (virtual ns) passed first.
    Status wait_until(uint64_t deadline_ns);
    // Until it is signalled, and takes the signal: for one consumer.
    void consume();
    void clear();
    bool signalled() const;

private:
    mutable SpinLock m_lock;
    bool m_signalled = false;
    WaitQueue m_waiters;
};

}
