#include "kernel/thread_list.h"

#include "kernel/thread.h"

namespace kernel {

void WaitList::append(Thread& thread)
{
    ASSERT(!thread.m_wait_linked);
    thread.m_wait_linked = true;
    thread.m_wait_next = nullptr;
    thread.m_wait_previous = m_last;
    (m_last == nullptr ? m_first : m_last->m_wait_next) = &thread;
    m_last = &thread;
}

void WaitList::remove(Thread& thread)
{
    ASSERT(thread.m_wait_linked);
    thread.m_wait_linked = false;
    (thread.m_wait_previous == nullptr ? m_first : thread.m_wait_previous->m_wait_next) = thread.m_wait_next;
    (thread.m_wait_next == nullptr ? m_last : thread.m_wait_next->m_wait_previous) = thread.m_wait_previous;
}

bool WaitList::contains(const Thread& thread) const
{
    for (const Thread* candidate = m_first; candidate != nullptr; candidate = candidate->m_wait_next) {
        if (candidate == &thread)
            return true;
    }
    return false;
}

Thread* WaitList::best() const
{
    Thread* best = m_first;
    for (Thread* candidate = m_first; candidate != nullptr; candidate = candidate->m_wait_next) {
        if (candidate->priority() > best->priority())
            best = candidate;
    }
    return best;
}

Thread* WaitList::take_best()
{
    Thread* thread = best();
    if (thread != nullptr)
        remove(*thread);
    return thread;
}

}
