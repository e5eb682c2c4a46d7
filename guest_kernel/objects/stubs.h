// The virtual tables of numbered stubs (arch/ppc64/trampoline.S) and the code they enter.
#pragma once

#include "objects/object.h"

extern "C" {

// 256 entries: entry n calls objects_intercept with method number n, then goes on where that says.
extern const void* const objects_interposition_stubs[objects::max_methods];
// 256 entries: each returns the status in the second word of `this`, with a value of zero.
extern const void* const objects_refusal_stubs[objects::max_methods];
// Where a tracked call returns to; an unwinder asks the thread's records for the real return address.
void objects_trampoline_return();

}

namespace objects {

inline const void* const interposition_stubs = static_cast<const void*>(objects_interposition_stubs);
inline const void* const refusal_stubs = static_cast<const void*>(objects_refusal_stubs);

}
