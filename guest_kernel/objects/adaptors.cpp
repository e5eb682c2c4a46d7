#include "objects/adaptors.h"

#include "kernel/guarded.h"
#include "kernel/thread.h"
#include "objects/adapted_state.h"
#include "objects/instance_set.h"
#include "objects/priorities.h"

namespace objects {

namespace {

AdaptorMap identity;
constinit AdaptorPlan null_plan{&identity, make_adaptor<Adaptor>, nullptr, 0};
constexpr CallerClass nobody[1] = {};
// Who got the new reference meanwhile may still be calling it, but nobody is known to keep it.
constinit AdaptorPlan passing_plan{&identity, make_adaptor<Adaptor>, nobody, 0};

}

const char* name_of(AdaptedState state)
{
    switch (state) {
    case AdaptedState::Preparing: return "preparing";
    case AdaptedState::InPlace: return "adaptor";
    case AdaptedState::Dead: return "dead reference";
    case AdaptedState::Going: return "going";
    }
    return "unknown";
}

Adaptors& adaptors()
{
    static constinit Adaptors the_adaptors;
    return the_adaptors;
}

Status Adaptors::start()
{
    identity.make_identity(max_methods);
    const kernel::ThreadOptions options{"adaptors", reaper_priority, kernel::any_cpu, false};
    TRY(kernel::Thread::create(options, keeper_entry, reinterpret_cast<uint64_t>(this)));
    return {};
}

Result<AdaptedReference*> Adaptors::prepare(Reference old, const AdaptorPlan& plan, Reference back_to)
{
    AdaptedReference* held = nullptr;
    if (back_to != nullptr) {
        kernel::MutexGuard guard(m_lock);
        held = hold(adapted(back_to));
        if (held == nullptr)
            return Code::BUSY;
    }
    const auto prepared = prepare_alone(plan, old, held);
    if (prepared.ok())
        return prepared;
    if (held != nullptr) {
        kernel::MutexGuard guard(m_lock);
        held->held = false;
    }
    return prepared.status();
}

// With a group of its own, which goes when the module's code is abandoned.
Result<AdaptedReference*> Adaptors::prepare_alone(const AdaptorPlan& plan, Reference old, AdaptedReference* back_to)
{
    AdaptorGroup* group = TRY(make_group(plan, false));
    const kernel::IfAbandoned freed(
        [](uint64_t what) { kernel::destroy(reinterpret_cast<AdaptorGroup*>(what)); }, reinterpret_cast<uint64_t>(group));
    const auto prepared = prepare_in(*group, old, back_to);
    if (!prepared.ok())
        kernel::destroy(group);
    return prepared;
}

Result<AdaptedReference*> Adaptors::prepare(Reference old, AdaptorGroup& group)
{
    AdaptedReference* held = nullptr;
    {
        kernel::MutexGuard guard(m_lock);
        held = hold(offering(old, *group.leads_to));
    }
    const auto prepared = prepare_in(group, old, held);
    if (!prepared.ok() && held != nullptr) {
        kernel::MutexGuard guard(m_lock);
        held->held = false;
    }
    return prepared;
}

// The module's code runs first, while there is nothing yet that would be lost with it.
Result<AdaptedReference*> Adaptors::make_record(AdaptorGroup& group, Reference old)
{
    kernel::Owned<Adaptor> adaptor;
    {
        const kernel::GuardedFrame calls_the_module;
        adaptor = kernel::Owned<Adaptor>(TRY(group.plan->make(old, *group.plan->map)));
    }
    auto* record = kernel::make<AdaptedReference>(kernel::Tag::Interposer);
    if (record == nullptr)
        return Code::NO_MEMORY;
    record->old = old;
    record->group = &group;
    record->held = true;
    record->adaptor = static_cast<kernel::Owned<Adaptor>&&>(adaptor);
    return record;
}

void Adaptors::add(AdaptedReference& record)
{
    kernel::MutexGuard guard(m_lock);
    if (!Groups::contains(*record.group)) {
        record.group->old = record.old;
        m_groups.append(*record.group);
    }
    m_records.prepend(record);
    ++record.group->adapted;
}

Result<AdaptedReference*> Adaptors::prepare_in(AdaptorGroup& group, Reference old, AdaptedReference* back_to)
{
    kernel::Owned<AdaptedReference> record(TRY(make_record(group, old)));
    record->back_to = back_to;
    if (back_to == nullptr)
        record->reserved = TRY(table().reserve());
    record->adaptor->lead_to(*record, back_to == nullptr ? record->reserved : back_to->old, group.calls);
    add(*record);
    return record.release();
}

Result<AdaptedReference*> Adaptors::prepare_in_front(AdaptorGroup& group, Reference own, Reference to)
{
    AdaptedReference* record = TRY(make_record(group, own));
    record->reserved = own;
    record->adaptor->lead_to(*record, to, group.calls);
    add(*record);
    return record;
}

// Nobody has any business with the new reference before the object comes there: what came meanwhile was refused.
Status Adaptors::put_gate(AdaptedReference& record, Mediator& mediator)
{
    if (record.reserved == nullptr)
        return {};
    record.gate = kernel::Owned<AdaptorGate>(kernel::make<AdaptorGate>(kernel::Tag::Interposer, record.reserved));
    if (!record.gate)
        return Code::NO_MEMORY;
    record.gate->belong_to(mediator);
    return table().interpose(*record.gate).status();
}

HandOver Adaptors::hand_over_of(AdaptedReference& record, Root& root)
{
    Interposer* in_the_way = record.gate.get();
    if (record.back_to != nullptr)
        in_the_way = record.back_to->adaptor.get();
    return {*record.adaptor, record.adaptor->next(), in_the_way, root};
}

Status Adaptors::commit(AdaptedReference& record, Interposer* mediator, Root& root)
{
    HandOver how = hand_over_of(record, root);
    how.mediator = mediator;
    return bring(record, how);
}

void Adaptors::commit_claimed(AdaptedReference& record, Root& root, Mark then)
{
    HandOver how = hand_over_of(record, root);
    how.claimed = true;
    how.then = then;
    bring(record, how).ignore();
}

Status Adaptors::bring(AdaptedReference& record, const HandOver& how)
{
    // Before the object can be found, and destroyed, by its new reference: see target_gone. Release pairs with state_of.
    __atomic_store_n(&record.committed, true, __ATOMIC_RELEASE);
    auto* old_set = set_of(table().root(record.old)->descriptor());
    auto* new_set = set_of(how.root.descriptor());
    const auto step = [&how] { return table().hand_over(how); };
    Status done;
    if (old_set != nullptr && old_set == new_set) {
        done = old_set->hand_over(record.old, how.to, how.root.descriptor(), step);
    } else {
        // In both sets for a moment, never in none.
        if (new_set != nullptr)
            new_set->add(how.to, how.root.descriptor()).ignore();
        done = step();
        auto* left = done.ok() ? old_set : new_set;
        if (left != nullptr)
            left->remove(done.ok() ? record.old : how.to);
    }
    if (!done.ok())
        __atomic_store_n(&record.committed, false, __ATOMIC_RELEASE);
    return done;
}

void Adaptors::conclude(AdaptedReference& record)
{
    {
        kernel::MutexGuard guard(m_lock);
        const bool committed = state_of(record) != AdaptedState::Preparing;
        if (record.back_to != nullptr) {
            record.back_to->held = false;
            if (committed) {
                record.back_to->state = AdaptedState::Going;
                record.back_to->reclaims_entry = false;
            }
        }
        record.back_to = nullptr;
        if (!committed)
            record.state = AdaptedState::Going;
        record.held = false;
        if (record.group->of_a_class())
            return;
    }
    look_again();
}

// The object moves while calls of it go on: they stay valid, and both references lead to it.
Status Adaptors::move_object(Reference from, const AdaptorPlan& plan, Reference back_to)
{
    Root* root = table().root(from);
    if (root == nullptr)
        return Code::GONE;
    AdaptedReference* record = TRY(prepare(from, plan, back_to));
    const Status moved = commit(*record, nullptr, *root);
    conclude(*record);
    return moved;
}

Status Adaptors::adapt(Reference reference, const AdaptorPlan& plan)
{
    return move_object(reference, plan, nullptr);
}

Status Adaptors::adapt_null(Reference reference)
{
    return adapt(table().canonical(reference), null_plan);
}

Status Adaptors::unadapt(Reference reference)
{
    {
        kernel::MutexGuard guard(m_lock);
        const AdaptedReference* record = adapted(reference);
        if (record == nullptr || record->group->plan != &null_plan)
            return Code::NOT_FOUND;
    }
    return move_object(table().canonical(reference), passing_plan, reference);
}

void Adaptors::target_gone(Reference target)
{
    if (table().first_adapted(target) == nullptr)
        return;
    {
        kernel::MutexGuard guard(m_lock);
        retire_adapted(target);
    }
    look_again();
}

// As deep as adaptors stand one behind the other: once for each change of the interface.
void Adaptors::retire_adapted(Reference target)
{
    while (const Reference old = table().first_adapted(target)) {
        AdaptedReference* record = table().adapted(old);
        retire_adapted(old);
        table().retire_empty(old);
        record->state = AdaptedState::Going;
    }
}

void Adaptors::look_again()
{
    // Who puts a group there signals afterwards.
    if (any())
        m_work.signal();
}

Status Adaptors::pin(Reference reference, const char* who)
{
    kernel::MutexGuard guard(m_lock);
    for (auto& pin : m_pins) {
        if (pin.reference == nullptr) {
            pin = {reference, who};
            return {};
        }
    }
    return Code::NO_MEMORY;
}

void Adaptors::unpin(Reference reference)
{
    {
        kernel::MutexGuard guard(m_lock);
        for (auto& pin : m_pins) {
            if (pin.reference == reference)
                pin = {};
        }
    }
    look_again();
}

unsigned Adaptors::pins(Reference reference) const
{
    unsigned count = 0;
    for (const auto& pin : m_pins)
        count += pin.reference == reference;
    return count;
}

void Adaptors::for_each(void (*visit)(const AdaptedStatus&, void*), void* context)
{
    kernel::MutexGuard guard(m_lock);
    for (const auto* record = m_records.first(); record != nullptr; record = Records::next(*record)) {
        if (state_of(*record) == AdaptedState::InPlace || record->state == AdaptedState::Dead)
            visit(status(*record), context);
    }
}

AdaptedReference* Adaptors::adapted(Reference old)
{
    AdaptedReference* record = table().adapted(old);
    return record != nullptr && state_of(*record) == AdaptedState::InPlace ? record : nullptr;
}

// One that leads there and speaks that interface to its callers.
AdaptedReference* Adaptors::offering(Reference to, const KindRecord& wanted)
{
    for (Reference old = table().first_adapted(to); old != nullptr; old = table().next_adapted(old)) {
        AdaptedReference* record = adapted(old);
        if (record != nullptr && record->group->offers == &wanted)
            return record;
    }
    return nullptr;
}

AdaptedReference* Adaptors::hold(AdaptedReference* record)
{
    if (record == nullptr || record->held)
        return nullptr;
    record->held = true;
    return record;
}

AdaptedStatus Adaptors::status(const AdaptedReference& record)
{
    AdaptedStatus status{};
    status.old = record.old;
    status.target = table().canonical(record.old);
    status.state = state_of(record);
    status.calls = record.dead ? record.dead->calls() : record.group->calls.sum();
    status.known = record.group->callers.known;
    status.permanent = record.group->callers.permanent || pins(record.old) > 0;
    if (!record.dead)
        status.callers_left = pins(record.old) + record.group->calling + (table().first_adapted(record.old) != nullptr);
    return status;
}

void Adaptors::tell(const AdaptedReference& record, const char* what)
{
    if (m_listener == nullptr || record.group->of_a_class())
        return;
    AdaptedStatus now;
    {
        kernel::MutexGuard guard(m_lock);
        now = status(record);
    }
    m_listener->adaptor_changed(now, what);
}

}
