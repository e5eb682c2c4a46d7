// The object translation table: per CPU the pointers through which calls go, and once for all what they stand for.
#pragma once

#include "kernel/mutex.h"
#include "kernel/spinlock.h"
#include "objects/interposer.h"
#include "objects/mark.h"
#include "objects/root.h"

namespace objects {

enum class EntryState : uint8_t { Live, Free, Dying };

enum class InstanceList : uint8_t;
struct KindRecord;
class InstanceSet;

// What says whether an instance may be marked, in one doubleword: the marker of a batch changes it in one step and without
// the lock, if nobody holds that (marks.cpp). Everyone else changes it under the lock.
struct alignas(8) EntryHead {
    kernel::SpinLock lock;
    EntryState state = EntryState::Free;
    // Whether there is a chain of interposers. A live object without one has a root.
    bool interposed = false;
    // A Mark; the compiler's atomics take integers. Also looked at without the lock.
    uint8_t mark = 0;
    // CPUs whose local entry may be filled. A CPU outside the set has not called since the last flush.
    CpuSet touched = 0;
};
static_assert(sizeof(EntryHead) == sizeof(uint64_t));

// One object, at the same index as its local entries. `lock` guards every field but those of InstanceSet, and the filling
// of the local entries; it is taken with interrupts off, innermost, and never held across a call through a reference.
struct alignas(64) GlobalEntry : EntryHead {
    // Grows with each reuse, so that a list of work knows an object from its successor in the same entry.
    uint32_t sequence = 0;
    uint32_t next_free = 0;
    // Null while the object has another reference: then an adaptor, or a dead reference, is in the chain.
    Root* root = nullptr;
    // The chain of interposers, outermost first.
    Interposer* chain = nullptr;
    // The reference that the object has now, or the next one on the way there.
    Reference canonical = nullptr;
    // Whether any CPU has called since the object was created.
    bool used = false;
    // When it was marked last. Written by who marks, before the mark.
    MarkRound mark_round = 0;
    // The first of the references whose adaptors lead here, by index: linked through their own entries, under the lock of
    // this one. 0: none.
    uint32_t adapted = 0;
    uint32_t adapted_next = 0;

private:
    // Where the object is among the instances of its class: guarded by the set's lock of the CPU that it is at home on.
    friend class InstanceSet;
    uint32_t set_next = 0;
    uint32_t set_previous = 0;
    // Class, home and chain in one word, or nowhere.
    uint32_t set_place = 0;
};

static_assert(sizeof(GlobalEntry) == 64, "an object takes half a cache line, its place in a set included");

// An object on its way to another reference. By a swap, whose mediator holds it, or by the conversion of a claimed instance,
// it cannot be stopped; else it is the same object, with calls under way in it.
struct HandOver {
    // Comes in front of the reference that the object leaves.
    Interposer& adaptor;
    // Where it comes: a reserved reference, or one that an adaptor stands on.
    Reference to;
    // What stands there and goes: a gate or an adaptor, or nothing.
    Interposer* in_the_way;
    Root& root;
    Interposer* mediator = nullptr;
    bool claimed = false;
    // Of a claimed one: its mark at the new reference.
    Mark then = Mark::None;
};

// References whose adaptors lead to one object directly: interfaces that are called at the same time.
inline constexpr unsigned max_leading = 8;

// How people and messages name a reference.
struct ReferenceName {
    uint32_t index;
    uint32_t sequence;
};

class TranslationTable {
    friend class Marker;

public:
    // Backs the first entries. Before any object.
    Status initialise();

    // An entry backed on every CPU, in the missing state, so that a call never faults. The object is in the set, if one
    // is given, before it lives. NO_MEMORY; GONE when the set is closed.
    Result<Reference> allocate(Root& root, InstanceSet* set = nullptr);
    // Calls are refused from now on with GONE; those under way go on. Returns the root, which its last caller may still
    // be using: free both one generation later (release). BUSY while a swap or a conversion holds the object. An arbiter
    // may stay in front.
    Result<Root*> retire(Reference reference);
    // The same for an instance of that set, which it leaves in the same step. NOT_FOUND when it is in another one, or none.
    Result<Root*> retire(Reference reference, InstanceSet& set);
    // The entry may be reused: no thread can hold a value loaded from it.
    void release(Reference reference);

