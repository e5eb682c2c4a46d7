// Walks a kernel stack along the ELFv2 back chain, across trap frames and replaced return addresses.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/ppc64/context.h"
#include "arch/ppc64/trap_frame.h"

namespace arch {

enum class CodeAddressKind : uint8_t {
    INTERRUPTED, // the instruction an exception interrupted: exact
    LINK,        // LR at an exception, unless the next RETURN says the same: the caller's return address if the interrupted
                 // function had no frame yet, else stale
    RETURN,      // a saved return address: the call is the instruction before it
};

struct CodeAddress {
    uint64_t address;
    uint64_t stack_pointer; // of the frame
    CodeAddressKind kind;
};

// Return addresses that an interposer took out of the stack and keeps elsewhere.
class ReplacedReturns {
public:
    // The address that the call in the frame at `caller_stack` really returns to, when `address` is a stand-in for it;
    // else `address`.
    virtual uint64_t original(uint64_t address, uint64_t caller_stack) const = 0;

protected:
    ~ReplacedReturns() = default;
};

// Each writes at most `capacity` addresses, innermost first, and returns how many. A chain that does not ascend, is
// misaligned or leads to an unmapped page ends the walk; nothing faults.
size_t unwind_here(CodeAddress* out, size_t capacity, const ReplacedReturns* replaced = nullptr);
size_t unwind_trap(const TrapFrame& frame, CodeAddress* out, size_t capacity, const ReplacedReturns* replaced = nullptr);
// Of a thread that does not run on any CPU.
size_t unwind_context(const Context& context, CodeAddress* out, size_t capacity,
                      const ReplacedReturns* replaced = nullptr);

}
