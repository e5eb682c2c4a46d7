// How the methods of an old interface are found in a new one.
#pragma once

#include "objects/interface_rules.h"

namespace objects {

// The virtual table that old callers get: one slot a method, in the order of the old interface. A slot leads to a
// forwarding stub, when the call goes on as it came, or to a handler. Shared by all adaptors of an update; part of the
// module that brings it.
class AdaptorMap {
public:
    constexpr AdaptorMap() = default;
    AdaptorMap(const AdaptorMap&) = delete;
    AdaptorMap& operator=(const AdaptorMap&) = delete;

    unsigned methods() const { return m_methods; }
    const void* const* slots() const { return m_slots; }

    // By slot: the method of the new interface that gets the call as it is, or no_method for a handler.
    static constexpr unsigned no_method = max_methods;
    unsigned forwarded_to(unsigned method) const;

    void add_forward(unsigned new_method);
    void add_handler(const void* code);
    // As `first`, but where a call would only be forwarded twice it goes straight to where `second` sends it.
    void compose(const AdaptorMap& first, const AdaptorMap& second);
    // Every method to itself.
    void make_identity(unsigned methods);

private:
    void add(const void* code);

    const void* m_slots[max_methods] = {};
    unsigned m_methods = 0;
};

}
