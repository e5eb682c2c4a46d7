// The object that makes, ends and tracks the instances of one class.
#pragma once

#include "objects/reference.h"

namespace objects {

class InstanceSet;

// One interface for the factories of all classes, so that a factory can be swapped for that of any other version.
// Callers do not use it: `create` and `destroy` (lifetime.h) hide it behind the types of the class.
class Factory : public Object {
public:
    // `creation` points to the interface's Creation; null stands for a default one. NO_MEMORY is possible.
    virtual Result<LocalEntry*> create(const void* creation) = 0;
    // Once: BUSY while something stands in front of the instance that must go first, for then nothing waits in here.
    // No lock of the instance is held.
    virtual Status destroy(LocalEntry* instance) = 0;
    // The class and version that it makes.
    virtual Result<const ClassDescriptor*> product() = 0;
    // All instances, those of earlier versions included.
    virtual Result<InstanceSet*> instances() = 0;

    using Methods = MethodList<&Factory::create, &Factory::destroy, &Factory::product, &Factory::instances>;

protected:
    ~Factory() = default;
};

}
