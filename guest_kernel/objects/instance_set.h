// Which instances a class has, by reference and by how far they are in a change of version.
#pragma once

#include "arch/ppc64/percpu.h"
#include "kernel/spinlock.h"
#include "objects/class_record.h"
#include "objects/translation_table.h"

namespace objects {

class Marker;

// Current: of the version that the factory makes. Old: of another one, nothing is known of it yet. Marked: old, will be
// converted when it is called. Failed: old, its conversion failed, it stays in service. Promoted: old, was called before its
// mark was in force, and is to be swapped with callers inside.
enum class InstanceList : uint8_t { None, Current, Old, Marked, Failed, Promoted };

const char* name_of(InstanceList list);

// Each CPU keeps the instances that were made on it, linked through their global entries: a hot-swap of an instance
// changes nothing here, and neither adding nor removing allocates or depends on how many there are.
//
// Invariant: an instance that lives is in one list of one set. What is in a list need not live: it may be about to (its
// creator puts it there first) or, when it was not its factory that ended it, have been retired (its destroyer, which is
// counted, takes it out then, and entries are reused a generation later); so who walks looks at the entry's state.
// Lock order: a CPU's list lock, then an entry's lock. Nothing is called through a reference under either.
class InstanceSet {
public:
    // The most entries that are looked at with interrupts off.
    static constexpr unsigned batch = 16;
    // Of those that are marked, which takes few instructions.
    static constexpr unsigned marking_batch = 24;

    explicit InstanceSet(const ClassRecord& record);
    InstanceSet(const InstanceSet&) = delete;
    InstanceSet& operator=(const InstanceSet&) = delete;

    // An entry that does not live yet, which nobody else knows, to the current ones of this CPU, by their factory. False
    // when the set is closed.
    bool enlist(uint32_t index, const kernel::IrqGuard& off);
    // An object that lives, to the lists of this CPU: Current or Old, as its class says. GONE when it was retired
    // meanwhile, or the set is closed.
    Status add(Reference instance, const ClassDescriptor& of);
    // Nothing happens when it is not in the set.
    void remove(Reference instance);
    // `step` ends the instance under its list's lock, and with it its place in the set. What the step fails with, NOT_FOUND
    // when the instance is not in this set; then nothing has changed.
    template <typename Step>
    Result<Root*> take_out(Reference instance, Step step);
    // GONE when it is not any more what bears that name, or not in the set.
    Status move(ReferenceName instance, InstanceList to);
    // `step` brings the object from one reference to the other, and with it its place in the set: to Marked if it is
    // marked there, else to where an instance of that class belongs. What the step fails with; then nothing has changed.
    template <typename Step>
    Status hand_over(Reference from, Reference to, const ClassDescriptor& of, Step step);
    // To where an instance of that class belongs; nothing happens when it is not in the set.
    void refile(Reference instance, const ClassDescriptor& of);

    // Copies the names of the first instances of a list; how many.
    unsigned first(unsigned cpu, InstanceList list, ReferenceName (&names)[batch]);
    // Moves the first instances of a list, at most a batch, to where visit(GlobalEntry&, Reference) says, which is another
    // list; how many. visit runs with both locks held.
    template <typename Visit>
    unsigned sort(unsigned cpu, InstanceList from, Visit visit);

    // Marks the first Old instances at home on a CPU, at most marking_batch, but for those that belong elsewhere; how many it
    // looked at. As sort, in fewer instructions.
    unsigned mark(unsigned cpu, Marker& marker);

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

    // A place: the number of the class' record plus one, the CPU that is home, the number of a chain.
    static constexpr uint32_t nowhere = 0;
    static constexpr unsigned class_shift = 16;
    static constexpr unsigned home_shift = 8;
    static constexpr uint32_t part_mask = 0xff;

    struct Chain {
        uint32_t first = 0;
        uint32_t count = 0;
    };
    // `lock` guards the rest and the set fields of the entries that are at home here.
    struct PerCpu {
        explicit PerCpu(uint32_t common) : here(common) {}

        kernel::SpinLock lock;
        // What the places here have in common: all but the chain.
        const uint32_t here;
        bool closed = false;
        // Which chain is which list, so that a whole list changes its meaning in one step.
        uint8_t chain_of[lists] = {0, 1, 2, 3, 4};
        Chain chains[lists];
    };
    static_assert(sizeof(PerCpu) <= cache_line);

