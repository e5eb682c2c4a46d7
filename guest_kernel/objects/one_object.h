// Bringing a single object to another class, for objects that no factory tracks.
#pragma once

#include "objects/class_descriptor.h"
#include "objects/reference.h"

namespace objects {

struct AdaptorPlan;

// Waits for the end of the swap. `update` is the id of the update that it belongs to, 0 for none. For threads that are not
// counted.
Status swap_one(
    Reference reference, const ClassDescriptor& replacement, uint64_t update, const AdaptorPlan* adaptor = nullptr);

}
