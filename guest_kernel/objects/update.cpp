#include "objects/update.h"

#include "kernel/format.h"
#include "kernel/guarded.h"
#include "kernel/text.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/interface_change.h"
#include "objects/names.h"
#include "objects/one_object.h"
#include "objects/standard_factory.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// The update whose module calls. Its verdict is asked by everything that begins on its behalf.
Result<Update*> current_update()
{
    Update* update = updates().find(updates().applying());
    if (update == nullptr)
        return Code::REFUSED;
    TRY(update->verdict());
    if (update->change_count == max_class_changes)
        return Code::TOO_LARGE;
    return update;
}

// Nothing is lost when a module ignores that one of its calls failed: the update ends with it.
Status fail(Update& update, Status status, const char* text)
{
    updates().note_failure(update, status.code(), text);
    update.cancel(status.code());
    return status;
}

Status refuse_version(Update& update, const ClassDescriptor& descriptor, uint64_t current)
{
    char text[update_text_size];
    kernel::format(text, sizeof text, "class %s is at version %lu: version %lu can follow, this update brings %lu",
        descriptor.name, current, current + 1, descriptor.version);
    return fail(update, Code::VERSION, text);
}

Status check_version(Update& update, const ClassDescriptor& descriptor)
{
    const auto* record = find_record(descriptor.name);
    const auto* current = record == nullptr ? nullptr : record->current_version();
    if (current == nullptr)
        return fail(update, Code::NOT_FOUND, "there is no earlier version with a factory");
    if (descriptor.version != current->version + 1)
        return refuse_version(update, descriptor, current->version);
    return descriptor.factory == nullptr ? fail(update, Code::UNSUPPORTED, "the class has no factory") : Status();
}

// Registered once, here or by an object of the module that did it before.
Status make_known(Update& update, ClassDescriptor& descriptor)
{
    if (descriptor.record != nullptr)
        return {};
    const Status status = register_class(descriptor);
    return status.ok() ? status : fail(update, status, "its class cannot be registered");
}

bool is_lazy(const Update& update, const ClassDescriptor& descriptor, const UpdateOptions& options)
{
    const UpdateMode mode = options.mode == UpdateMode::Auto ? update.mode : options.mode;
    if (mode == UpdateMode::Auto)
        return descriptor.record->instance_set()->count() > options.lazy_above;
    return mode == UpdateMode::Lazy;
}

ClassChange& add_change(Update& update, const ClassChange& change)
{
    auto& added = update.changes[update.change_count];
    added = change;
    added.from_version = change.from == nullptr ? 0 : change.from->version;
    added.to_version = change.to->version;
    // Release: who lists the changes finds this one written.
    __atomic_store_n(&update.change_count, update.change_count + 1, __ATOMIC_RELEASE);
    return added;
}

}

namespace {

Status check_interfaces(Update& update, const ClassChange& change)
{
    char text[update_text_size] = {};
    const Status status = check_interface(update, *change.from, *change.to, change.adaptor, change.way_back, text);
    return status.ok() ? status : fail(update, status, text);
}

Status prepare_callees(Update& update, const ClassRecord& record, uint64_t from_version, uint64_t to_version)
{
    char text[update_text_size] = {};
    const Status status = make_way_for_callers(record, from_version, to_version, text);
    return status.ok() ? status : fail(update, status, text);
}

}

Status update_class(ClassDescriptor& descriptor, const UpdateOptions& options)
{
    const kernel::GuardPause takes_as_long_as_its_steps;
    auto& update = *TRY(current_update());
    TRY(check_version(update, descriptor));
    TRY(make_known(update, descriptor));
    ClassChange change;
    change.record = descriptor.record;
    change.from = descriptor.record->current_version();
    change.to = &descriptor;
    change.adaptor = options.adaptor;
    change.way_back = options.way_back;
    TRY(check_interfaces(update, change));
    TRY(prepare_callees(update, *change.record, change.from->version, change.to->version));
    const TransitionOptions how{is_lazy(update, descriptor, options), options.step_limit_ns};
    Transition transition(update, add_change(update, change), Direction::Forward, how);
    const Status status = transition.run();
    return status.ok() ? status : fail(update, status, "");
}

Status introduce_class(ClassDescriptor& descriptor)
{
    const kernel::GuardPause takes_as_long_as_it_takes;
    auto& update = *TRY(current_update());
    if (const auto* known = find_class(descriptor.name); known != nullptr && known != &descriptor)
        return fail(update, Code::EXISTS, "there is a class of that name already");
    TRY(make_known(update, descriptor));
    ClassChange change;
    change.kind = ChangeKind::NewClass;
    change.record = descriptor.record;
    change.to = &descriptor;
    auto& added = add_change(update, change);
    if (descriptor.factory != nullptr) {
        CountedScope calls_the_page_allocator;
        if (const Status opened = open_factory(descriptor); !opened.ok())
            return fail(update, opened, "its factory cannot be opened");
    }
    added.epoch = descriptor.record->epoch;
    added.in_service = true;
    return {};
}

namespace {

// A class replaces itself by its next version only; another class of the same kind may take over at any time.
Result<const ClassDescriptor*> check_replaced(Update* update, Reference reference, const ClassDescriptor& replacement)
{
    CountedScope keeps_the_root;
    const Root* root = table().root(reference);
    if (root == nullptr)
        return Code::GONE;
    const auto& current = root->descriptor();
    if (!kernel::equal(current.name, replacement.name) || replacement.version == current.version + 1)
        return &current;
    return update == nullptr ? Status(Code::VERSION) : refuse_version(*update, replacement, current.version);
}

ClassChange* note_replaced(Update* update, Reference reference, const ClassDescriptor& from, const ClassDescriptor& to)
{
    if (update == nullptr)
        return nullptr;
    ClassChange change;
    change.kind = ChangeKind::OneObject;
    change.record = to.record;
    change.from = &from;
    change.to = &to;
    change.before = NamedReference::of(reference);
    return &add_change(*update, change);
}

}

Status replace(
    const char* name, const ClassDescriptor& replacement, const AdaptorPlan* adaptor, const AdaptorPlan* way_back)
{
    const kernel::GuardPause takes_as_long_as_its_phases;
    // A test replaces objects without an update.
    Update* update = updates().applying() == 0 ? nullptr : TRY(current_update());
    const Reference named = find_name(name);
    if (named == nullptr)
        return Code::NOT_FOUND;
    const Reference reference = table().canonical(named);
    const auto& from = *TRY(check_replaced(update, reference, replacement));
    if (update != nullptr && from.record == replacement.record)
        TRY(prepare_callees(*update, *from.record, from.version, replacement.version));
    ClassChange* change = note_replaced(update, reference, from, replacement);
    SwapOptions options;
    options.update = update == nullptr ? 0 : update->id;
    options.adaptor = adaptor;
    const auto now = swap_one(reference, replacement, options);
    if (change != nullptr && now.ok()) {
        change->after = NamedReference::of(now.value());
        change->way_back = way_back;
        change->in_service = true;
    }
    return now.ok() || update == nullptr ? now.status() : fail(*update, now.status(), "");
}

}
