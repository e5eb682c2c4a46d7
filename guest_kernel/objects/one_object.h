// Bringing a single object to another class, for objects that no factory tracks.
#pragma once

#include "objects/hot_swap.h"

namespace objects {

// Waits for the end of the swap: the reference that the object has then. For threads that are not counted.
Result<Reference> swap_one(Reference reference, const ClassDescriptor& replacement, const SwapOptions& options);

}
