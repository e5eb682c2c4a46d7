#include "objects/conversion.h"

#include "arch/ppc64/percpu.h"
#include "kernel/guarded.h"
#include "kernel/heap.h"

namespace objects {

namespace {

CpuSet all_cpus()
{
    return static_cast<CpuSet>((1u << arch::cpu_count()) - 1);
}

// The CPUs whose share of the state there is. An object that no CPU has touched has its state in its root: one CPU,
// the first, carries that.
CpuSet cpus_with_rep(const Root& root)
{
    CpuSet set = 0;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        if (root.rep(cpu) != nullptr)
            set = static_cast<CpuSet>(set | (1u << cpu));
    }
    return set == 0 ? CpuSet{1} : set;
}

}

Status Conversion::prepare(Root& old, bool adapted)
{
    const kernel::GuardedFrame calls_the_class;
    m_old = &old;
    m_old_class = &m_old->descriptor();
    m_new_class = &m_new->descriptor();
    if (!adapted && !same_kind(*m_old_class, *m_new_class))
        return Code::INVALID;
    m_format = negotiate(m_old->exports(), m_new->imports());
    if (m_format == nullptr)
        return Code::NO_FORMAT;
    TRY(make_room());
    return m_new->prepare_import(*m_format, all_cpus());
}

Status Conversion::make_room()
{
    const kernel::GuardedFrame calls_the_class;
    return m_arena.reserve(m_old->transfer_size(*m_format));
}

// No representative is made any more: the set of CPUs is final.
void Conversion::freeze()
{
    m_set = cpus_with_rep(*m_old);
    m_arena.reset();
}

Status Conversion::export_on(unsigned cpu)
{
    const kernel::NoAllocationScope nothing_from_the_heap;
    const kernel::GuardedFrame calls_the_class;
    return m_old->export_state(*m_format, {cpu, m_set}, m_arena);
}

Status Conversion::import_on(unsigned cpu)
{
    const auto& parcel = m_arena.parcel(cpu);
    const kernel::NoAllocationScope nothing_from_the_heap;
    const kernel::GuardedFrame calls_the_class;
    return m_new->import_state(*m_format, {cpu, m_set}, parcel);
}

Root& Conversion::hand_over()
{
    m_new->commit_import();
    m_old->relinquish();
    return *m_new.release();
}

void Conversion::discard()
{
    m_new = {};
    m_arena.discard();
}

}
