#include "objects/adaptors.h"

#include "kernel/guarded.h"
#include "kernel/thread.h"
#include "objects/callers.h"
#include "objects/instance_set.h"
#include "objects/priorities.h"
#include "objects/update_record.h"

namespace objects {

namespace {

AdaptorMap identity;
constinit AdaptorPlan null_plan{&identity, make_adaptor<Adaptor>, nullptr, 0};
constexpr CallerClass nobody[1] = {};
// Who got the new reference meanwhile may still be calling it, but nobody is known to keep it.
constinit AdaptorPlan passing_plan{&identity, make_adaptor<Adaptor>, nobody, 0};

AdaptedState state_of(const AdaptedReference& record)
{
    const bool committed = __atomic_load_n(&record.committed, __ATOMIC_ACQUIRE);
    return record.state == AdaptedState::Preparing && committed ? AdaptedState::InPlace : record.state;
}

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

namespace {

// Its class may be a module's.
Result<Adaptor*> make_adaptor_of(const AdaptorPlan& plan, AdaptedReference& record)
{
    const kernel::GuardedFrame calls_the_class;
    const kernel::IfAbandoned freed(
        [](uint64_t what) { kernel::destroy(reinterpret_cast<AdaptedReference*>(what)); }, reinterpret_cast<uint64_t>(&record));
    return plan.make(record.old, *plan.map);
}

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
    kernel::Owned<AdaptedReference> record(kernel::make<AdaptedReference>(kernel::Tag::Interposer));
    if (!record)
        return Code::NO_MEMORY;
    record->old = old;
    record->plan = &plan;
    record->held = true;
    record->adaptor = kernel::Owned<Adaptor>(TRY(make_adaptor_of(plan, *record)));
    if (back_to != nullptr) {
        TRY(record->adaptor->lead_to(back_to));
        record->back_to = hold_adapted(back_to);
        if (record->back_to == nullptr)
            return Code::BUSY;
    } else {
        const Reference reserved = TRY(table().reserve(record->gate));
        if (const Status made = record->adaptor->lead_to(reserved); !made.ok()) {
            table().retire_empty(reserved);
            table().release(reserved);
            return made;
        }
    }
    kernel::MutexGuard guard(m_lock);
    record->following = m_first;
    m_first = record.get();
    return record.release();
}

Status Adaptors::commit(AdaptedReference& record, Interposer* mediator, Root& root)
{
    // Before the object can be found, and destroyed, by its new reference: see target_gone. Release pairs with state_of.
    __atomic_store_n(&record.committed, true, __ATOMIC_RELEASE);
    Interposer& in_the_way = record.back_to == nullptr ? static_cast<Interposer&>(record.gate) : *record.back_to->adaptor;
    const Reference now = record.adaptor->next();
    // In both sets for a moment, never in none.
    auto* old_set = set_of(table().root(record.old)->descriptor());
    auto* new_set = set_of(root.descriptor());
    if (new_set != nullptr)
        new_set->add(now, root.descriptor()).ignore();
    const Status done = table().hand_over(mediator, *record.adaptor, in_the_way, root);
    if (done.ok() && old_set != nullptr)
        old_set->remove(record.old);
    if (!done.ok() && new_set != nullptr)
        new_set->remove(now);
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
        if (record == nullptr || record->plan != &null_plan)
            return Code::NOT_FOUND;
    }
    return move_object(table().canonical(reference), passing_plan, reference);
}

void Adaptors::target_gone(Reference target)
{
    if (__atomic_load_n(&m_first, __ATOMIC_ACQUIRE) == nullptr)
        return;
    {
        kernel::MutexGuard guard(m_lock);
        for (auto* record = m_first; record != nullptr; record = record->following) {
            if (state_of(*record) != AdaptedState::InPlace || table().canonical(record->old) != target)
                continue;
            table().retire_empty(record->old);
            record->state = AdaptedState::Going;
        }
    }
    look_again();
}

void Adaptors::look_again()
{
    // Relaxed: who puts a record there signals afterwards.
    if (__atomic_load_n(&m_first, __ATOMIC_RELAXED) != nullptr)
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
    for (const auto* record = m_first; record != nullptr; record = record->following) {
        if (state_of(*record) == AdaptedState::InPlace || record->state == AdaptedState::Dead)
            visit(status(*record), context);
    }
}

bool Adaptors::use(uint64_t first, uint64_t end)
{
    const auto inside = [first, end](const void* address) {
        return reinterpret_cast<uint64_t>(address) >= first && reinterpret_cast<uint64_t>(address) < end;
    };
    kernel::MutexGuard guard(m_lock);
    for (const auto* record = m_first; record != nullptr; record = record->following) {
        if (inside(record->plan) || inside(record->plan->map))
            return true;
    }
    return false;
}

AdaptedReference* Adaptors::adapted(Reference old)
{
    for (auto* record = m_first; record != nullptr; record = record->following) {
        if (record->old == old && state_of(*record) == AdaptedState::InPlace)
            return record;
    }
    return nullptr;
}

AdaptedReference* Adaptors::hold_adapted(Reference old)
{
    kernel::MutexGuard guard(m_lock);
    AdaptedReference* record = adapted(old);
    if (record == nullptr || record->held)
        return nullptr;
    record->held = true;
    return record;
}

// Instances of caller classes, adaptors that lead to this reference, and pins. A class whose update may still be taken back
// calls as before then.
uint64_t Adaptors::callers_left(const AdaptedReference& record)
{
    uint64_t callers = pins(record.old);
    for (const auto* other = m_first; other != nullptr; other = other->following) {
        if (state_of(*other) == AdaptedState::InPlace)
            callers += other->adaptor->calls_through(record.old);
    }
    for (unsigned i = 0; i < record.plan->caller_count; ++i)
        callers += instances_calling(record.plan->callers[i]) + updates().undecided_about(record.plan->callers[i].name);
    return callers;
}

AdaptedStatus Adaptors::status(const AdaptedReference& record)
{
    AdaptedStatus status{};
    status.old = record.old;
    status.target = table().canonical(record.old);
    status.state = state_of(record);
    status.calls = record.dead ? record.dead->calls() : record.adaptor->calls();
    status.known = record.plan->callers != nullptr;
    status.callers_left = record.dead ? 0 : callers_left(record);
    status.permanent = pins(record.old) > 0;
    return status;
}

void Adaptors::tell(const AdaptedReference& record, const char* what)
{
    if (m_listener == nullptr)
        return;
    AdaptedStatus now;
    {
        kernel::MutexGuard guard(m_lock);
        now = status(record);
    }
    m_listener->adaptor_changed(now, what);
}

}
