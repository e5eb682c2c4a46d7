// The base of every interface that is reached through a reference.
#pragma once

#include <stdint.h>

#include "kernel/status.h"

namespace objects {

class Root;
struct ClassDescriptor;
struct LocalEntry;

using kernel::Code;
using kernel::Result;
using kernel::Status;

// Methods per interface that an interposer can stand in for: one numbered stub each.
inline constexpr unsigned max_methods = 256;

// A representative as its callers see it. The first slots of every virtual table are fixed here for good, so that
// code which knows nothing of a class can ask any object who it is. Single inheritance only, and no virtual destructor:
// an object is destroyed through its root, which the table does not reach.
class Object {
public:
    // The class whose code serves this reference now.
    virtual Result<const ClassDescriptor*> class_of() = 0;
    // The reference by which the object behind every adaptor is known.
    virtual Result<LocalEntry*> canonical() = 0;

protected:
    Object() = default;
    ~Object() = default;
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
};

}
