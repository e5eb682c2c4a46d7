#include "objects/transfer_team.h"

#include "arch/ppc64/percpu.h"
#include "kernel/heap.h"
#include "kernel/thread.h"
#include "objects/priorities.h"

namespace objects {

namespace {

// Virtual time that one step may take on a CPU at the most.
constexpr uint64_t longest_step_ns = 1'000'000'000;

}

Status TransferTeam::assemble(uint64_t step_limit_ns)
{
    m_step_limit_ns = step_limit_ns < longest_step_ns ? step_limit_ns : longest_step_ns;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        auto& member = m_members[cpu];
        member.team = this;
        member.cpu = cpu;
        const kernel::GuardedOptions options{"transfer", kernel::unlimited_ns, swap_priority};
        const auto started = kernel::start_guarded(
            options, cpu, member_code, reinterpret_cast<uint64_t>(&member), member_ended);
        if (!started.ok()) {
            dismiss();
            return started.status();
        }
        member.hired = true;
    }
    return {};
}

Status TransferTeam::run(CpuSet set, TransferStep& step)
{
    m_step = &step;
    m_status = 0;
    m_all_done.clear();
    // Release: a member that finds itself counted sees the step. Event::signal orders it for those that sleep.
    __atomic_store_n(&m_left, static_cast<unsigned>(__builtin_popcount(set)), __ATOMIC_RELEASE);
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        if ((set >> cpu) & 1)
            m_members[cpu].go.signal();
    }
    m_all_done.wait();
    return Status::from_raw(__atomic_load_n(&m_status, __ATOMIC_ACQUIRE));
}

void TransferTeam::dismiss()
{
    m_step = nullptr;
    m_all_done.clear();
    unsigned hired = 0;
    for (const auto& member : m_members)
        hired += member.hired;
    if (hired == 0)
        return;
    __atomic_store_n(&m_left, hired, __ATOMIC_RELEASE);
    for (auto& member : m_members) {
        if (member.hired)
            member.go.signal();
    }
    m_all_done.wait();
}

Status TransferTeam::member_code(uint64_t argument)
{
    auto& member = *reinterpret_cast<Member*>(argument);
    member.team->serve(member);
    return {};
}

void TransferTeam::member_ended(uint64_t argument, const kernel::GuardedOutcome& outcome)
{
    auto& member = *reinterpret_cast<Member*>(argument);
    member.hired = false;
    member.team->report(outcome.status);
}

void TransferTeam::serve(Member& member)
{
    for (;;) {
        member.go.consume();
        TransferStep* step = m_step;
        if (step == nullptr)
            return;
        Status status;
        {
            kernel::NoAllocationScope nothing_from_the_heap;
            kernel::limit_guarded(m_step_limit_ns);
            status = step->run_on(member.cpu);
            kernel::limit_guarded(kernel::unlimited_ns);
        }
        report(status);
    }
}

// The last member's signal is the team's last use of this object: the leader may free it as soon as it has seen it.
void TransferTeam::report(Status status)
{
    int64_t none = 0;
    if (!status.ok())
        __atomic_compare_exchange_n(&m_status, &none, status.raw(), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    if (__atomic_sub_fetch(&m_left, 1, __ATOMIC_ACQ_REL) == 0)
        m_all_done.signal();
}

}
