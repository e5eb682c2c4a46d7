#include "objects/converters.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/lazy.h"
#include "objects/promoted_swap.h"

namespace objects {

namespace {

// What is in somebody else's hands needs time to pass.
constexpr uint64_t look_again_ns = 100 * kernel::microsecond;
// Swaps that share their waits for a generation.
constexpr unsigned swaps_at_once = 8;

}

Converters::~Converters()
{
    stop();
    wait();
}

Status Converters::start(unsigned priority, Marked marked)
{
    m_priority = priority;
    m_marked = marked;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        auto& member = m_members[cpu];
        member.team = this;
        member.cpu = cpu;
        const kernel::ThreadOptions options{"converter", priority, static_cast<int>(cpu), false, &member.ended};
        const auto thread = kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(&member));
        if (!thread.ok()) {
            stop();
            wait();
            return thread.status();
        }
        member.started = true;
    }
    return {};
}

void Converters::wait()
{
    for (auto& member : m_members) {
        if (member.started)
            member.ended.wait();
    }
}

bool Converters::ended() const
{
    for (const auto& member : m_members) {
        if (member.started && !member.ended.signalled())
            return false;
    }
    return true;
}

void Converters::entry(uint64_t argument)
{
    auto& member = *reinterpret_cast<Member*>(argument);
    member.team->work(member.cpu);
}

bool Converters::anything_to_do(unsigned cpu)
{
    CountedScope keeps_the_set;
    auto* set = m_record.instance_set();
    if (set == nullptr)
        return false;
    return set->count(cpu, InstanceList::Promoted) != 0
        || (m_marked == Marked::Convert && set->count(cpu, InstanceList::Marked) != 0);
}

// The set may go with its class' factory, when the last instance has been destroyed meanwhile.
unsigned Converters::first(unsigned cpu, InstanceList list, ReferenceName (&names)[InstanceSet::batch])
{
    CountedScope keeps_the_set;
    auto* set = m_record.instance_set();
    return set == nullptr ? 0 : set->first(cpu, list, names);
}

// Both lists are looked at each time: what is converted may meet another instance of the class and promote it.
void Converters::work(unsigned cpu)
{
    while (!stopped()) {
        const bool swapped = swap_some(cpu);
        const bool converted = m_marked == Marked::Convert && convert_some(cpu);
        if (!anything_to_do(cpu))
            return;
        if (!swapped && !converted)
            kernel::sleep_until(kernel::now_ns() + look_again_ns);
    }
}

bool Converters::take_some(unsigned cpu, unsigned priority)
{
    m_priority = priority;
    const bool swapped = swap_some(cpu);
    return convert_some(cpu) || swapped;
}

// Whether it came any further.
bool Converters::convert_some(unsigned cpu)
{
    ReferenceName names[InstanceSet::batch];
    const unsigned count = first(cpu, InstanceList::Marked, names);
    bool any = false;
    for (unsigned i = 0; i < count && !stopped(); ++i)
        any |= convert_named(names[i], m_priority);
    return any;
}

bool Converters::swap_some(unsigned cpu)
{
    ReferenceName names[InstanceSet::batch];
    const unsigned found = first(cpu, InstanceList::Promoted, names);
    const unsigned count = found < swaps_at_once ? found : swaps_at_once;
    HotSwap* swaps[swaps_at_once] = {};
    bool any = false;
    for (unsigned i = 0; i < count; ++i)
        swaps[i] = start_promoted_swap(m_record, names[i], m_options, m_priority);
    for (unsigned i = 0; i < count; ++i) {
        if (swaps[i] != nullptr)
            any |= end_promoted_swap(m_record, names[i], *swaps[i]);
    }
    return any;
}

}
