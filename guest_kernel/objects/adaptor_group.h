// What all adaptors of one plan have in common, be it one or as many as a class has instances.
#pragma once

#include "kernel/list.h"
#include "objects/adaptor_plan.h"
#include "objects/class_record.h"

namespace objects {

inline constexpr unsigned max_caller_classes = 8;

// The callers that a plan names, copied, for they are asked for when the module may have gone.
struct CallerList {
    struct Caller {
        char name[class_name_size] = {};
        uint64_t version = 0;
        bool from_version_on = false;
    };

    // False: the plan does not say.
    bool known = false;
    // Some of them are no objects.
    bool permanent = false;
    unsigned count = 0;
    Caller callers[max_caller_classes];

    // TOO_LARGE.
    Status read(const AdaptorPlan& plan);
    // Instances that call the adapted interface now; a class whose update may still be taken back calls it too. Looks at the whole table, part by part. For threads that are not
    // counted.
    uint64_t instances() const;
};

// One for each object that gets an adaptor by itself, one for a class whose interface changes. Adaptors has it in a list,
// and its lock guards what changes; `adapted` and `open` say when it may be freed.
struct AdaptorGroup {
    AdaptorGroup() = default;
    AdaptorGroup(const AdaptorGroup&) = delete;
    AdaptorGroup& operator=(const AdaptorGroup&) = delete;

    kernel::ListLink<AdaptorGroup> link;
    // In the module: only while `adapted` is not 0 or the group is open.
    const AdaptorPlan* plan = nullptr;
    CallerList callers;
    // Of a class: the interface that its adaptors offer, and the one that they are made of. Null for a single object.
    KindRecord* offers = nullptr;
    KindRecord* leads_to = nullptr;
    ClassRecord* of = nullptr;
    // The one reference of a single object.
    Reference old = nullptr;
    // Towards a later version, or on the way back from it.
    bool forward = true;
    // Adaptors may still be added to it.
    bool open = false;
    // References that have an adaptor of it, or had one and have not been reclaimed.
    unsigned adapted = 0;
    // Of these, those where a dead reference stands.
    unsigned dead = 0;
    // What the keeper has counted last; nothing goes before it has.
    uint64_t calling = 0;
    bool counted = false;
    AdaptorCalls calls;

    bool of_a_class() const { return of != nullptr; }
};

}
