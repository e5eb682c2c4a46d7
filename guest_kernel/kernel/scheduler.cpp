#include "kernel/scheduler.h"

#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/message.h"
#include "kernel/panic.h"
#include "kernel/reaper.h"
#include "kernel/timeouts.h"

namespace kernel {

namespace {

constinit Scheduler schedulers[abi::MAX_CPUS];

}

Scheduler& Scheduler::of(unsigned cpu)
{
    return schedulers[cpu];
}

Scheduler& Scheduler::here()
{
    return schedulers[arch::cpu_id()];
}

Scheduler& Scheduler::least_loaded()
{
    Scheduler* best = &schedulers[0];
    for (unsigned cpu = 1; cpu < arch::cpu_count(); ++cpu) {
        if (schedulers[cpu].online() && schedulers[cpu].threads() < best->threads())
            best = &schedulers[cpu];
    }
    return *best;
}

// The lock of a thread's home, which may change until it is held.
class Scheduler::HomeGuard {
public:
    explicit HomeGuard(Thread& thread)
    {
        for (;;) {
            m_home = &of(thread.cpu());
            m_home->m_lock.lock();
            if (thread.m_home == m_home->m_cpu)
                return;
            m_home->m_lock.unlock();
        }
    }
    ~HomeGuard() { m_home->m_lock.unlock(); }
    HomeGuard(const HomeGuard&) = delete;
    HomeGuard& operator=(const HomeGuard&) = delete;

