// The stable handle through which every caller reaches an object.
#pragma once

#include "objects/interface_rules.h"

namespace objects {

// This CPU's view of one object: two words, at the same effective address on every CPU in frames of its own.
// Filled: `object` is the representative or the face of an interposer. Missing (and, later, lazy): `object` is the
// address of `stubs`, so that the handler finds in `this` the reference that was called.
struct LocalEntry {
    Object* object;
    const void* stubs;
};
static_assert(sizeof(LocalEntry) == abi::LOCAL_ENTRY_SIZE);

// Names an object of unknown interface.
using Reference = LocalEntry*;

// A call through it costs one dependent load more than a plain virtual call: the entry, then the virtual table.
// The interface may still be incomplete where a reference to it is passed on.
template <typename I>
class Ref {
public:
    constexpr Ref() = default;
    constexpr explicit Ref(Reference entry) : m_entry(entry) {}

    // Loaded anew for each call: the entry may have been swung since the last one. Relaxed, because everything the
    // callee reads is reached through this value (a dependent load needs no barrier on this architecture).
    I* operator->() const
    {
        static_assert(is_interface<I>());
        return static_cast<I*>(__atomic_load_n(&m_entry->object, __ATOMIC_RELAXED));
    }

    constexpr Reference reference() const { return m_entry; }
    constexpr explicit operator bool() const { return m_entry != nullptr; }

private:
    Reference m_entry = nullptr;
};

}
