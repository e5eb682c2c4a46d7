// The table's side of marks: each is a change of one global entry under its lock.

#include "kernel/panic.h"
#include "objects/instance_set.h"
#include "objects/translation_table.h"

namespace objects {

// Marks one instance after the other, and looks at each class once.
class MarkBatch {
public:
    MarkBatch(const ClassDescriptor& aim, MarkRound round) : m_aim(aim), m_round(round) {}

    // Where an Old instance belongs, which is marked unless it is of the class `aim` or being swapped; nowhere, when it is
    // being destroyed. Under its entry's lock and that of its place in the set.
    [[gnu::always_inline]] InstanceList mark_or_sort(GlobalEntry& entry, uint32_t index)
    {
        const Root* root = entry.root;
        if (root == nullptr || entry.mark != static_cast<uint8_t>(Mark::None)) [[unlikely]]
            return root == nullptr ? InstanceList::None : InstanceList::Marked;
        if (class_word(*root) != m_class_word || entry.chain != nullptr) [[unlikely]] {
            if (const auto list = look_closely(entry, m_aim); list != InstanceList::Marked)
                return list;
            m_class_word = class_word(*root);
        }
        entry.mark_round = m_round;
        entry.mark = static_cast<uint8_t>(Mark::Marked);
        flush(entry, index);
        return InstanceList::Marked;
    }

private:
    [[gnu::noinline]] static InstanceList look_closely(const GlobalEntry& entry, const ClassDescriptor& aim)
    {
        if (TranslationTable::innermost_rank(entry) == Rank::Mediator)
            return InstanceList::Promoted;
        return &entry.root->descriptor() == &aim ? InstanceList::Current : InstanceList::Marked;
    }

    // As TranslationTable::flush, from the first CPU on. Relaxed: letting go of the entry's lock orders the stores.
    [[gnu::always_inline]] static void flush(GlobalEntry& entry, uint32_t index)
    {
        const uint32_t page = index / TranslationTable::locals_per_page;
        LocalEntry& seen = *TranslationTable::at(index);
        auto* directory = &table().m_local_pages[0][page / TranslationTable::pages_per_directory];
        for (unsigned left = entry.touched; left != 0; left >>= 1) {
            if ((left & 1) != 0) [[likely]] {
                LocalEntry* first = (*directory)[page % TranslationTable::pages_per_directory];
                auto* missing = reinterpret_cast<Object*>(&seen.stubs);
                __atomic_store_n(&first[index % TranslationTable::locals_per_page].object, missing, __ATOMIC_RELAXED);
            }
            directory += TranslationTable::directories;
        }
        entry.touched = 0;
    }

    const ClassDescriptor& m_aim;
    const MarkRound m_round;
    // Of the class that was met last and is not the aim.
    const void* m_class_word = nullptr;
};

unsigned InstanceSet::mark(unsigned cpu, const ClassDescriptor& aim, MarkRound round)
{
    MarkBatch marking(aim, round);
    auto& part = of(cpu);
    kernel::SpinGuard guard(part.lock);
    const uint32_t holder = kernel::NestedSpinGuard::mark_of_this_cpu();
    const uint8_t old = place_of(part, InstanceList::Old);
    const uint8_t marked = place_of(part, InstanceList::Marked);
    unsigned left = batch;
    unsigned elsewhere = 0;
    uint32_t last = 0;
    uint32_t index = part.chains[old - 1].first;
    for (; index != 0 && left != 0; --left) {
        auto& entry = table().global(index);
        const uint32_t next = entry.set_next;
        InstanceList to = InstanceList::None;
        {
            const kernel::NestedSpinGuard entry_guard(entry.lock, holder);
            to = marking.mark_or_sort(entry, index);
        }
        if (to == InstanceList::Marked) [[likely]] {
            entry.set_place = marked;
            last = index;
        } else {
            put(part, index, to);
            ++elsewhere;
        }
        index = next;
    }
    const unsigned looked_at = batch - left;
    if (last != 0)
        prepend(part, old, marked, last, looked_at - elsewhere);
    return looked_at;
}

// Moves the first `count` of one chain, up to `last`, to the head of another; their places say so already.
void InstanceSet::prepend(PerCpu& cpu, uint8_t from, uint8_t to, uint32_t last, unsigned count)
{
    auto& source = cpu.chains[from - 1];
    auto& target = cpu.chains[to - 1];
    auto& end = table().global(last);
    const uint32_t first = source.first;
    source.first = end.set_next;
    if (source.first != 0)
        table().global(source.first).set_previous = 0;
    end.set_next = target.first;
    if (target.first != 0)
        table().global(target.first).set_previous = last;
    target.first = first;
    source.count -= count;
    target.count += count;
}

InstanceList TranslationTable::unmark_or_sort(GlobalEntry& entry, const ClassDescriptor& aim)
{
    if (entry.root == nullptr)
        return InstanceList::None;
    if (mark_of(entry) == Mark::Converting || &entry.root->descriptor() != &aim)
        return InstanceList::Old;
    set(entry, Mark::None);
    return InstanceList::Current;
}

Mark TranslationTable::mark(Reference reference)
{
    return mark_of(entry(reference));
}

bool TranslationTable::claim(Reference reference, const Root& expected)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    if (mark_of(global) != Mark::Marked || global.root != &expected)
        return false;
    set(global, Mark::Converting);
    return true;
}

// No local entry leads to the old object, hence none has to be flushed.
void TranslationTable::replace_claimed(Reference reference, Root& root, Mark then)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    ASSERT(mark_of(global) == Mark::Converting);
    root.set_reference(reference);
    // Release: `root` is read without the lock.
    __atomic_store_n(&global.root, &root, __ATOMIC_RELEASE);
    set(global, then);
}

void TranslationTable::give_up_claim(Reference reference)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    ASSERT(mark_of(global) == Mark::Converting);
    set(global, Mark::None);
}

bool TranslationTable::unmark(Reference reference, const Root& expected)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    if (mark_of(global) != Mark::Marked || global.root != &expected)
        return false;
    set(global, Mark::None);
    return true;
}

}
