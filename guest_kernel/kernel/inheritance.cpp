#include "kernel/inheritance.h"

#include "kernel/mutex.h"
#include "kernel/scheduler.h"
#include "kernel/thread.h"

namespace kernel {

unsigned Inheritance::wanted(const Thread& thread)
{
    unsigned priority = thread.m_base_priority;
    if (thread.m_generation_priority > priority)
        priority = thread.m_generation_priority;
    for (const Mutex* mutex = thread.m_contended.first(); mutex != nullptr; mutex = thread.m_contended.next(*mutex)) {
        const Thread* waiter = mutex->m_waiters.best();
        if (waiter != nullptr && waiter->priority() > priority)
            priority = waiter->priority();
    }
    return priority;
}

void Inheritance::update(Thread& first)
{
    ASSERT(wait_graph_lock().held_here());
    Thread* thread = &first;
    for (;;) {
        const unsigned priority = wanted(*thread);
        if (priority == thread->priority())
            return;
        Scheduler::change_priority(*thread, priority);
        if (thread->m_waiting_on.kind != WaitKind::Mutex)
            return;
        thread = static_cast<const Mutex*>(thread->m_waiting_on.target)->owner();
    }
}

void Inheritance::set_generation_priority(Thread& thread, unsigned priority)
{
    thread.m_generation_priority = priority;
    update(thread);
}

void Inheritance::set_base_priority(Thread& thread, unsigned priority)
{
    thread.m_base_priority = priority;
    update(thread);
}

}
