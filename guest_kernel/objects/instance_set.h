// Which instances a class has, by reference and by how far they are in a change of version.
#pragma once

#include "kernel/spinlock.h"
#include "objects/class_record.h"
#include "objects/translation_table.h"

namespace objects {

// Current: of the version that the factory makes. Old: of another one, nothing is known of it yet. Marked: old, will be
// converted when it is called. Failed: old, its conversion failed, it stays in service. Promoted: old, was called before its
// mark was in force, and is to be swapped with callers inside.
enum class InstanceList : uint8_t { None, Current, Old, Marked, Failed, Promoted };

const char* name_of(InstanceList list);

// Each CPU keeps the instances that were made on it, linked through their global entries: a hot-swap of an instance
// changes nothing here, and neither adding nor removing allocates or depends on how many there are.
//
// Invariant: an instance is in one list of one set from before `create` returns until it is retired; an entry in a list
// is not free (its destroyer is counted until it has removed it, and entries are reused a generation later).
// Lock order: a CPU's list lock, then an entry's lock. Nothing is called through a reference under either.
class InstanceSet {
public:
    // The most entries that are looked at with interrupts off.
    static constexpr unsigned batch = 16;

    explicit InstanceSet(const ClassRecord& record);
    InstanceSet(const InstanceSet&) = delete;
    InstanceSet& operator=(const InstanceSet&) = delete;

    // To the lists of this CPU: Current or Old, as its class says. GONE when it was retired meanwhile, or the set is
    // closed.
    Status add(Reference instance, const ClassDescriptor& of);
    // Nothing happens when it is not in the set.
    void remove(Reference instance);
    // GONE when it is not any more what bears that name, or not in the set.
    Status move(ReferenceName instance, InstanceList to);
    // To where an instance of that class belongs; nothing happens when it is not in the set.
    void refile(Reference instance, const ClassDescriptor& of);

    // Copies the names of the first instances of a list; how many.
    unsigned first(unsigned cpu, InstanceList list, ReferenceName (&names)[batch]);
    // Moves the first instances of a list, at most a batch, to where visit(GlobalEntry&, Reference) says, which is another
    // list; how many. visit runs with both locks held.
    template <typename Visit>
    unsigned sort(unsigned cpu, InstanceList from, Visit visit);

    // Marks the first Old instances at home on a CPU, at most a batch, but for those that belong elsewhere; how many it
    // looked at. As sort, in fewer instructions.
    unsigned mark(unsigned cpu, const ClassDescriptor& aim, MarkRound round);

    InstanceList list_of(Reference instance);
    static unsigned home_of(Reference instance);
    uint64_t count(unsigned cpu, InstanceList list);
    uint64_t count(InstanceList list);
    uint64_t count();

    // The factory makes another version from now on, and no call is in it: what was not marked becomes Old. Takes time
    // only when there are instances both Current and Old.
    void age();
    // No instance is added from now on. BUSY, and still open, when there are any.
    Status close();

    const ClassRecord& record() const { return m_record; }

private:
    static constexpr unsigned lists = 5;
    static constexpr size_t cache_line = 128;

    struct Chain {
        uint32_t first = 0;
        uint32_t count = 0;
    };
    // `lock` guards the rest and the set fields of the entries that are at home here.
    struct PerCpu {
        kernel::SpinLock lock;
        bool closed = false;
        // Which chain is which list, so that a whole list changes its meaning in one step.
        uint8_t chain_of[lists] = {0, 1, 2, 3, 4};
        Chain chains[lists];
    };
    static_assert(sizeof(PerCpu) <= cache_line);

    PerCpu& of(unsigned cpu);
    // A place is the number of a chain, plus one.
    static uint8_t place_of(const PerCpu& cpu, InstanceList list);
    static InstanceList list_at(const PerCpu& cpu, uint8_t place);
    static void link(PerCpu& cpu, uint32_t index, uint8_t place);
    static void unlink(PerCpu& cpu, uint32_t index);
    static bool in_chain(uint32_t index) { return table().global(index).set_place != 0; }
    static void put(PerCpu& cpu, uint32_t index, InstanceList list);
    static void prepend(PerCpu& cpu, uint8_t from, uint8_t to, uint32_t last, unsigned count);
    InstanceList proper_list(const ClassDescriptor& of) const;
    static bool merge(PerCpu& cpu);
    bool any();

    const ClassRecord& m_record;
    // Each CPU's part has a cache line of its own; the heap aligns to less.
    uint8_t m_storage[(abi::MAX_CPUS + 1) * cache_line];
};

// The set that instances of this class are in, or null: no factory.
InstanceSet* set_of(const ClassDescriptor& descriptor);
// An object is about to change its class, and nobody can retire it meanwhile.
void change_class(Reference instance, const ClassDescriptor& from, const ClassDescriptor& to);

template <typename Visit>
unsigned InstanceSet::sort(unsigned cpu, InstanceList from, Visit visit)
{
    auto& part = of(cpu);
    kernel::SpinGuard guard(part.lock);
    unsigned moved = 0;
    while (moved < batch) {
        const uint32_t index = part.chains[place_of(part, from) - 1].first;
        if (index == 0)
            break;
        auto& entry = table().global(index);
        InstanceList to = InstanceList::None;
        {
            kernel::SpinGuard entry_guard(entry.lock);
            to = visit(entry, table().at(index));
        }
        put(part, index, to);
        ++moved;
    }
    return moved;
}

}
