#include "objects/mediator.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/thread.h"
#include "objects/translation_table.h"

namespace objects {

const char* name_of(Phase phase)
{
    switch (phase) {
    case Phase::Forward: return "forward";
    case Phase::Block: return "block";
    case Phase::Transfer: return "transfer";
    case Phase::Completed: return "complete";
    case Phase::Aborted: return "aborted";
    case Phase::Abandoned: return "abandoned";
    }
    return "unknown";
}

bool blocks_calls(Phase phase)
{
    return phase == Phase::Block || phase == Phase::Transfer || phase == Phase::Abandoned;
}

Route Mediator::enter(const CallSite& site)
{
    // A thread that is inside must get through, or the calls it is part of would never end.
    if (kernel::current_thread()->call_records.holds(this))
        return {table().resolve_behind(*this), false, 0};
    unsigned cpu = 0;
    for (;;) {
        switch (admit(site, cpu)) {
        case Admission::Tracked: return {table().resolve_behind(*this), true, cpu};
        case Admission::Untracked: return {table().resolve_behind(*this), false, cpu};
        case Admission::Restart: return {table().resolve(reference()), false, cpu};
        case Admission::Again: break;
        }
    }
}

Mediator::Admission Mediator::admit(const CallSite& site, unsigned& cpu)
{
    // Any slot would do: that of this CPU is the one no other CPU is likely to want.
    cpu = arch::cpu_id();
    auto& slot = m_slots[cpu];
    kernel::SpinGuard guard(slot.lock);
    switch (phase()) {
    case Phase::Forward:
        ++slot.counts.forwarded;
        if (!site.can_track) {
            __atomic_store_n(&m_overflowed, true, __ATOMIC_RELAXED);
            return Admission::Untracked;
        }
        ++slot.tracked;
        return Admission::Tracked;
    case Phase::Block:
    case Phase::Transfer:
    case Phase::Abandoned:
        block(slot, guard);
        return Admission::Again;
    case Phase::Completed:
    case Phase::Aborted:
        return Admission::Restart;
    }
    return Admission::Restart;
}

// The thread stays counted in its generation: it is inside its caller. It may wake on another CPU.
void Mediator::block(Slot& slot, kernel::SpinGuard& guard)
{
    ++slot.counts.blocked;
    const uint64_t since = kernel::now_ns();
    slot.blocked.wait_as(guard, kernel::no_deadline, {kernel::WaitKind::Mediator, this}).ignore();
    const uint64_t waited = kernel::now_ns() - since;
    if (waited > slot.counts.blocked_ns_max)
        slot.counts.blocked_ns_max = waited;
}

void Mediator::wait_while_blocked()
{
    auto& slot = m_slots[arch::cpu_id()];
    kernel::SpinGuard guard(slot.lock);
    while (blocks_calls(phase()))
        slot.blocked.wait(guard);
}

void Mediator::leave(const CallRecord& record)
{
    auto& slot = m_slots[record.cpu_entered];
    kernel::SpinGuard guard(slot.lock);
    if (--slot.tracked == 0 && phase() != Phase::Forward)
        m_departure.signal();
}

void Mediator::wait_for_departure(uint64_t deadline_ns)
{
    m_departure.wait_until(deadline_ns).ignore();
    m_departure.clear();
}

bool Mediator::advance(Phase from, Phase to)
{
    // Release: what was done in the phase that ends is seen by whoever sees the next one.
    auto expected = static_cast<uint8_t>(from);
    const auto wanted = static_cast<uint8_t>(to);
    if (!__atomic_compare_exchange_n(&m_phase, &expected, wanted, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return false;
    tell_slots(to);
    return true;
}

void Mediator::send_back()
{
    __atomic_store_n(&m_phase, static_cast<uint8_t>(Phase::Aborted), __ATOMIC_RELEASE);
    tell_slots(Phase::Aborted);
}

// Locking each slot waits for the calls that are being admitted under the old phase.
void Mediator::tell_slots(Phase phase)
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        kernel::SpinGuard guard(m_slots[cpu].lock);
        if (!blocks_calls(phase))
            m_slots[cpu].blocked.wake_all();
    }
}

bool Mediator::quiescent()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        kernel::SpinGuard guard(m_slots[cpu].lock);
        if (m_slots[cpu].tracked != 0)
            return false;
    }
    return !overflowed();
}

MediatorCounts Mediator::counts()
{
    MediatorCounts sum;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        kernel::SpinGuard guard(m_slots[cpu].lock);
        const auto& counts = m_slots[cpu].counts;
        sum.forwarded += counts.forwarded;
        sum.blocked += counts.blocked;
        if (counts.blocked_ns_max > sum.blocked_ns_max)
            sum.blocked_ns_max = counts.blocked_ns_max;
    }
    return sum;
}

}
