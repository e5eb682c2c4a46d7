// What a module says of how callers of an old interface are adapted.
#pragma once

#include "kernel/guarded.h"
#include "kernel/heap.h"
#include "objects/adaptor.h"

namespace objects {

// A class whose instances call the adapted interface. Forward: those below the given version, the first that calls the
// new interface. For the way back: those of that version on, which call the interface that is to go.
struct CallerClass {
    const char* name;
    uint64_t version;
    bool from_version_on = false;
};

// How an update adapts the callers of a class: a constant of the module, which stays as long as an adaptor of it.
struct AdaptorPlan {
    const AdaptorMap* map;
    Result<Adaptor*> (*make)(Reference old, const AdaptorMap& map);
    // Null: callers are not known, and the adaptor stays until it is removed.
    const CallerClass* callers;
    unsigned caller_count;
    // Code that is no object and calls the interface for good, in words: then the adaptors stay for good too.
    const char* permanent = nullptr;
};

template <typename AdaptorType>
Result<Adaptor*> make_adaptor(Reference old, const AdaptorMap& map)
{
    Adaptor* adaptor = kernel::make_of_module<AdaptorType>(kernel::Tag::Interposer, old, map);
    if (adaptor == nullptr)
        return Code::NO_MEMORY;
    return adaptor;
}

// `AdaptorType` is Adaptor, or a class of the module's own for handlers that keep state.
template <typename AdaptorType, unsigned n>
constexpr AdaptorPlan adaptor_plan(
    const AdaptorMap& map, const CallerClass (&callers)[n], const char* permanent = nullptr)
{
    return {&map, make_adaptor<AdaptorType>, callers, n, permanent};
}

}
