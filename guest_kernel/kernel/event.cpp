#include "kernel/event.h"

namespace kernel {

// The lock is held until all are woken: a waiter takes it before it returns, and may then free the event.
void Event::signal()
{
    SpinGuard guard(m_lock);
    m_signalled = true;
    m_waiters.wake_all();
}

void Event::wait()
{
    wait_until(no_deadline).ignore();
}

Status Event::wait_until(uint64_t deadline_ns)
{
    SpinGuard guard(m_lock);
    while (!m_signalled) {
        const Status status = m_waiters.wait_until(guard, deadline_ns);
        if (!status.ok() && !m_signalled)
            return status;
    }
    return {};
}

void Event::consume()
{
    SpinGuard guard(m_lock);
    while (!m_signalled)
        m_waiters.wait(guard);
    m_signalled = false;
}

void Event::clear()
{
    SpinGuard guard(m_lock);
    m_signalled = false;
}

bool Event::signalled() const
{
    SpinGuard guard(m_lock);
    return m_signalled;
}

}
