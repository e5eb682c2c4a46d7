// Whose instances call an interface.
#pragma once

#include <stdint.h>

namespace objects {

// Instances of the class below the version, or from it on. Looks through the whole table, a part at a time, so that it
// holds up no generation for long. For threads that are not counted.
uint64_t instances_of(const char* name, uint64_t version, bool from_version_on);

}