    Scheduler* operator->() const { return m_home; }

private:
    IrqGuard m_interrupts;
    Scheduler* m_home = nullptr;
};

void Scheduler::initialise(unsigned cpu, Thread& idle)
{
    SpinGuard guard(m_lock);
    m_cpu = cpu;
    m_idle = &idle;
    idle.m_state = ThreadState::Running;
    idle.m_instructions_at_switch = arch::instructions();
    m_running = &idle;
    arch::adopt_current(idle.m_context);
}

void Scheduler::switch_thread()
{
    ASSERT(!arch::irq_enabled() && spin_locks_held() == 0 && !in_exception_level());
    Scheduler& self = here();
    Thread& previous = *current_thread();
    const uint64_t now = now_ns();
    self.m_lock.lock();
    ASSERT(self.m_running == &previous);
    arch::this_cpu().need_reschedule = 0;
    Thread* departing = self.collect_departing();
    if (previous.m_state == ThreadState::Running)
        self.requeue(previous, now);
    Thread& next = self.take_next();
    __atomic_store_n(&self.m_running, &next, __ATOMIC_RELAXED);
    self.m_slice_end = now + next.m_slice_ns;
    self.m_lock.unlock();
    while (departing != nullptr) {
        Thread& thread = *departing;
        departing = thread.m_next_departing;
        arrive(thread);
    }
    self.set_timer();
    if (&next == &previous) {
        // It was woken, to be moved, before it was switched away.
        if (next.m_destination != any_cpu)
            arch::this_cpu().need_reschedule = 1;
        return;
    }
    account(previous, next);
    arch::Context* before = arch::switch_to(previous.m_context, next.m_context);
    complete_switch(*before->thread);
}

// The CPU may be another one than before the switch.
void Scheduler::complete_switch(Thread& previous)
{
    Scheduler& self = here();
    if (previous.m_state == ThreadState::Dead)
        Reaper::add(previous);
    if (auto* leaving = self.m_leaving) {
        self.m_leaving = nullptr;
        arrive(*leaving);
    }
    if (self.m_departures)
        arch::this_cpu().need_reschedule = 1;
}

// The running thread goes on being ready: here, at the front of its level unless its slice is used up, or elsewhere.
void Scheduler::requeue(Thread& previous, uint64_t now)
{
    if (&previous == m_idle)
        return;
    previous.m_state = ThreadState::Ready;
    previous.m_slice_ns = m_slice_end > now ? m_slice_end - now : 0;
    if (previous.m_destination != any_cpu) {
        send_away(previous);
        m_leaving = &previous;
    } else if (previous.m_held) {
        previous.m_state = ThreadState::Held;
    } else {
        enqueue(previous, previous.m_slice_ns != 0);
    }
}

Thread& Scheduler::take_next()
{
    if (m_ready_levels == 0)
        return *m_idle;
    const unsigned level = 31 - static_cast<unsigned>(__builtin_clz(m_ready_levels));
    Thread& next = *m_ready[level].first();
    dequeue(next);
    next.m_state = ThreadState::Running;
    if (next.m_slice_ns == 0)
        next.m_slice_ns = time_slice_ns;
    return next;
}

void Scheduler::enqueue(Thread& thread, bool at_front)
{
    const unsigned level = thread.m_priority;
    if (at_front)
        m_ready[level].prepend(thread);
    else
        m_ready[level].append(thread);
    m_ready_levels |= 1u << level;
}

void Scheduler::dequeue(Thread& thread)
{
    const unsigned level = thread.m_priority;
    m_ready[level].remove(thread);
    if (m_ready[level].empty())
        m_ready_levels &= ~(1u << level);
}

void Scheduler::make_ready(Thread& thread)
{
    ASSERT(thread.m_state == ThreadState::Blocked);
    if (thread.m_held) {
        thread.m_state = ThreadState::Held;
        return;
    }
    thread.m_state = ThreadState::Ready;
    thread.m_slice_ns = time_slice_ns;
    enqueue(thread, false);
    if (thread.m_destination != any_cpu) {
        m_departures = true;
        request_switch();
    }
    preempt_for(thread);
}

void Scheduler::preempt_for(const Thread& thread)
{
    if (m_running == m_idle || thread.m_priority > m_running->m_priority)
        request_switch();
}

void Scheduler::request_switch()
{
    if (m_cpu == arch::cpu_id())
        arch::this_cpu().need_reschedule = 1;
    else
        send_message(m_cpu, CpuMessage::Reschedule);
}

void Scheduler::mark(ThreadState state)
{
    SpinGuard guard(here().m_lock);
    current_thread()->m_state = state;
    if (state == ThreadState::Dead)
        --here().m_threads;
}

void Scheduler::wake(Thread& thread)
{
    HomeGuard home(thread);
    home->make_ready(thread);
}

void Scheduler::start(Thread& thread)
{
    HomeGuard home(thread);
    ++home->m_threads;
    home->make_ready(thread);
}

void Scheduler::change_priority(Thread& thread, unsigned priority)
{
    HomeGuard home(thread);
    if (!ReadyList::contains(thread)) {
        __atomic_store_n(&thread.m_priority, priority, __ATOMIC_RELAXED);
        if (thread.m_state == ThreadState::Running && home->m_ready_levels >> priority > 1)
            home->request_switch();
        return;
    }
    home->dequeue(thread);
    __atomic_store_n(&thread.m_priority, priority, __ATOMIC_RELAXED);
    home->enqueue(thread, false);
    home->preempt_for(thread);
}

// Takes a thread that is in no list out of this CPU's care. From here on the lock of its new home guards it, where
// others may find it ready but in no list until it arrives.
void Scheduler::send_away(Thread& thread)
{
    const auto destination = static_cast<unsigned>(thread.m_destination);
    thread.m_destination = any_cpu;
    --m_threads;
    __atomic_store_n(&thread.m_home, destination, __ATOMIC_RELAXED);
}

// A chain by m_next_departing; in no list, since from here on others may look for them in those of their new homes. The
// thread that runs here stays: if it is in a list, it was made ready before its registers were saved.
Thread* Scheduler::collect_departing()
{
    if (!m_departures)
        return nullptr;
    m_departures = false;
    Thread* departing = nullptr;
    for (auto& list : m_ready) {
        for (Thread* thread = list.first(); thread != nullptr;) {
            Thread* next = ReadyList::next(*thread);
            if (thread->m_destination != any_cpu && thread == m_running) {
                m_departures = true;
            } else if (thread->m_destination != any_cpu) {
                dequeue(*thread);
                send_away(*thread);
                thread->m_next_departing = departing;
                departing = thread;
            }
            thread = next;
        }
    }
    return departing;
}

void Scheduler::arrive(Thread& thread)
{
    HomeGuard home(thread);
    ++home->m_threads;
    thread.m_state = ThreadState::Blocked;
    home->make_ready(thread);
}

Status Scheduler::move(Thread& thread, unsigned cpu)
{
    if (cpu >= arch::cpu_count() || !of(cpu).online())
        return Code::INVALID;
    if (thread.pinned())
        return Code::REFUSED;
    HomeGuard home(thread);
    thread.m_destination = cpu == thread.m_home ? any_cpu : static_cast<int>(cpu);
    if (thread.m_destination == any_cpu)
        return {};
    if (ReadyList::contains(thread))
        home->m_departures = true;
    if (ReadyList::contains(thread) || thread.m_state == ThreadState::Running)
        home->request_switch();
    return {};
}

void Scheduler::hold(Thread& thread)
{
    HomeGuard home(thread);
    thread.m_held = true;
    if (ReadyList::contains(thread)) {
        home->dequeue(thread);
        thread.m_state = ThreadState::Held;
    } else if (thread.m_state == ThreadState::Running) {
        home->request_switch();
    }
}

void Scheduler::release(Thread& thread)
{
    HomeGuard home(thread);
    thread.m_held = false;
    if (thread.m_state != ThreadState::Held)
        return;
    thread.m_state = ThreadState::Blocked;
    home->make_ready(thread);
}

void Scheduler::timer_due(uint64_t now)
{
    if (m_running != m_idle && now >= m_slice_end) {
        if (__atomic_load_n(&m_ready_levels, __ATOMIC_RELAXED) >> m_running->priority() != 0)
            arch::this_cpu().need_reschedule = 1;
        else
            m_slice_end = now + time_slice_ns;
    }
    set_timer();
}

// With a switch due already, the end of the slice needs no exception, and would have one for ever while preemption is
// off.
void Scheduler::set_timer()
{
    const bool slice_counts = m_running != m_idle && arch::this_cpu().need_reschedule == 0;
    const uint64_t deadline = Timeouts::here().first_deadline();
    arch::timer_set(slice_counts && m_slice_end < deadline ? m_slice_end : deadline);
}

void Scheduler::account(Thread& previous, Thread& next)
{
    const uint64_t now = arch::instructions();
    previous.m_instructions += now - previous.m_instructions_at_switch;
    next.m_instructions_at_switch = now;
}

void reschedule_if_allowed()
{
    while (arch::this_cpu().need_reschedule != 0 && preemption_enabled() && !in_exception_level()) {
        ASSERT(spin_locks_held() == 0);
        Scheduler::switch_thread();
    }
}

}
