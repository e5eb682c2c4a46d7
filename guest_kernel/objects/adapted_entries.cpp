// The table's side of adapted references: one entry leads to another. Each change is made with both entries locked, the one
// with the lower index first; no other code holds two.

#include "objects/adapted_reference.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// Both at once, or one where they are the same.
class EntryPairGuard {
public:
    EntryPairGuard(GlobalEntry& left, GlobalEntry& right)
        : m_first((&left < &right ? left : right).lock), m_second(&left == &right ? nullptr : &(&left < &right ? right : left).lock)
    {
        if (m_second != nullptr)
            m_second->lock();
    }
    ~EntryPairGuard()
    {
        if (m_second != nullptr)
            m_second->unlock();
    }
    EntryPairGuard(const EntryPairGuard&) = delete;
    EntryPairGuard& operator=(const EntryPairGuard&) = delete;

private:
    kernel::SpinGuard m_first;
    kernel::SpinLock* m_second;
};

}

// Release: read without the lock by who has just retired the object.
void TranslationTable::add_adapted(GlobalEntry& to, uint32_t from)
{
    global(from).adapted_next = to.adapted;
    __atomic_store_n(&to.adapted, from, __ATOMIC_RELEASE);
}

void TranslationTable::remove_adapted(GlobalEntry& to, uint32_t from)
{
    uint32_t* link = &to.adapted;
    while (*link != 0 && *link != from)
        link = &global(*link).adapted_next;
    if (*link == from)
        __atomic_store_n(link, global(from).adapted_next, __ATOMIC_RELEASE);
    global(from).adapted_next = 0;
}

bool TranslationTable::may_leave(const GlobalEntry& entry, const HandOver& how)
{
    if (how.mediator != nullptr || how.claimed)
        return true;
    return entry.root == &how.root && innermost_rank(entry) != Rank::Mediator && mark_of(entry) == Mark::None;
}

Status TranslationTable::hand_over(const HandOver& how)
{
    const Reference from = how.adaptor.reference();
    auto& old_entry = entry(from);
    auto& new_entry = entry(how.to);
    const EntryPairGuard both(old_entry, new_entry);
    if (!may_leave(old_entry, how))
        return Code::BUSY;
    if (how.mediator != nullptr)
        unlink(old_entry, *how.mediator);
    // Nobody can have called the reserved one but by guessing it.
    if (how.in_the_way != nullptr)
        unlink(new_entry, *how.in_the_way);
    else
        flush(new_entry, index(how.to));
    if (new_entry.canonical == from)
        remove_adapted(old_entry, index(how.to));
    how.root.set_reference(how.to);
    new_entry.used = how.mediator == nullptr && !how.claimed && old_entry.used;
    new_entry.mark_round = old_entry.mark_round;
    set(new_entry, how.then);
    new_entry.canonical = how.to;
    __atomic_store_n(&new_entry.root, &how.root, __ATOMIC_RELEASE);
    link(old_entry, how.adaptor);
    add_adapted(new_entry, index(from));
    // Release, and the root last: who finds no root finds where it went.
    __atomic_store_n(&old_entry.canonical, how.to, __ATOMIC_RELEASE);
    __atomic_store_n(&old_entry.root, nullptr, __ATOMIC_RELEASE);
    set(old_entry, Mark::None);
    return {};
}

// What callers of the reference speak: that of its object, or what an adaptor offers on top of another one.
const KindRecord* TranslationTable::interface_of(const GlobalEntry& entry)
{
    if (entry.root != nullptr)
        return entry.root->descriptor().interface;
    for (auto* interposer = entry.chain; interposer != nullptr; interposer = interposer->m_next) {
        if (const auto* record = interposer->adapted())
            return record->dead ? nullptr : record->group->offers;
    }
    return nullptr;
}

Status TranslationTable::lead(Interposer& adaptor, Reference to, const KindRecord& speaks)
{
    const Reference from = adaptor.reference();
    auto& old_entry = entry(from);
    auto& new_entry = entry(to);
    const EntryPairGuard both(old_entry, new_entry);
    if (new_entry.state != EntryState::Live)
        return Code::GONE;
    if (interface_of(new_entry) != &speaks)
        return Code::BUSY;
    link(old_entry, adaptor);
    add_adapted(new_entry, index(from));
    __atomic_store_n(&old_entry.canonical, to, __ATOMIC_RELEASE);
    return {};
}

// Where it leads does not change meanwhile: its adaptor stays, or nobody else knows it. Afterwards it leads nowhere, for
// what comes to live there next has nothing to do with it.
void TranslationTable::retire_empty(Reference reference)
{
    auto& global = entry(reference);
    const Reference to = __atomic_load_n(&global.canonical, __ATOMIC_ACQUIRE);
    const EntryPairGuard both(global, entry(to));
    if (to != reference)
        remove_adapted(entry(to), index(reference));
    while (global.chain != nullptr && global.root == nullptr)
        unlink(global, *global.chain);
    flush(global, index(reference));
    __atomic_store_n(&global.canonical, reference, __ATOMIC_RELEASE);
    global.state = EntryState::Dying;
}

unsigned TranslationTable::leading_to(Reference to, Reference (&found)[max_leading])
{
    auto& global = entry(to);
    kernel::SpinGuard guard(global.lock);
    unsigned count = 0;
    for (uint32_t from = global.adapted; from != 0 && count < max_leading; from = TranslationTable::global(from).adapted_next)
        found[count++] = at(from);
    return count;
}

AdaptedReference* TranslationTable::adapted(Reference reference)
{
    auto& global = entry(reference);
    kernel::SpinGuard guard(global.lock);
    for (auto* interposer = global.chain; interposer != nullptr; interposer = interposer->m_next) {
        if (auto* found = interposer->adapted())
            return found;
    }
    return nullptr;
}

}