    PerCpu& of(unsigned cpu) { return *reinterpret_cast<PerCpu*>(m_parts + cpu * cache_line); }
    static uint8_t chain_of(const PerCpu& cpu, InstanceList list);
    static InstanceList list_of(const PerCpu& cpu, uint8_t chain);
    static void link(PerCpu& cpu, uint32_t index, uint8_t chain);
    static void unlink(PerCpu& cpu, uint32_t index);
    static bool anywhere(uint32_t index) { return TranslationTable::global(index).set_place != nowhere; }
    static bool is_in(const PerCpu& cpu, uint32_t index);
    static void put(PerCpu& cpu, uint32_t index, InstanceList list);
    static unsigned mark_at_once(PerCpu& cpu, const Marker& marker);
    static unsigned mark_or_sort_first(PerCpu& cpu, Marker& marker);
    static void prepend(PerCpu& cpu, uint8_t from, uint8_t to, uint32_t last, unsigned count);
    InstanceList proper_list(const ClassDescriptor& of) const;
    static bool merge(PerCpu& cpu);
    bool any();

    const ClassRecord& m_record;
    const uint64_t m_parts;
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
        const uint32_t index = part.chains[chain_of(part, from)].first;
        if (index == 0)
            break;
        auto& entry = TranslationTable::global(index);
        InstanceList to = InstanceList::None;
        {
            const kernel::InnerSpinGuard entry_guard(entry.lock, guard.interrupts());
            to = visit(entry, TranslationTable::at(index));
        }
        put(part, index, to);
        ++moved;
    }
    return moved;
}

template <typename Step>
Status InstanceSet::hand_over(Reference from, Reference to, const ClassDescriptor& descriptor, Step step)
{
    const uint32_t old_index = TranslationTable::index(from);
    const uint32_t new_index = TranslationTable::index(to);
    auto& part = of(home_of(from));
    kernel::SpinGuard guard(part.lock);
    TRY(step());
    if (!is_in(part, old_index) || anywhere(new_index))
        return {};
    unlink(part, old_index);
    const bool marked = table().mark(to) == Mark::Marked;
    link(part, new_index, chain_of(part, marked ? InstanceList::Marked : proper_list(descriptor)));
    return {};
}

// Inline what is on the way of every creation and destruction.

inline uint8_t InstanceSet::chain_of(const PerCpu& cpu, InstanceList list)
{
    return cpu.chain_of[static_cast<unsigned>(list) - 1];
}

// The lock is held. What an entry's home was read without may since have come to be of another class.
inline bool InstanceSet::is_in(const PerCpu& cpu, uint32_t index)
{
    return (TranslationTable::global(index).set_place & ~part_mask) == cpu.here;
}

inline void InstanceSet::link(PerCpu& cpu, uint32_t index, uint8_t number)
{
    auto& chain = cpu.chains[number];
    auto& entry = TranslationTable::global(index);
    entry.set_place = cpu.here | number;
    entry.set_previous = 0;
    entry.set_next = chain.first;
    if (chain.first != 0)
        TranslationTable::global(chain.first).set_previous = index;
    chain.first = index;
    ++chain.count;
}

inline void InstanceSet::unlink(PerCpu& cpu, uint32_t index)
{
    auto& entry = TranslationTable::global(index);
    auto& chain = cpu.chains[entry.set_place & part_mask];
    if (entry.set_next != 0)
        TranslationTable::global(entry.set_next).set_previous = entry.set_previous;
    if (entry.set_previous != 0)
        TranslationTable::global(entry.set_previous).set_next = entry.set_next;
    else
        chain.first = entry.set_next;
    entry.set_place = nowhere;
    --chain.count;
}

inline bool InstanceSet::enlist(uint32_t index, const kernel::IrqGuard& off)
{
    auto& part = of(arch::cpu_id());
    const kernel::InnerSpinGuard guard(part.lock, off);
    if (part.closed) [[unlikely]]
        return false;
    link(part, index, chain_of(part, InstanceList::Current));
    return true;
}

// Relaxed: stays while the object is in the set, and who may not rely on that looks again under the locks.
inline unsigned InstanceSet::home_of(Reference instance)
{
    const uint32_t place = __atomic_load_n(&TranslationTable::global(TranslationTable::index(instance)).set_place, __ATOMIC_RELAXED);
    return place >> home_shift & part_mask;
}

inline void InstanceSet::remove(Reference instance)
{
    auto& part = of(home_of(instance));
    kernel::SpinGuard guard(part.lock);
    if (is_in(part, TranslationTable::index(instance)))
        unlink(part, TranslationTable::index(instance));
}

template <typename Step>
Result<Root*> InstanceSet::take_out(Reference instance, Step step)
{
    auto& part = of(home_of(instance));
    const kernel::SpinGuard guard(part.lock);
    if (!is_in(part, TranslationTable::index(instance))) [[unlikely]]
        return Code::NOT_FOUND;
    const auto done = step(guard.interrupts());
    if (done.ok()) [[likely]]
        unlink(part, TranslationTable::index(instance));
    return done;
}

}
