// Well-known names of references.
#pragma once

#include "objects/reference.h"

namespace objects {

inline constexpr unsigned max_names = 64;
inline constexpr unsigned name_size = 32;

// The name is copied, and goes with the object. EXISTS, TOO_LARGE for the name, NO_MEMORY when there are max_names.
Status give_name(const char* name, Reference reference);
void forget_name(const char* name);
// The name that leads to `from`, if any, leads to `to` from now on.
void move_name(Reference from, Reference to);
// Null when nothing has that name.
Reference find_name(const char* name);
// Copies the name of the reference, or of one that leads to it behind adaptors, to `out` (name_size bytes); an empty string when it has none.
void name_of(Reference reference, char* out);

}
