// The interface of a class with many instances changes: what is checked before, and what is in service meanwhile.
//
// Each instance that is converted gets a new reference, by which callers of the new interface know it, and an adaptor on its
// old one. Whoever creates an instance gets a reference that speaks the interface that he was compiled against. A caller
// that is updated turns the references that it has into canonical ones, which speak the new interface only if the instance
// has been converted: so the callers' update waits for the last instance, and is refused when one has failed. Taken back
// it is in the order in which it came: the class first, whose new callers get adaptors in the other direction.
#pragma once

#include "objects/adaptor_plan.h"
#include "objects/update_record.h"

namespace objects {

// Of the class `to`, whose interface may be another one than that of `from`: whether the plans say all that there is to say.
// INVALID with a text for people, NOT_FOUND for a caller class that there is none of.
Status check_interface(const Update& update, const ClassDescriptor& from, const ClassDescriptor& to,
    const AdaptorPlan* adaptor, const AdaptorPlan* way_back, char (&text)[update_text_size]);

// Before the factory is swapped, in the direction of the change: conversions and creations find the adaptors from now on.
// Nothing happens when the interface stays what it is. For threads that are not counted.
Status begin_interface_change(const ClassChange& change, bool forward);
// All instances have the interface from before again.
void end_interface_change(const ClassChange& change);

// Instances of a class that is about to go from version to version may call interfaces that have changed by the new one
// from now on: converts what is left of such classes. BUSY with a text when some instance cannot be.
Status make_way_for_callers(
    const ClassRecord& callers, uint64_t from_version, uint64_t to_version, char (&text)[update_text_size]);
// Whether the update brought callers of an interface that is still in service: the name of its class, or null.
const char* still_called(const Update& update);

}
