// The few lines by which a class makes itself known.
#pragma once

#include "objects/standard_factory.h"

namespace objects {

// Describes a class whose root can be made without arguments.
template <typename RootType>
constexpr ClassDescriptor standard_class(const char* name, const char* kind, uint64_t version)
{
    static_assert(is_interface<typename RootType::InterfaceType>());
    return {name, kind, version, RootType::InterfaceType::Methods::count, make_default_root<RootType>};
}

// A static object of this type registers the class; what the code of a module registered is taken back when it goes.
class ClassRegistration {
public:
    explicit ClassRegistration(ClassDescriptor& descriptor)
    {
        // A trap, and here in the caller's text: of a module it is a fault that its guard takes, of the kernel a panic.
        if (!register_class(descriptor).ok())
            __builtin_trap();
    }
};

}