    // Puts an interposer in its place in the chain; calls that start from now on meet it. The value: whether any call
    // may have started before. BUSY when there is one of its rank, when the object is not (any more) that of `expected`,
    // if given, or is marked and the interposer a mediator; GONE.
    Result<bool> interpose(Interposer& interposer, const Root* expected = nullptr);
    // Takes it off. Threads that loaded its face before may still enter it for one generation.
    void remove(Interposer& interposer);
    // Takes the mediator off and puts the new object in place of the old, in one step.
    void replace_root(Interposer& mediator, Root& root);

    // A reference without an object: calls are refused. NO_MEMORY.
    Result<Reference> reserve();
    // Makes the root the object of the other reference, and puts the adaptor in front of the old one, which has no object
    // any more, in one step. BUSY, of an object that nobody holds, when it is not that of the old reference (any more).
    Status hand_over(const HandOver& how);
    // Puts `adaptor` in front of the reserved reference that it is for, as one more way to the object of `to`, be that its own
    // reference or an adapted one. GONE when it was retired, BUSY when it does not speak that interface.
    Status lead(Interposer& adaptor, Reference to, const KindRecord& speaks);
    // The first reference whose adaptor leads there, or null; the one after it. Whoever walks keeps adaptors from coming
    // and going.
    static Reference first_adapted(Reference to) { return adapted_at(__atomic_load_n(&entry(to).adapted, __ATOMIC_ACQUIRE)); }
    static Reference next_adapted(Reference from) { return adapted_at(entry(from).adapted_next); }
    // Copies the references whose adaptors lead there, as many as there is room for; how many.
    unsigned leading_to(Reference to, Reference (&found)[max_leading]);
    // What stands in front of `reference` in place of an object, or null.
    AdaptedReference* adapted(Reference reference);
    // Puts `after` in the place of `before` in the chain. GONE when the reference is retired.
    Status exchange(Interposer& before, Interposer& after);
    // Callers see another face of the interposer from now on.
    void show(Interposer& interposer, Face& face);
    // Calls through a reference that has no object are refused with GONE from now on: release it one generation later.
    void retire_empty(Reference reference);
    // The reference that the object behind any number of adaptors has now.
    Reference canonical(Reference reference);

    // -- marks (mark.h)
    // Where a Marked instance belongs, whose mark is taken off if it is of the class `aim`. Under the same locks.
    InstanceList unmark_or_sort(GlobalEntry& entry, const ClassDescriptor& aim);
    Mark mark(Reference reference);
    // Marked -> Converting. False when it is not Marked or its root not `expected`.
    bool claim(Reference reference, const Root& expected);
    // Converting -> `then`, with another root.
    void replace_claimed(Reference reference, Root& root, Mark then);
    // Converting -> None.
    void give_up_claim(Reference reference);
    // Marked -> None. False when it is not Marked or its root not `expected`.
    bool unmark(Reference reference, const Root& expected);

    // Where a call through `reference` goes now on this CPU, filling the entry; never null.
    Object* resolve(Reference reference);
    // The same for what lies behind an interposer.
    Object* resolve_behind(const Interposer& interposer);

    // The root now, or null. Stays for the caller's generation. Without the lock: it is one word, and acquire pairs with
    // the release of whoever put the root there.
    static Root* root(Reference reference) { return __atomic_load_n(&entry(reference).root, __ATOMIC_ACQUIRE); }
    // The interposer next to the object, or null. Stays for the caller's generation.
    Interposer* innermost(Reference reference);

