#include "kernel/timeouts.h"

#include "arch/ppc64/percpu.h"

namespace kernel {

namespace {

constinit Timeouts timeouts[abi::MAX_CPUS];

}

Timeouts& Timeouts::here()
{
    return timeouts[arch::cpu_id()];
}

void Timeouts::add(Thread& thread, WaitQueue& queue, uint64_t deadline_ns)
{
    thread.m_timeout_cpu = arch::cpu_id();
    Timeouts& self = timeouts[thread.m_timeout_cpu];
    SpinGuard guard(self.m_lock);
    thread.m_timeout_queue = &queue;
    thread.m_deadline_ns = deadline_ns;
    Thread* position = self.m_waiters.first();
    while (position != nullptr && position->m_deadline_ns <= deadline_ns)
        position = DeadlineList::next(*position);
    self.m_waiters.insert_before(thread, position);
}

void Timeouts::remove(Thread& thread)
{
    Timeouts& self = timeouts[thread.m_timeout_cpu];
    SpinGuard guard(self.m_lock);
    if (DeadlineList::contains(thread))
        self.m_waiters.remove(thread);
}

void Timeouts::expire(uint64_t now)
{
    SpinGuard guard(m_lock);
    while (Thread* thread = m_waiters.first()) {
        if (thread->m_deadline_ns > now)
            return;
        m_waiters.remove(*thread);
        thread->m_timeout_queue->expire(*thread);
    }
}

uint64_t Timeouts::first_deadline() const
{
    SpinGuard guard(m_lock);
    const Thread* thread = m_waiters.first();
    return thread == nullptr ? no_deadline : thread->m_deadline_ns;
}

}
