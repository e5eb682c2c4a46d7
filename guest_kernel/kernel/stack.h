// Thread stacks: mapped pages with an unmapped one below, which an overflow runs into.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

namespace kernel {

inline constexpr size_t stack_pages = 4;
inline constexpr size_t stack_size = stack_pages * abi::PAGE_SIZE;
// Distance between stacks: half of each slot, the lower one, is never mapped.
inline constexpr size_t stack_slot_size = 2 * stack_size;
// Free stacks that stay mapped for the next thread.
inline constexpr size_t stacks_kept = 16;

// The lowest address of a stack; [base, base + stack_size) is mapped. NO_MEMORY is possible. Poisoned, so that what a
// thread left there is not taken for anything. Pages come from the page source, as the heap's do, under the same rules.
Result<uint64_t> allocate_stack();
void free_stack(uint64_t base);
// Unmaps the free stacks that are kept.
void drain_stacks();
// Whether the address lies in the unmapped part of a stack's slot: the sign of an overflow.
bool in_stack_guard(uint64_t address);

}
