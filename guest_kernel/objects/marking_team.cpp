#include "objects/marking_team.h"

#include "arch/ppc64/percpu.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/priorities.h"

namespace objects {

Status MarkingTeam::assemble()
{
    CountedScope calls_the_page_allocator;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        auto& member = m_members[cpu];
        member.team = this;
        member.cpu = cpu;
        const kernel::ThreadOptions options{"marking", transition_priority, static_cast<int>(cpu), false, &member.ended};
        TRY(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(&member)));
        member.hired = true;
    }
    return {};
}

void MarkingTeam::entry(uint64_t argument)
{
    auto& member = *reinterpret_cast<Member*>(argument);
    for (;;) {
        member.go.consume();
        // Ordered by the event: set before its signal.
        const Share share = member.team->m_share;
        if (share == nullptr)
            return;
        share(member.team->m_record, member.cpu);
        member.done.signal();
    }
}

void MarkingTeam::run(Share share)
{
    m_share = share;
    for (auto& member : m_members) {
        if (member.hired)
            member.go.signal();
    }
    for (auto& member : m_members) {
        if (member.hired)
            member.done.consume();
    }
}

void MarkingTeam::dismiss()
{
    m_share = nullptr;
    for (auto& member : m_members) {
        if (!member.hired)
            continue;
        member.go.signal();
        member.ended.wait();
    }
}

}
