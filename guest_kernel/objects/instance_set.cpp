#include "objects/instance_set.h"

#include "arch/ppc64/percpu.h"
#include "kernel/placement_new.h"
#include "objects/counted_scope.h"

namespace objects {

const char* name_of(InstanceList list)
{
    switch (list) {
    case InstanceList::None: return "none";
    case InstanceList::Current: return "current";
    case InstanceList::Old: return "old";
    case InstanceList::Marked: return "marked";
    case InstanceList::Failed: return "failed";
    case InstanceList::Promoted: return "promoted";
    }
    return "unknown";
}

InstanceSet::InstanceSet(const ClassRecord& record)
    : m_record(record),
      m_parts((reinterpret_cast<uint64_t>(m_storage) + cache_line - 1) / cache_line * cache_line)
{
    for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu)
        new (&of(cpu)) PerCpu((number_of(record) + 1) << class_shift | cpu << home_shift);
}

InstanceList InstanceSet::list_of(const PerCpu& cpu, uint8_t chain)
{
    for (unsigned list = 0; list < lists; ++list) {
        if (cpu.chain_of[list] == chain)
            return static_cast<InstanceList>(list + 1);
    }
    return InstanceList::None;
}

void InstanceSet::put(PerCpu& cpu, uint32_t index, InstanceList list)
{
    unlink(cpu, index);
    if (list != InstanceList::None)
        link(cpu, index, chain_of(cpu, list));
}

// Moves the first `count` of one chain, up to `last`, to the head of another; their places say so already.
void InstanceSet::prepend(PerCpu& cpu, uint8_t from, uint8_t to, uint32_t last, unsigned count)
{
    auto& source = cpu.chains[from];
    auto& target = cpu.chains[to];
    auto& end = TranslationTable::global(last);
    const uint32_t first = source.first;
    source.first = end.set_next;
    if (source.first != 0)
        TranslationTable::global(source.first).set_previous = 0;
    end.set_next = target.first;
    if (target.first != 0)
        TranslationTable::global(target.first).set_previous = last;
    target.first = first;
    source.count -= count;
    target.count += count;
}

// Read under a list's lock: `age` begins after the record says so, hence who finds the earlier version here is still
// turned into an old one.
InstanceList InstanceSet::proper_list(const ClassDescriptor& of) const
{
    return &of == m_record.current_version() ? InstanceList::Current : InstanceList::Old;
}

Status InstanceSet::add(Reference instance, const ClassDescriptor& descriptor)
{
    const uint32_t index = TranslationTable::index(instance);
    auto& entry = TranslationTable::global(index);
    auto& part = of(arch::cpu_id());
    kernel::SpinGuard guard(part.lock);
    const kernel::InnerSpinGuard entry_guard(entry.lock, guard.interrupts());
    if (part.closed || entry.state != EntryState::Live)
        return Code::GONE;
    // All that add it hold the entry's lock.
    if (anywhere(index))
        return {};
    link(part, index, chain_of(part, proper_list(descriptor)));
    return {};
}

Status InstanceSet::move(ReferenceName instance, InstanceList to)
{
    auto& part = of(home_of(TranslationTable::at(instance.index)));
    auto& entry = TranslationTable::global(instance.index);
    kernel::SpinGuard guard(part.lock);
    const kernel::InnerSpinGuard entry_guard(entry.lock, guard.interrupts());
    if (entry.state != EntryState::Live || entry.sequence != instance.sequence)
        return Code::GONE;
    // Another home: another object lived here when it was read, and this one is on its way from set to set.
    if (!is_in(part, instance.index))
        return Code::GONE;
    put(part, instance.index, to);
    return {};
}

void InstanceSet::refile(Reference instance, const ClassDescriptor& descriptor)
{
    const uint32_t index = TranslationTable::index(instance);
    auto& part = of(home_of(instance));
    kernel::SpinGuard guard(part.lock);
    if (is_in(part, index))
        put(part, index, proper_list(descriptor));
}

unsigned InstanceSet::first(unsigned cpu, InstanceList list, ReferenceName (&names)[batch])
{
    auto& part = of(cpu);
    kernel::SpinGuard guard(part.lock);
    unsigned count = 0;
    uint32_t index = part.chains[chain_of(part, list)].first;
    while (index != 0 && count < batch) {
        const auto& entry = TranslationTable::global(index);
        // Changes only when the entry is free.
        names[count++] = {index, entry.sequence};
        index = entry.set_next;
    }
    return count;
}

InstanceList InstanceSet::list_of(Reference instance)
{
    const uint32_t index = TranslationTable::index(instance);
    auto& part = of(home_of(instance));
    kernel::SpinGuard guard(part.lock);
    if (!is_in(part, index))
        return InstanceList::None;
    return list_of(part, TranslationTable::global(index).set_place & part_mask);
}

uint64_t InstanceSet::count(unsigned cpu, InstanceList list)
{
    auto& part = of(cpu);
    kernel::SpinGuard guard(part.lock);
    return part.chains[chain_of(part, list)].count;
}

uint64_t InstanceSet::count(InstanceList list)
{
    uint64_t count = 0;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        count += this->count(cpu, list);
    return count;
}

uint64_t InstanceSet::count()
{
    return count(InstanceList::Current) + count(InstanceList::Old) + count(InstanceList::Marked)
        + count(InstanceList::Failed) + count(InstanceList::Promoted);
}

// Brings Failed to Old, and Old and Current together; false when there may be more. The shorter of two chains is moved
// entry by entry, then chains change their meaning: the one that has all is Old, the empty one Current.
bool InstanceSet::merge(PerCpu& cpu)
{
    kernel::SpinGuard guard(cpu.lock);
    auto& current = cpu.chain_of[0];
    auto& old = cpu.chain_of[1];
    auto& failed = cpu.chain_of[3];
    for (unsigned moved = 0; moved < batch; ++moved) {
        const bool old_is_shorter = cpu.chains[old].count < cpu.chains[current].count;
        const unsigned from = cpu.chains[failed].count != 0 ? failed : old_is_shorter ? old : current;
        const uint32_t index = cpu.chains[from].first;
        if (index == 0) {
            if (old_is_shorter) {
                const uint8_t empty = old;
                old = current;
                current = empty;
            }
            return true;
        }
        unlink(cpu, index);
        link(cpu, index, old_is_shorter ? current : old);
    }
    return false;
}

void InstanceSet::age()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        while (!merge(of(cpu))) {
        }
    }
}

bool InstanceSet::any()
{
    return count() != 0;
}

Status InstanceSet::close()
{
    if (any())
        return Code::BUSY;
    const auto set_closed = [this](bool closed) {
        for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
            kernel::SpinGuard guard(of(cpu).lock);
            of(cpu).closed = closed;
        }
    };
    set_closed(true);
    if (!any())
        return {};
    set_closed(false);
    return Code::BUSY;
}

InstanceSet* set_of(const ClassDescriptor& descriptor)
{
    return descriptor.record == nullptr ? nullptr : descriptor.record->instance_set();
}

void change_class(Reference instance, const ClassDescriptor& from, const ClassDescriptor& to)
{
    CountedScope keeps_the_sets;
    auto* old_set = set_of(from);
    auto* new_set = set_of(to);
    if (old_set == new_set) {
        if (old_set != nullptr)
            old_set->refile(instance, to);
        return;
    }
    if (old_set != nullptr)
        old_set->remove(instance);
    // A set that is closed has no instances, and gets none: its class is on its way out.
    if (new_set != nullptr)
        new_set->add(instance, to).ignore();
}

}
