// The keeper: what becomes of adaptors in the course of time.

#include "kernel/clock.h"
#include "kernel/generation.h"
#include "kernel/thread.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/names.h"

namespace objects {

namespace {

// How long a dead reference that is still called is left alone.
constexpr uint64_t patience_ns = 10 * kernel::millisecond;

}

void Adaptors::keeper_entry(uint64_t argument)
{
    reinterpret_cast<Adaptors*>(argument)->keep();
}

void Adaptors::keep()
{
    uint64_t deadline = kernel::no_deadline;
    for (;;) {
        m_work.wait_until(deadline).ignore();
        m_work.clear();
        {
            kernel::SpinGuard guard(m_passes_lock);
            ++m_passes_begun;
        }
        deadline = look() ? kernel::now_ns() + patience_ns : kernel::no_deadline;
        kernel::SpinGuard guard(m_passes_lock);
        m_passes_done = m_passes_begun;
        m_passed.wake_all();
    }
}

void Adaptors::settle()
{
    kernel::SpinGuard guard(m_passes_lock);
    const uint64_t goal = m_passes_begun + 1;
    m_work.signal();
    while (m_passes_done < goal)
        m_passed.wait(guard);
}

// True when something is left that only time can show.
bool Adaptors::look()
{
    bool again = false;
    AdaptedReference* record = take(nullptr);
    while (record != nullptr) {
        again = look_at(*record) || again;
        const bool going = record->state == AdaptedState::Going;
        if (going)
            let_go(*record);
        // Not before: what is held is BUSY for others.
        AdaptedReference* next = take(record);
        if (going)
            forget(*record);
        else
            give_back(*record);
        record = next;
    }
    return again;
}

// The first record after `after` that nobody is busy with; it is held now.
AdaptedReference* Adaptors::take(AdaptedReference* after)
{
    kernel::MutexGuard guard(m_lock);
    auto* record = after == nullptr ? m_first : after->following;
    while (record != nullptr && record->held)
        record = record->following;
    if (record != nullptr) {
        record->held = true;
        record->state = record->committed && record->state == AdaptedState::Preparing ? AdaptedState::InPlace : record->state;
    }
    return record;
}

void Adaptors::give_back(AdaptedReference& record)
{
    kernel::MutexGuard guard(m_lock);
    record.held = false;
}

bool Adaptors::look_at(AdaptedReference& record)
{
    if (record.state == AdaptedState::InPlace) {
        collapse(record);
        if (!bury(record))
            return false;
    }
    return record.state == AdaptedState::Dead && !reclaim(record);
}

// No memory: the calls take the longer way.
void Adaptors::collapse(AdaptedReference& record)
{
    auto& adaptor = *record.adaptor;
    AdaptedReference* second = nullptr;
    {
        kernel::MutexGuard guard(m_lock);
        second = adapted(adaptor.next());
        if (second != nullptr && second->held)
            return;
        if (second != nullptr)
            second->held = true;
    }
    if (second == nullptr) {
        if (adaptor.target() != adaptor.next() && adaptor.expand().ok())
            tell(record, "expanded");
        return;
    }
    if (second->adaptor->target() != adaptor.target() && adaptor.collapse(*second->adaptor).ok())
        tell(record, "collapsed");
    give_back(*second);
}

// A dead reference takes the adaptor's place when no caller is known any more. False: it stays as it is.
bool Adaptors::bury(AdaptedReference& record)
{
    {
        CountedScope keeps_roots;
        kernel::MutexGuard guard(m_lock);
        if (record.plan->callers == nullptr || callers_left(record) > 0)
            return false;
    }
    kernel::Owned<DeadReference> dead;
    {
        CountedScope calls_the_page_allocator;
        dead = kernel::Owned<DeadReference>(kernel::make<DeadReference>(kernel::Tag::Interposer, record.old));
    }
    if (!dead || !table().exchange(*record.adaptor, *dead).ok())
        return false;
    move_name(record.old, table().canonical(record.old));
    {
        kernel::MutexGuard guard(m_lock);
        record.dead = static_cast<kernel::Owned<DeadReference>&&>(dead);
        if (record.state == AdaptedState::InPlace)
            record.state = AdaptedState::Dead;
    }
    tell(record, "dead");
    // Who loaded the adaptor's face, or is in a handler of it, was counted before this.
    kernel::generations().wait_for_all_cpus();
    CountedScope calls_the_page_allocator;
    kernel::MutexGuard guard(m_lock);
    record.adaptor = {};
    return true;
}

// The reference goes when it was not called for a whole generation. False: it was.
bool Adaptors::reclaim(AdaptedReference& record)
{
    const uint64_t before = record.dead->calls();
    kernel::generations().wait_for_all_cpus();
    tell_of_calls(record);
    {
        kernel::MutexGuard guard(m_lock);
        if (record.dead->calls() != before || pins(record.old) > 0)
            return false;
        table().retire_empty(record.old);
        record.state = AdaptedState::Going;
    }
    tell(record, "reclaimed");
    return true;
}

void Adaptors::tell_of_calls(AdaptedReference& record)
{
    const uint64_t calls = record.dead->calls();
    if (m_listener != nullptr && calls != record.told)
        m_listener->dead_reference_called(record.old, calls, record.dead->last_caller());
    record.told = calls;
}

// Its entry, or the one that it never came to use, may serve another object.
void Adaptors::let_go(AdaptedReference& record)
{
    const bool committed = record.committed;
    const Reference reserved = record.gate.reference();
    if (!committed && reserved != nullptr)
        table().retire_empty(reserved);
    // Who loaded one of the faces was counted before this.
    kernel::generations().wait_for_all_cpus();
    if (!committed && reserved != nullptr)
        table().release(reserved);
    if (committed && record.reclaims_entry)
        table().release(record.old);
}

void Adaptors::forget(AdaptedReference& record)
{
    {
        kernel::MutexGuard guard(m_lock);
        auto** link = &m_first;
        while (*link != &record)
            link = &(*link)->following;
        *link = record.following;
    }
    {
        CountedScope calls_the_page_allocator;
        kernel::destroy(&record);
    }
    if (m_listener != nullptr)
        m_listener->adaptor_freed();
}

}
