// The keeper: what becomes of adaptors in the course of time.

#include "kernel/clock.h"
#include "kernel/generation.h"
#include "kernel/thread.h"
#include "objects/adapted_state.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/names.h"

namespace objects {

namespace {

using Work = AdaptedReference::Work;

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
    while (first_group() != nullptr && pass(again)) {
    }
    return again;
}

AdaptorGroup* Adaptors::first_group()
{
    kernel::MutexGuard guard(m_lock);
    return m_groups.first();
}

AdaptedReference* Adaptors::first_record()
{
    kernel::MutexGuard guard(m_lock);
    return m_records.first();
}

// One step of every reference that has one before it, with one generation for all of them. Whether any came further. The
// next element of a list that others only put to its front is read without the lock.
bool Adaptors::pass(bool& again)
{
    const bool groups_go = count_callers();
    m_may_bury = notice_all();
    bool begun = groups_go;
    for (auto* record = first_record(); record != nullptr; record = Records::next(*record)) {
        record->work = begin(*record);
        begun |= record->work != Work::None;
    }
    if (!begun)
        return false;
    // Whoever loaded a face, or is in a handler, before it was taken out of the way was counted before this.
    kernel::generations().wait_for_all_cpus();
    bool further = false;
    again = false;
    for (auto* record = first_record(); record != nullptr;) {
        auto* next = Records::next(*record);
        end(*record, further, again);
        record = next;
    }
    if (groups_go)
        free_groups();
    return further;
}

// Whether a group is to be freed: a plan that is closed, or one for callers of an interface that nothing leads back to.
bool Adaptors::count_callers()
{
    bool any_goes = false;
    for (auto* group = first_group(); group != nullptr; group = Groups::next(*group)) {
        const uint64_t calling = group->callers.instances();
        kernel::MutexGuard guard(m_lock);
        group->calling = calling;
        group->counted = true;
        const bool needed = calling != 0 || group->adapted != 0 || !group->callers.known || group->callers.permanent;
        if (!group->forward && !needed && group->of->transition == nullptr)
            close(*group);
        any_goes |= !group->open && group->adapted == 0;
    }
    return any_goes;
}

// Who found one of them while it was open was counted before the generation that has passed.
void Adaptors::free_groups()
{
    for (auto* group = first_group(); group != nullptr;) {
        auto* next = Groups::next(*group);
        {
            kernel::MutexGuard guard(m_lock);
            if (group->open || group->adapted != 0 || !group->counted) {
                group = next;
                continue;
            }
            m_groups.remove(*group);
        }
        {
            CountedScope calls_the_page_allocator;
            kernel::destroy(group);
        }
        group = next;
        if (m_listener != nullptr)
            m_listener->adaptor_freed();
    }
}

bool Adaptors::nobody_calls(const AdaptedReference& record) const
{
    const auto& group = *record.group;
    return group.callers.known && !group.callers.permanent && group.counted && group.calling == 0 && pins(record.old) == 0
        && table().first_adapted(record.old) == nullptr;
}

// Where the adaptor is to send its callers: past the one that stands there, if any.
Reference Adaptors::right_target(const AdaptedReference& record)
{
    const AdaptedReference* second = adapted(record.adaptor->next());
    return second == nullptr ? record.adaptor->next() : second->adaptor->target();
}

// Whether each adaptor that is in place sends its callers where it should. A face that does not may lead straight to a
// reference that has got an adaptor since, whom nobody is seen to call: if it were buried, a caller on that way would be
// refused. The face is changed first, and a generation later nobody is on it.
bool Adaptors::notice_all()
{
    bool all_right = true;
    for (auto* record = first_record(); record != nullptr; record = Records::next(*record)) {
        kernel::MutexGuard guard(m_lock);
        const bool in_place = state_of(*record) == AdaptedState::InPlace;
        record->noticed = in_place && !record->held;
        all_right = all_right && (!in_place || record->adaptor->target() == right_target(*record));
    }
    return all_right;
}

Work Adaptors::wanted(AdaptedReference& record)
{
    if (record.held)
        return Work::None;
    record.state = state_of(record);
    if (record.state == AdaptedState::Going)
        return Work::Removal;
    if (record.state == AdaptedState::Dead)
        return Work::Watch;
    if (m_may_bury && record.noticed && nobody_calls(record))
        return Work::Burial;
    return record.adaptor->target() == right_target(record) ? Work::None : Work::Face;
}

Work Adaptors::begin(AdaptedReference& record)
{
    Work work = Work::None;
    {
        kernel::MutexGuard guard(m_lock);
        work = wanted(record);
        if (work == Work::Watch)
            record.seen = record.dead->calls();
        if (work == Work::Removal && !record.committed && record.reserved != nullptr)
            table().retire_empty(record.reserved);
    }
    if (work == Work::Burial && !begin_burial(record))
        return Work::None;
    if (work == Work::Face && !begin_collapse(record))
        return Work::None;
    return work;
}

// A dead reference takes the adaptor's place when no caller is known any more. No memory: it stays as it is.
bool Adaptors::begin_burial(AdaptedReference& record)
{
    kernel::Owned<DeadReference> dead;
    {
        CountedScope calls_the_page_allocator;
        dead = kernel::Owned<DeadReference>(kernel::make<DeadReference>(kernel::Tag::Interposer, record.old, record));
    }
    {
        kernel::MutexGuard guard(m_lock);
        const bool still = dead && !record.held && record.state == AdaptedState::InPlace && nobody_calls(record);
        if (still && table().exchange(*record.adaptor, *dead).ok()) {
            record.dead = static_cast<kernel::Owned<DeadReference>&&>(dead);
            record.state = AdaptedState::Dead;
            ++record.group->dead;
        }
    }
    if (!record.dead) {
        CountedScope calls_the_page_allocator;
        dead = {};
        return false;
    }
    move_name(record.old, table().canonical(record.old));
    tell(record, "dead");
    return true;
}

void Adaptors::end(AdaptedReference& record, bool& further, bool& again)
{
    const Work work = record.work;
    record.work = Work::None;
    if (work == Work::Removal) {
        remove(record);
        further = true;
        return;
    }
    if (work == Work::Watch && !end_watch(record)) {
        again = true;
        return;
    }
    if (work == Work::Face)
        forget_earlier_face(record);
    if (work == Work::Burial)
        free_adaptor(record);
    further |= work != Work::None;
}

// A generation after its burial.
void Adaptors::free_adaptor(AdaptedReference& record)
{
    kernel::Owned<Adaptor> adaptor;
    {
        kernel::MutexGuard guard(m_lock);
        adaptor = static_cast<kernel::Owned<Adaptor>&&>(record.adaptor);
    }
    CountedScope calls_the_page_allocator;
    adaptor = {};
}

// The reference goes when it was not called for a whole generation. False: it was.
bool Adaptors::end_watch(AdaptedReference& record)
{
    const uint64_t calls = record.dead->calls();
    const bool still_called = calls != record.seen;
    if (m_listener != nullptr && calls != record.told)
        m_listener->dead_reference_called(record.old, calls, record.dead->last_caller());
    record.told = calls;
    {
        kernel::MutexGuard guard(m_lock);
        if (record.state == AdaptedState::Going)
            return true;
        if (still_called || pins(record.old) > 0)
            return false;
        table().retire_empty(record.old);
        record.state = AdaptedState::Going;
    }
    tell(record, "reclaimed");
    return true;
}

// Its entry, or the one that it never came to use, may serve another object.
void Adaptors::remove(AdaptedReference& record)
{
    auto& group = *record.group;
    if (!record.committed && record.reserved != nullptr)
        table().release(record.reserved);
    if (record.committed && record.reclaims_entry)
        table().release(record.old);
    {
        kernel::MutexGuard guard(m_lock);
        m_records.remove(record);
        group.dead -= record.dead.get() != nullptr;
        --group.adapted;
        if (!group.of_a_class())
            m_groups.remove(group);
    }
    {
        CountedScope calls_the_page_allocator;
        leave(record.composition);
        kernel::destroy(&record);
        if (!group.of_a_class())
            kernel::destroy(&group);
    }
    if (m_listener != nullptr)
        m_listener->adaptor_freed();
}

}
