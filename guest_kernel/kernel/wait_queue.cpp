#include "kernel/wait_queue.h"

#include "kernel/panic.h"
#include "kernel/scheduler.h"
#include "kernel/timeouts.h"

namespace kernel {

Status WaitQueue::wait_as(SpinGuard& guard, uint64_t deadline_ns, WaitingOn shown)
{
    Thread& thread = *current_thread();
    ASSERT(guard.interrupts_were_on() && preemption_enabled() && !in_exception_level());
    ASSERT(spin_locks_held() == 1);
    m_lock.lock();
    thread.m_timed_out = false;
    thread.begin_wait(shown);
    m_waiters.append(thread);
    Scheduler::mark(ThreadState::Blocked);
    m_lock.unlock();
    if (deadline_ns != no_deadline)
        Timeouts::add(thread, *this, deadline_ns);
    guard.release();
    // Interrupts are off since the thread was marked: a waker makes it ready, but it is still this CPU that runs it.
    Scheduler::switch_thread();
    if (deadline_ns != no_deadline)
        Timeouts::remove(thread);
    const bool timed_out = thread.m_timed_out;
    guard.acquire();
    return timed_out ? Code::TIMED_OUT : Code::OK;
}

bool WaitQueue::wake_one()
{
    SpinGuard guard(m_lock);
    Thread* thread = m_waiters.take_best();
    if (thread == nullptr)
        return false;
    thread->m_waiting_on = {};
    Scheduler::wake(*thread);
    return true;
}

unsigned WaitQueue::wake_all()
{
    SpinGuard guard(m_lock);
    unsigned count = 0;
    while (Thread* thread = m_waiters.take_best()) {
        thread->m_waiting_on = {};
        Scheduler::wake(*thread);
        ++count;
    }
    return count;
}

bool WaitQueue::has_waiters() const
{
    SpinGuard guard(m_lock);
    return !m_waiters.empty();
}

void WaitQueue::expire(Thread& thread)
{
    SpinGuard guard(m_lock);
    if (!m_waiters.contains(thread))
        return;
    m_waiters.remove(thread);
    thread.m_timed_out = true;
    thread.m_waiting_on = {};
    Scheduler::wake(thread);
}

}
