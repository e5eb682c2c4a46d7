// Marks instances one after the other, with interrupts off.
#pragma once

#include <stddef.h>

#include "arch/ppc64/reservation.h"
#include "objects/instance_set.h"
#include "objects/translation_table.h"

namespace objects {

// For one round of marks and one CPU's lists. It looks at each class once.
//
// Almost every instance is marked by one exchange of its entry's head, without the entry's lock. The exchange fails when
// somebody has the lock or anything in the head has changed. What is looked at besides is the root. It is not freed, because
// who destroys or swaps the object takes it out of its list, or moves it within its set, before, and for that needs the
// list's lock, which the marker has. And it is not another's by the time of the exchange: a mediator puts a new root there
// only after such a move, and where an object goes to another reference, an interposer stays. Whatever is out of the
// ordinary is looked at under the entry's lock.
class Marker {
public:
    // Marks what is not of the class `aim`.
    Marker(const ClassDescriptor& aim, MarkRound round) : m_aim(aim), m_round(round) {}

    // Whether it was marked: it is of the class looked at last, there is nothing in front of it and nobody has its lock.
    [[gnu::always_inline]] bool mark_at_once(GlobalEntry& entry, uint32_t index) const
    {
        auto& head = reinterpret_cast<HeadWord&>(static_cast<EntryHead&>(entry));
        const Root* root = entry.root;
        // The root before the head: if the first is null, the second says that the object does not live.
        arch::barrier_light();
        const HeadWord seen = arch::load_reserved(head);
        if ((seen & ~all_touched) != 0 || class_word(*root) != m_class_word) [[unlikely]]
            return false;
        entry.mark_round = m_round;
        // The round before the mark: who finds the mark reads it.
        arch::barrier_light();
        if (!arch::store_conditional(head, seen | mark_set)) [[unlikely]]
            return false;
        // The mark before the flush: a call that misses finds it. For the same reason the CPUs stay noted as touched.
        arch::barrier_light();
        flush(static_cast<CpuSet>(seen), index);
        return true;
    }

    // Where an Old instance belongs, which is marked unless it is of the class `aim` or being swapped; nowhere, when it is
    // being destroyed.
    InstanceList mark_or_sort(GlobalEntry& entry, uint32_t index);

private:
    // The head of an entry as one number.
    using HeadWord [[gnu::may_alias]] = uint64_t;

    static constexpr HeadWord all_touched = 0xff;
    static_assert(offsetof(EntryHead, touched) == sizeof(HeadWord) - 1);
    static constexpr HeadWord mark_set = HeadWord{static_cast<uint8_t>(Mark::Marked)} << 8;
    static_assert(offsetof(EntryHead, mark) == sizeof(HeadWord) - 2);
    // What may be marked at once has zeros in its head, the touched apart.
    static_assert(static_cast<uint8_t>(EntryState::Live) == 0 && static_cast<uint8_t>(Mark::None) == 0);

    // As TranslationTable::flush. Most instances are called by one CPU.
    [[gnu::always_inline]] static void flush(CpuSet touched, uint32_t index)
    {
        if (touched == 0)
            return;
        unsigned left = touched;
        flush_last(left, index);
        while ((left & (left - 1)) != 0) [[unlikely]] {
            left ^= 1u << last_of(left);
            flush_last(left, index);
        }
    }
    static unsigned last_of(unsigned cpus) { return 31 - static_cast<unsigned>(__builtin_clz(cpus)); }
    // Relaxed: the end of the set's lock orders the stores.
    [[gnu::always_inline]] static void flush_last(unsigned cpus, uint32_t index)
    {
        auto* missing = reinterpret_cast<Object*>(&TranslationTable::at(index)->stubs);
        __atomic_store_n(&TranslationTable::local_on(last_of(cpus), index)->object, missing, __ATOMIC_RELAXED);
    }

    const ClassDescriptor& m_aim;
    const MarkRound m_round;
    // Of the class that was met last and is not the aim. It stays another than the aim's, which is loaded all the while.
    const void* m_class_word = nullptr;
};

}
