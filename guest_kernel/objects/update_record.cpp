#include "objects/update_record.h"

#include "kernel/clock.h"
#include "kernel/heap.h"
#include "kernel/panic.h"
#include "kernel/text.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"

namespace objects {

NamedReference NamedReference::of(Reference reference)
{
    return {reference, table().name(reference).sequence};
}

Reference NamedReference::find() const
{
    return reference == nullptr ? nullptr : table().find({table().index(reference), sequence});
}

bool Update::decide(int64_t verdict)
{
    int64_t expected = undecided;
    return __atomic_compare_exchange_n(&m_verdict, &expected, verdict, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

Status Update::verdict() const
{
    const int64_t verdict = __atomic_load_n(&m_verdict, __ATOMIC_ACQUIRE);
    return verdict == undecided ? Status() : Status::from_raw(verdict);
}

// Those of a class whose factory makes what this update brought: a newer one counts for itself.
UpdateCounts Update::counts() const
{
    // A set may go with its class' factory.
    CountedScope keeps_the_sets;
    UpdateCounts sum;
    for (unsigned i = 0; i < change_count; ++i) {
        const auto& change = changes[i];
        if (change.kind != ChangeKind::Instances || change.epoch == 0 || change.epoch != change.record->epoch)
            continue;
        auto* set = change.record->instance_set();
        if (set == nullptr)
            continue;
        sum.marked += set->count(InstanceList::Marked);
        sum.left += set->count(InstanceList::Old) + set->count(InstanceList::Promoted);
        sum.failed += set->count(InstanceList::Failed);
        sum.converted += change.record->lazy.counts().converted - change.converted_before;
    }
    sum.unconverted = sum.marked + sum.left;
    return sum;
}

Updates& updates()
{
    static constinit Updates the_updates;
    return the_updates;
}

Result<Update*> Updates::add(const char* name, uint64_t module, const UpdateTerms& terms)
{
    auto* update = kernel::make<Update>(kernel::Tag::Module);
    if (update == nullptr)
        return Code::NO_MEMORY;
    kernel::MutexGuard guard(m_lock);
    update->id = m_next_id++;
    kernel::copy_text(update->name, update_name_size, name);
    kernel::copy_text(update->irreversible, update_text_size, terms.irreversible);
    update->mode = terms.mode;
    update->module = module;
    update->began_ns = kernel::now_ns();
    update->next = m_first;
    m_first = update;
    if (m_listener != nullptr)
        m_listener->update_changed(*update);
    return update;
}

Status Updates::begin(Update& update)
{
    uint64_t none = 0;
    if (!__atomic_compare_exchange_n(&m_applying, &none, update.id, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return Code::BUSY;
    change(update, UpdateState::Applying);
    return {};
}

void Updates::settle(Update& update, UpdateState state)
{
    change(update, state);
    uint64_t own = update.id;
    __atomic_compare_exchange_n(&m_applying, &own, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

void Updates::enter(Update& update, UpdateState state)
{
    kernel::check(allowed(update.state, state), "an update changed to a state that does not follow its own");
    update.state = state;
    if (m_listener != nullptr)
        m_listener->update_changed(update);
}

void Updates::change(Update& update, UpdateState state)
{
    kernel::MutexGuard guard(m_lock);
    enter(update, state);
}

bool Updates::advance(Update& update, UpdateState from, UpdateState to)
{
    kernel::MutexGuard guard(m_lock);
    if (update.state != from)
        return false;
    enter(update, to);
    return true;
}

void Updates::note_failure(Update& update, Code reason, const char* text)
{
    kernel::MutexGuard guard(m_lock);
    if (update.reason != Code::OK)
        return;
    update.reason = reason;
    kernel::copy_text(update.text, update_text_size, text);
}

void Updates::forget_failure(Update& update)
{
    kernel::MutexGuard guard(m_lock);
    update.reason = Code::OK;
    update.text[0] = '\0';
}

void Updates::tell_progress(const Update& update)
{
    kernel::MutexGuard guard(m_lock);
    if (m_listener != nullptr)
        m_listener->update_changed(update);
}

void Updates::tell_stalled(const Update& update, const char* step, uint64_t since_ns)
{
    if (m_listener != nullptr)
        m_listener->update_stalled(update, step, since_ns);
}

void Updates::tell_withdrawn(Update& update)
{
    if (m_listener != nullptr)
        m_listener->update_withdrawn(update);
}

Update* Updates::find(uint64_t id)
{
    kernel::MutexGuard guard(m_lock);
    auto* update = m_first;
    while (update != nullptr && update->id != id)
        update = update->next;
    return update;
}

Update* Updates::find_by_module(uint64_t module)
{
    kernel::MutexGuard guard(m_lock);
    auto* update = m_first;
    while (update != nullptr && (update->module != module || update->state == UpdateState::Unloaded))
        update = update->next;
    return update;
}

void Updates::for_each(void (*visit)(const Update&, void*), void* context)
{
    kernel::MutexGuard guard(m_lock);
    for (auto* update = m_first; update != nullptr; update = update->next)
        visit(*update, context);
}

namespace {

bool in_service(UpdateState state)
{
    using enum UpdateState;
    return state == Applying || state == Cancelling || state == Active || state == Superseded || state == Reverting
        || state == Stuck;
}

bool same_subject(const ClassChange& left, const ClassChange& right)
{
    if (left.kind == ChangeKind::OneObject)
        return right.kind == left.kind && (right.before == left.before || right.before == left.after);
    return right.kind != ChangeKind::OneObject && right.record == left.record;
}

// What `update`, the newer one, does to the same class or object.
const ClassChange* change_of(const Update& update, const ClassChange& subject)
{
    for (unsigned i = 0; i < update.change_count; ++i) {
        if (same_subject(subject, update.changes[i]))
            return &update.changes[i];
    }
    return nullptr;
}

// Whether an instance of its version, or on its way through it, may still be there.
bool something_left(const ClassChange& change)
{
    if (change.kind == ChangeKind::OneObject)
        return false;
    CountedScope keeps_the_set;
    auto* set = change.record->instance_set();
    if (set == nullptr)
        return false;
    return set->count() != set->count(InstanceList::Current);
}

}

const Update* Updates::successor(const Update& update)
{
    kernel::MutexGuard guard(m_lock);
    for (const auto* newer = m_first; newer != nullptr && newer != &update; newer = newer->next) {
        if (!in_service(newer->state))
            continue;
        for (unsigned i = 0; i < update.change_count; ++i) {
            if (change_of(*newer, update.changes[i]) != nullptr)
                return newer;
        }
    }
    return nullptr;
}

Update* Updates::newest_reverted(uint64_t before)
{
    kernel::MutexGuard guard(m_lock);
    auto* update = m_first;
    while (update != nullptr && (update->id >= before || update->state != UpdateState::Reverted))
        update = update->next;
    return update;
}

// The newest are first in the list.
bool Updates::replaced_by_newer(const Update& update, const ClassChange& change) const
{
    for (const auto* newer = m_first; newer != nullptr && newer != &update; newer = newer->next) {
        const bool settled = newer->state == UpdateState::Active || newer->state == UpdateState::Superseded;
        if (settled && change_of(*newer, change) != nullptr)
            return true;
    }
    return false;
}

void Updates::review_superseded()
{
    kernel::MutexGuard guard(m_lock);
    for (auto* update = m_first; update != nullptr; update = update->next) {
        bool replaced = update->change_count != 0;
        bool left = false;
        for (unsigned i = 0; i < update->change_count; ++i) {
            replaced = replaced && replaced_by_newer(*update, update->changes[i]);
            left = left || something_left(update->changes[i]);
        }
        if (update->state == UpdateState::Active && replaced && !left)
            enter(*update, UpdateState::Superseded);
        else if (update->state == UpdateState::Superseded && !replaced)
            enter(*update, UpdateState::Active);
    }
}

bool Updates::undecided_about(const char* class_name)
{
    const uint64_t id = applying();
    const Update* update = id == 0 ? nullptr : find(id);
    const unsigned changes = update == nullptr ? 0 : __atomic_load_n(&update->change_count, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < changes; ++i) {
        if (kernel::equal(update->changes[i].record->name, class_name))
            return true;
    }
    return false;
}

void Updates::note_moved(NamedReference from, NamedReference to)
{
    kernel::MutexGuard guard(m_lock);
    for (auto* update = m_first; update != nullptr; update = update->next) {
        for (unsigned i = 0; i < update->change_count; ++i) {
            auto& change = update->changes[i];
            if (change.kind != ChangeKind::OneObject)
                continue;
            change.before = change.before == from ? to : change.before;
            change.after = change.after == from ? to : change.after;
        }
    }
}

void Updates::forget_classes(uint64_t first, uint64_t end)
{
    const auto inside = [first, end](const ClassDescriptor* descriptor) {
        const auto address = reinterpret_cast<uint64_t>(descriptor);
        return address >= first && address < end;
    };
    kernel::MutexGuard guard(m_lock);
    for (auto* update = m_first; update != nullptr; update = update->next) {
        for (unsigned i = 0; i < update->change_count; ++i) {
            auto& change = update->changes[i];
            if (inside(change.from))
                change.from = nullptr;
            if (inside(change.to))
                change.to = nullptr;
        }
    }
}

}
