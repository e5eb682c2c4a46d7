// Interfaces that a program asks for by name, brought by an update when no class provides them.
#pragma once

#include "kernel/park.h"
#include "objects/class_descriptor.h"

namespace objects {

using kernel::Code;
using kernel::Status;

inline constexpr size_t interface_name_size = 64;

// Finds an update for an interface and has it applied.
class DemandListener {
public:
    // Someone is the first to wait for that interface. A failure is what all who wait are told; success means that
    // settle_demand will be called, now or later.
    virtual Status wanted(const char* interface_name) = 0;
    // Nobody waits for it any more.
    virtual void settled(const char* interface_name, Status outcome) = 0;

protected:
    ~DemandListener() = default;
};
void set_demand_listener(DemandListener* listener);

// Success when a class of that interface (kind) is registered. Parked otherwise: an update that provides it is asked for,
// once for all who wait; the caller waits in its outermost loop and calls again. NOT_FOUND when there is no such update
// or nobody to ask, TOO_LARGE for the name, NO_MEMORY, or why the update could not be applied.
Status want_interface(const char* interface_name, kernel::Ticket& ticket);

// No update will come (any more): who waits for the interface is told so, or goes on if a class provides it by now. An
// outcome that is success means that an update was applied. NOT_FOUND when nobody waits.
Status settle_demand(const char* interface_name, Status outcome);
// A module has come: who waits for an interface that is provided now goes on.
void settle_provided_demands();

// The first class of that kind by name, in its newest version, or null. For counted threads.
const ClassDescriptor* find_class_of_kind(const char* kind);

}
