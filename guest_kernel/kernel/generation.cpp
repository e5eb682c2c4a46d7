#include "kernel/generation.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/cpu_generation.h"
#include "kernel/inheritance.h"
#include "kernel/panic.h"
#include "kernel/thread.h"

namespace kernel {

namespace {

constinit CpuGeneration cpu_generations[abi::MAX_CPUS];
constinit Generations all_generations;

}

CpuGeneration& CpuGeneration::of(unsigned cpu)
{
    return cpu_generations[cpu];
}

void CpuGeneration::enter(Thread& thread)
{
    SpinGuard guard(m_lock);
    thread.m_membership = {static_cast<int>(arch::cpu_id()), m_number, now_ns()};
    members(m_number).append(thread);
}

bool CpuGeneration::leave(Thread& thread)
{
    SpinGuard guard(m_lock);
    members(thread.m_membership.generation).remove(thread);
    thread.m_membership = {};
    if (!m_awaited || !members(m_number - 1).empty())
        return false;
    m_awaited = false;
    return true;
}

bool CpuGeneration::advance()
{
    SpinGuard guard(m_lock);
    ASSERT(members(m_number - 1).empty());
    ++m_number;
    m_awaited = !members(m_number - 1).empty();
    return m_awaited;
}

void CpuGeneration::boost(unsigned priority)
{
    SpinGuard guard(m_lock);
    MemberList& old = members(m_number - 1);
    for (Thread* thread = old.first(); thread != nullptr; thread = MemberList::next(*thread)) {
        WaitGraphGuard graph;
        if (thread->m_generation_priority < priority)
            Inheritance::set_generation_priority(*thread, priority);
    }
}

void CpuGeneration::for_each(void (*visit)(const CountedThread&, void*), void* context)
{
    SpinGuard guard(m_lock);
    for (uint64_t generation = m_number - 1; generation <= m_number; ++generation) {
        MemberList& list = members(generation);
        for (Thread* thread = list.first(); thread != nullptr; thread = MemberList::next(*thread)) {
            const Membership& membership = thread->m_membership;
            const auto cpu = static_cast<unsigned>(membership.cpu);
            visit({thread, thread->id(), cpu, generation, membership.since_ns}, context);
        }
    }
}

uint64_t CpuGeneration::number() const
{
    SpinGuard guard(m_lock);
    return m_number;
}

Generations& generations()
{
    return all_generations;
}

void Generations::wait_for_all_cpus()
{
    assert_may_block();
    ASSERT(!current_thread_counted());
    const unsigned priority = current_thread()->priority();
    SpinGuard guard(m_lock);
    ++m_waits;
    // A round that is under way began before some of the threads that are counted now: the next one counts.
    const uint64_t needed = m_started + 1;
    while (m_completed < needed) {
        if (m_completed == m_started) {
            start_round();
            continue;
        }
        boost(priority);
        m_round_ended.wait(guard);
    }
}

void Generations::start_round()
{
    ++m_started;
    m_priority = 0;
    m_cpus_left = 0;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        if (CpuGeneration::of(cpu).advance())
            ++m_cpus_left;
    }
    if (m_cpus_left == 0)
        end_round();
}

// Those who need the next round start it as they wake.
void Generations::end_round()
{
    m_completed = m_started;
    m_round_ended.wake_all();
}

void Generations::boost(unsigned priority)
{
    if (priority <= m_priority)
        return;
    m_priority = priority;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        CpuGeneration::of(cpu).boost(priority);
}

void Generations::enter()
{
    ASSERT(!current_thread_counted());
    IrqGuard guard;
    CpuGeneration::of(arch::cpu_id()).enter(*current_thread());
}

void Generations::leave()
{
    ASSERT(current_thread_counted());
    Thread& thread = *current_thread();
    // Nothing comes between leaving and telling, and only then is the boost taken away: a thread that waited there for
    // its turn at its own priority would keep everybody waiting.
    IrqGuard interrupts;
    if (CpuGeneration::of(static_cast<unsigned>(thread.membership().cpu)).leave(thread)) {
        SpinGuard guard(m_lock);
        ASSERT(m_cpus_left > 0);
        if (--m_cpus_left == 0)
            end_round();
    }
    if (thread.m_generation_priority != 0) {
        WaitGraphGuard graph;
        Inheritance::set_generation_priority(thread, 0);
    }
}

void Generations::pass()
{
    leave();
    enter();
}

uint64_t Generations::rounds() const
{
    SpinGuard guard(m_lock);
    return m_started;
}

uint64_t Generations::waits() const
{
    SpinGuard guard(m_lock);
    return m_waits;
}

uint64_t Generations::current(unsigned cpu) const
{
    return CpuGeneration::of(cpu).number();
}

bool current_thread_counted()
{
    return current_thread()->counted();
}

void for_each_counted(void (*visit)(const CountedThread&, void*), void* context)
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        CpuGeneration::of(cpu).for_each(visit, context);
}

}
