#include "objects/undo.h"

#include "kernel/clock.h"
#include "kernel/format.h"
#include "kernel/thread.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"
#include "objects/interface_change.h"
#include "objects/one_object.h"
#include "objects/standard_factory.h"
#include "objects/transition.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

// Memory that is short may be there again a little later, and an arena that was too small is made anew.
constexpr unsigned attempts = 4;
constexpr uint64_t retry_interval_ns = kernel::millisecond;

// Back to the reference from before, if that is still there, when the object has got another one. If it is not there the
// object gets a third, by which the updates before this one must know it.
Status take_back_object(Update& update, ClassChange& change)
{
    SwapOptions options;
    options.update = update.id;
    options.takes_back = true;
    Reference reference = nullptr;
    {
        CountedScope keeps_the_root;
        reference = change.after.find();
        const Root* root = reference == nullptr ? nullptr : table().root(reference);
        // An object that was destroyed meanwhile, or replaced by something else, is nothing to take back.
        if (root == nullptr || &root->descriptor() != change.to)
            return {};
        if (!(change.after == change.before)) {
            options.adaptor = change.way_back;
            options.back_to = change.before.find();
        }
    }
    const auto now = swap_one(reference, *change.from, options);
    if (!now.ok())
        return now.code() == Code::GONE ? Status() : now.status();
    updates().note_moved(change.before, NamedReference::of(now.value()));
    return {};
}

// Instances of a class that was new have nothing that they could be converted to.
Status take_back_class(Update& update, ClassChange& change)
{
    if (change.to->factory == nullptr)
        return {};
    CountedScope calls_the_factory;
    const Status closed = close_factory(*change.record);
    if (closed.code() != Code::BUSY)
        return closed;
    char text[update_text_size];
    kernel::format(text, sizeof text, "%lu instances of the new class %s live", change.record->instance_set()->count(),
        change.record->name);
    updates().note_failure(update, Code::BUSY, text);
    return closed;
}

Status take_back_once(Update& update, ClassChange& change)
{
    switch (change.kind) {
    case ChangeKind::Instances: return Transition(update, change, Direction::Back).run();
    case ChangeKind::OneObject: return take_back_object(update, change);
    case ChangeKind::NewClass: return take_back_class(update, change);
    }
    return Code::INVALID;
}

Status take_back(Update& update, ClassChange& change)
{
    Status status;
    for (unsigned attempt = 0; attempt < attempts; ++attempt) {
        status = take_back_once(update, change);
        // BUSY: the keeper of adaptors is just looking at the reference that the object goes back to.
        const bool passes = status.code() == Code::NO_MEMORY || status.code() == Code::TOO_LARGE
                            || (status.code() == Code::BUSY && change.way_back != nullptr);
        if (!passes)
            break;
        kernel::sleep_until(kernel::now_ns() + retry_interval_ns);
    }
    if (status.ok())
        change.in_service = false;
    return status;
}

struct Undone {
    // Changes that could not be taken back.
    unsigned left = 0;
    // Something is not what it was before the attempt.
    bool touched = false;
};

bool touched(const ClassChange& change)
{
    return !change.in_service
        || (change.kind == ChangeKind::Instances && change.record->current_version() != change.to);
}

// From the last to the first, so that each finds what it found when it was made.
Undone take_all_back(Update& update)
{
    Undone undone;
    for (unsigned i = update.change_count; i > 0; --i) {
        auto& change = update.changes[i - 1];
        if (!change.in_service)
            continue;
        const Status status = take_back(update, change);
        if (!status.ok())
            updates().note_failure(update, status.code(), "");
        undone.left += !status.ok();
        undone.touched = undone.touched || touched(change);
    }
    return undone;
}

bool anything_in_service(const Update& update)
{
    for (unsigned i = 0; i < update.change_count; ++i) {
        if (update.changes[i].in_service)
            return true;
    }
    return false;
}

bool way_back_is_there(const Update& update)
{
    for (unsigned i = 0; i < update.change_count; ++i) {
        const auto& change = update.changes[i];
        if (change.to == nullptr || (change.from == nullptr && change.kind != ChangeKind::NewClass))
            return false;
        if (change.kind == ChangeKind::Instances && change.adaptor != nullptr && change.way_back == nullptr)
            return false;
        if (!(change.after == change.before) && change.kind == ChangeKind::OneObject && change.way_back == nullptr)
            return false;
    }
    return true;
}

void settle(Update& update, UpdateState state)
{
    updates().settle(update, state);
    updates().review_superseded();
    // Until now its classes counted as callers of old interfaces.
    adaptors().look_again();
}

// Of what has never come into service.
void forget_adaptors(const Update& update)
{
    for (unsigned i = 0; i < update.change_count; ++i) {
        if (!update.changes[i].in_service)
            end_interface_change(update.changes[i]);
    }
}

}

Status cancel(Update& update, Code reason)
{
    if (update.state != UpdateState::Applying || !update.cancel(reason))
        return Code::REFUSED;
    // The module's initialisation may have failed at the same time: then it is on its way back already.
    updates().advance(update, UpdateState::Applying, UpdateState::Cancelling);
    give_up_conversions_of(update);
    abort_swaps_of(update, reason);
    return {};
}

Status conclude(Update& update, Status initialised)
{
    if (initialised.ok() && (update.commit() || update.verdict().ok())) {
        settle(update, UpdateState::Active);
        return {};
    }
    update.cancel(initialised.code());
    const Status reason = initialised.ok() ? update.verdict() : initialised;
    updates().note_failure(update, reason.code(), "");
    if (anything_in_service(update))
        updates().advance(update, UpdateState::Applying, UpdateState::Cancelling);
    forget_adaptors(update);
    const bool stuck = anything_in_service(update) && (!update.can_be_undone() || take_all_back(update).left != 0);
    settle(update, stuck ? UpdateState::Stuck : UpdateState::Aborted);
    return reason;
}

Status begin_revert(Update& update)
{
    if (!update.can_be_undone() || updates().successor(update) != nullptr || !way_back_is_there(update)
        || still_called(update) != nullptr)
        return Code::REFUSED;
    const bool begun = updates().advance(update, UpdateState::Active, UpdateState::Reverting)
        || updates().advance(update, UpdateState::Stuck, UpdateState::Reverting);
    return begun ? Status() : Status(Code::REFUSED);
}

void give_up_revert(Update& update)
{
    updates().advance(update, UpdateState::Reverting, UpdateState::Active);
}

void revert(Update& update)
{
    updates().forget_failure(update);
    const Undone undone = take_all_back(update);
    if (undone.left == 0) {
        settle(update, UpdateState::Reverted);
        updates().tell_withdrawn(update);
        return;
    }
    settle(update, undone.touched ? UpdateState::Stuck : UpdateState::Active);
}

}