    static uint32_t index(Reference reference) { return static_cast<uint32_t>(reference - at(0)); }
    bool contains(const void* address) const;
    // The reference with that index and sequence, or null when it names nothing that lives.
    Reference find(ReferenceName name);
    ReferenceName name(Reference reference);
    static Reference at(uint32_t index) { return reinterpret_cast<LocalEntry*>(abi::LOCAL_TABLE_BASE) + index; }
    // Of a backed index: below the high-water mark.
    static GlobalEntry& global(uint32_t index) { return reinterpret_cast<GlobalEntry*>(abi::GLOBAL_TABLE_BASE)[index]; }
    // Indices below it have been given out at some time; 0 never is.
    uint32_t high_water() const { return __atomic_load_n(&m_high_water, __ATOMIC_ACQUIRE); }
    // Pages behind the entries of all CPUs: as many as were needed at one time, they are not given back.
    uint64_t pages();

private:
    static constexpr uint32_t locals_per_page = abi::PAGE_SIZE / sizeof(LocalEntry);

    Result<uint32_t> take_free();
    void put_free(uint32_t index);
    static GlobalEntry& entry(Reference reference) { return global(index(reference)); }
    static Interposer* innermost(const GlobalEntry& entry);
    static Rank innermost_rank(const GlobalEntry& entry);
    static Mark mark_of(const GlobalEntry& entry)
    {
        // Acquire: who finds that a conversion is over, without the lock, sees what it did.
        return static_cast<Mark>(__atomic_load_n(&entry.mark, __ATOMIC_ACQUIRE));
    }
    static void set(GlobalEntry& entry, Mark mark)
    {
        __atomic_store_n(&entry.mark, static_cast<uint8_t>(mark), __ATOMIC_RELEASE);
    }
    Status back(uint32_t index);
    Status back_global(uint32_t index);
    Status back_local(unsigned cpu, uint32_t index);
    Status map_local(unsigned cpu, uint32_t first, uint64_t frame);
    // Another CPU's entry, through addresses that are the same on all.
    static LocalEntry* local_on(unsigned cpu, uint32_t index)
    {
        return reinterpret_cast<LocalEntry*>(abi::LOCAL_TABLES_BASE) + cpu * uint64_t{abi::TABLE_ENTRIES} + index;
    }
    static void make_missing(LocalEntry& local, LocalEntry& as_seen_by_its_cpu);
    void flush(GlobalEntry& entry, uint32_t index);
    bool link(GlobalEntry& entry, Interposer& interposer);
    void unlink(GlobalEntry& entry, Interposer& interposer);
    static Reference adapted_at(uint32_t index) { return index == 0 ? nullptr : at(index); }
    static bool may_leave(const GlobalEntry& entry, const HandOver& how);
    static const KindRecord* interface_of(const GlobalEntry& entry);
    static void add_adapted(GlobalEntry& to, uint32_t from);
    static void remove_adapted(GlobalEntry& to, uint32_t from);
    Reference occupy(uint32_t index, Root* root, const kernel::IrqGuard& off);
    Result<Root*> retire_locked(GlobalEntry& entry, uint32_t index);
    Object* target_on_this_cpu(Reference reference, const Interposer* interposer, bool fill);
    Object* behind(GlobalEntry& entry, const Interposer* interposer, unsigned cpu);

    // Serialises growth. Outermost: backing allocates pages while it is held.
    kernel::Mutex m_growth;
    // Guards the free list.
    kernel::SpinLock m_lock;
    uint32_t m_free = 0;
    uint32_t m_high_water = 1;
    uint32_t m_backed_global = 0;
    uint32_t m_backed_local[abi::MAX_CPUS] = {};
};

// Afterwards no call loads an old value. A call that loaded one before is over when its thread's generation is.
inline void TranslationTable::flush(GlobalEntry& entry, uint32_t index)
{
    for (unsigned left = entry.touched; left != 0; left &= left - 1)
        make_missing(*local_on(static_cast<unsigned>(__builtin_ctz(left)), index), *at(index));
    entry.touched = 0;
}

// Word 1 holds the stubs from the start and for good. Release: a call that finds this finds nothing of what was here
// before; what it leads to, the global entry, is read under its lock.
inline void TranslationTable::make_missing(LocalEntry& local, LocalEntry& as_seen_by_its_cpu)
{
    __atomic_store_n(&local.object, reinterpret_cast<Object*>(&as_seen_by_its_cpu.stubs), __ATOMIC_RELEASE);
}

inline constinit TranslationTable the_table;
inline TranslationTable& table() { return the_table; }

// A representative that answers every method with one status and does nothing.
Object* refusal(Code code);

}
