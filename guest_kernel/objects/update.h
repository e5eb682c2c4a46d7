// What a module calls from its initialisation function to bring its change into service. Nothing is counted there.
#pragma once

#include "objects/transition.h"
#include "objects/update_record.h"

namespace objects {

struct AdaptorPlan;

struct UpdateOptions {
    // Auto: as the module's metadata say; if these leave it open too, lazy above so many instances.
    UpdateMode mode = UpdateMode::Auto;
    uint64_t lazy_above = 100;
    // Virtual time that each step may take.
    uint64_t step_limit_ns = TransitionOptions{}.step_limit_ns;
    // When the new version has another interface, which its descriptor's `kind` names: for callers of the old one, and for
    // those of the new one when the update is taken back.
    const AdaptorPlan* adaptor = nullptr;
    const AdaptorPlan* way_back = nullptr;
};

// Registers the class and makes it the version that is in service: its factory, all new instances, and those that exist.
// Returns when the old code is not called any more: lazy, what was not called yet is converted later. A failure ends the
// whole update: what it has changed so far is taken back when the initialisation function returns. VERSION when the class
// is not at the version before, BUSY during another change of it, EXISTS for a version that is registered, UNSUPPORTED for
// a class without a factory, NOT_FOUND when there is no earlier version (introduce_class), INVALID for another interface
// without adaptors, or with such as do not fit (interface_change.h).
Status update_class(ClassDescriptor& descriptor, const UpdateOptions& options = {});

// Registers a class that is new, with its factory if it has one. EXISTS, NO_MEMORY.
Status introduce_class(ClassDescriptor& descriptor);

// Replaces the one object of that well-known name by a new one of the given class and waits for the end of the swap.
// NOT_FOUND, VERSION when the class is the object's own but not of the next version, or what the swap failed with. With an
// adaptor the new object has another interface and a reference of its own; `way_back` is the adaptor for its callers when
// the update is reverted: without one it cannot be.
Status replace(const char* name, const ClassDescriptor& replacement, const AdaptorPlan* adaptor = nullptr,
    const AdaptorPlan* way_back = nullptr);

}
