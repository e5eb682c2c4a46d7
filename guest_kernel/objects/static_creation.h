// A kernel without factories, built to measure what they cost (toolchain/kernel.py, WITHOUT_FACTORIES).
//
// In it every object is created by code that was chosen when the kernel was built, or for a kind's default when it
// started, and destroyed without being looked up. Nobody knows the instances of a class: single objects can be
// replaced, classes cannot be updated.
#pragma once

#include "objects/reference.h"

namespace objects {

#ifdef WITHOUT_FACTORIES
inline constexpr bool with_factories = false;
#else
inline constexpr bool with_factories = true;
#endif

// What a class has in the place of its factory, and a kind in the place of its default one.
template <bool there_are_factories>
struct CreatorInstead {
};
template <>
struct CreatorInstead<false> {
    // An object made from the interface's Creation, which it points to.
    Result<Reference> (*create)(const void* creation) = nullptr;
};
using Creator = CreatorInstead<with_factories>;

}
