// Groups of adaptors: what a class' change of interface has in service for those who convert and create instances.

#include "kernel/text.h"
#include "kernel/thread.h"
#include "objects/adapted_state.h"
#include "objects/adaptors.h"
#include "objects/callers.h"
#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "objects/update_record.h"

namespace objects {

namespace {

// Interfaces of one class that may stand one behind the other; an interface may come again.
constexpr unsigned max_steps = 8;

}

Status CallerList::read(const AdaptorPlan& plan)
{
    known = plan.callers != nullptr;
    permanent = plan.permanent != nullptr;
    if (plan.caller_count > max_caller_classes)
        return Code::TOO_LARGE;
    for (unsigned i = 0; i < plan.caller_count; ++i) {
        auto& caller = callers[count++];
        caller.version = plan.callers[i].version;
        caller.from_version_on = plan.callers[i].from_version_on;
        TRY(kernel::length(plan.callers[i].name) < class_name_size ? Status() : Status(Code::TOO_LARGE));
        kernel::copy_text(caller.name, class_name_size, plan.callers[i].name);
    }
    return {};
}

uint64_t CallerList::instances() const
{
    uint64_t found = 0;
    for (unsigned i = 0; i < count; ++i)
        found += instances_of(callers[i].name, callers[i].version, callers[i].from_version_on)
            + updates().undecided_about(callers[i].name);
    return found;
}

Result<AdaptorGroup*> Adaptors::make_group(const AdaptorPlan& plan, bool open)
{
    kernel::Owned<AdaptorGroup> group(kernel::make<AdaptorGroup>(kernel::Tag::Interposer));
    if (!group)
        return Code::NO_MEMORY;
    group->plan = &plan;
    group->open = open;
    TRY(group->callers.read(plan));
    return group.release();
}

Status Adaptors::open(const AdaptorPlan& plan, ClassRecord& of, KindRecord& offers, KindRecord& leads_to, bool forward)
{
    if (find(of, offers, leads_to) != nullptr)
        return Code::EXISTS;
    CountedScope calls_the_page_allocator;
    AdaptorGroup* group = TRY(make_group(plan, true));
    group->of = &of;
    group->offers = &offers;
    group->leads_to = &leads_to;
    group->forward = forward;
    kernel::MutexGuard guard(m_lock);
    m_groups.append(*group);
    // Before the first instance is born that speaks the other interface.
    __atomic_fetch_add(&of.adapted, 1, __ATOMIC_RELEASE);
    __atomic_fetch_add(&offers.adapted, 1, __ATOMIC_RELEASE);
    return {};
}

void Adaptors::close(AdaptorGroup& group)
{
    if (!group.open)
        return;
    group.open = false;
    __atomic_fetch_sub(&group.of->adapted, 1, __ATOMIC_RELEASE);
    __atomic_fetch_sub(&group.offers->adapted, 1, __ATOMIC_RELEASE);
}

void Adaptors::close(const ClassRecord& of, const KindRecord& offers, const KindRecord& leads_to)
{
    {
        kernel::MutexGuard guard(m_lock);
        for (auto* group = m_groups.first(); group != nullptr; group = Groups::next(*group)) {
            if (group->of == &of && group->offers == &offers && group->leads_to == &leads_to)
                close(*group);
        }
    }
    look_again();
}

AdaptorGroup* Adaptors::find(const ClassRecord& of, const KindRecord& offers, const KindRecord& leads_to)
{
    kernel::MutexGuard guard(m_lock);
    for (auto* group = m_groups.first(); group != nullptr; group = Groups::next(*group)) {
        if (group->open && group->of == &of && group->offers == &offers && group->leads_to == &leads_to)
            return group;
    }
    return nullptr;
}

void Adaptors::for_each_group(void (*visit)(AdaptorGroup&, void*), void* context)
{
    kernel::MutexGuard guard(m_lock);
    for (auto* group = m_groups.first(); group != nullptr; group = Groups::next(*group))
        visit(*group, context);
}

bool Adaptors::use(uint64_t first, uint64_t end)
{
    const auto inside = [first, end](const AdaptorPlan* plan) {
        const auto address = reinterpret_cast<uint64_t>(plan);
        return address >= first && address < end;
    };
    kernel::MutexGuard guard(m_lock);
    for (auto* group = m_groups.first(); group != nullptr; group = Groups::next(*group)) {
        const bool asked_for = group->open && (!group->counted || group->calling != 0);
        if (inside(group->plan) && (group->adapted != 0 || asked_for))
            return true;
    }
    return false;
}

void Adaptors::forget(uint64_t first, uint64_t end)
{
    {
        kernel::MutexGuard guard(m_lock);
        for (auto* group = m_groups.first(); group != nullptr; group = Groups::next(*group)) {
            const auto address = reinterpret_cast<uint64_t>(group->plan);
            if (address >= first && address < end)
                close(*group);
        }
    }
    look_again();
}

Reference Adaptors::speaking(Reference any, const KindRecord& wanted)
{
    CountedScope keeps_roots_and_records;
    const Reference now = table().canonical(any);
    const Root* root = table().root(now);
    if (root == nullptr || root->descriptor().interface == &wanted)
        return root == nullptr ? nullptr : now;
    Reference leading[max_leading];
    const unsigned count = table().leading_to(now, leading);
    for (unsigned i = 0; i < count; ++i) {
        const AdaptedReference* record = adapted(leading[i]);
        if (record != nullptr && record->group->offers == &wanted)
            return leading[i];
    }
    return nullptr;
}

// The first step outwards from an object that speaks `has`, by groups of one direction: each leads from one interface to the
// next. Null when they do not lead to `wanted`.
AdaptorGroup* Adaptors::next_on_the_way(const ClassRecord& of, const KindRecord& has, const KindRecord& wanted, bool forward)
{
    AdaptorGroup* first = nullptr;
    const KindRecord* reached = &has;
    unsigned steps = 0;
    for (auto* group = m_groups.first(); group != nullptr && reached != &wanted && steps < max_steps;) {
        if (!group->open || group->of != &of || group->forward != forward || group->leads_to != reached) {
            group = Groups::next(*group);
            continue;
        }
        first = first == nullptr ? group : first;
        reached = group->offers;
        group = m_groups.first();
        ++steps;
    }
    return reached == &wanted ? first : nullptr;
}

// A reference of its own that leads to an object which is there already.
Result<Reference> Adaptors::put_in_front(AdaptorGroup& group, Reference to)
{
    const Reference own = TRY(table().reserve());
    const auto prepared = prepare_in_front(group, own, to);
    Status led = prepared.status();
    if (prepared.ok()) {
        auto& record = *prepared.value();
        // As at a commit: whoever retires the object from now on finds the adaptor.
        kernel::MutexGuard guard(m_lock);
        record.committed = true;
        led = table().lead(*record.adaptor, to, *group.leads_to);
        record.committed = led.ok();
        record.state = led.ok() ? AdaptedState::InPlace : AdaptedState::Going;
        record.held = false;
    } else {
        table().retire_empty(own);
        table().release(own);
    }
    look_again();
    if (!led.ok())
        return led;
    return own;
}

Result<Reference> Adaptors::put_in_front(
    Reference now, const ClassRecord& of, const KindRecord& has, const KindRecord& wanted)
{
    const KindRecord* reached = &has;
    Reference reference = now;
    while (reached != &wanted) {
        AdaptorGroup* group = nullptr;
        {
            kernel::MutexGuard guard(m_lock);
            group = next_on_the_way(of, *reached, wanted, true);
            group = group == nullptr ? next_on_the_way(of, *reached, wanted, false) : group;
        }
        if (group == nullptr)
            return Code::UNSUPPORTED;
        reference = TRY(put_in_front(*group, reference));
        reached = group->offers;
    }
    return reference;
}

Result<Reference> Adaptors::offer(Reference made, const KindRecord& wanted)
{
    for (;;) {
        if (const Reference there = speaking(made, wanted); there != nullptr)
            return there;
        const Reference now = table().canonical(made);
        const Root* root = table().root(now);
        if (root == nullptr && table().canonical(now) == now)
            return Code::GONE;
        if (root == nullptr)
            continue;
        const auto& has = root->descriptor();
        const auto offered = put_in_front(now, *has.record, *has.interface, wanted);
        // It was converted meanwhile, or destroyed.
        if (offered.code() == Code::BUSY || offered.code() == Code::GONE)
            continue;
        if (!offered.ok())
            destroy(made).ignore();
        return offered;
    }
}

}
