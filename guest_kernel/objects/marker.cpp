#include "objects/marker.h"

namespace objects {

InstanceList Marker::mark_or_sort(GlobalEntry& entry, uint32_t index)
{
    kernel::SpinGuard guard(entry.lock);
    if (entry.root == nullptr)
        return InstanceList::None;
    if (TranslationTable::mark_of(entry) != Mark::None)
        return InstanceList::Marked;
    if (TranslationTable::innermost_rank(entry) == Rank::Mediator)
        return InstanceList::Promoted;
    if (&entry.root->descriptor() == &m_aim)
        return InstanceList::Current;
    m_class_word = class_word(*entry.root);
    entry.mark_round = m_round;
    TranslationTable::set(entry, Mark::Marked);
    table().flush(entry, index);
    return InstanceList::Marked;
}

unsigned InstanceSet::mark(unsigned cpu, Marker& marker)
{
    const unsigned at_once = mark_at_once(of(cpu), marker);
    return at_once != 0 ? at_once : mark_or_sort_first(of(cpu), marker);
}

// Of the first Old instances those before the first that is out of the ordinary; how many.
unsigned InstanceSet::mark_at_once(PerCpu& cpu, const Marker& marker)
{
    // A copy, for the loop to keep in registers.
    const Marker at_once = marker;
    const kernel::SpinGuard guard(cpu.lock);
    const uint8_t old = chain_of(cpu, InstanceList::Old);
    const uint8_t marked = chain_of(cpu, InstanceList::Marked);
    const uint32_t marked_place = cpu.here | marked;
    unsigned count = 0;
    uint32_t last = 0;
    for (uint32_t index = cpu.chains[old].first; index != 0 && count != marking_batch; ++count) {
        auto& entry = TranslationTable::global(index);
        if (!at_once.mark_at_once(entry, index)) [[unlikely]]
            break;
        entry.set_place = marked_place;
        last = index;
        index = entry.set_next;
    }
    if (count != 0)
        prepend(cpu, old, marked, last, count);
    return count;
}

// The first Old instance; how many there were, at most one.
unsigned InstanceSet::mark_or_sort_first(PerCpu& cpu, Marker& marker)
{
    const kernel::SpinGuard guard(cpu.lock);
    const uint32_t index = cpu.chains[chain_of(cpu, InstanceList::Old)].first;
    if (index == 0)
        return 0;
    put(cpu, index, marker.mark_or_sort(TranslationTable::global(index), index));
    return 1;
}

}
