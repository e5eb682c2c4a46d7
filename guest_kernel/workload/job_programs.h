// The programs that jobs run in problem state.
#pragma once

#include "services/memory/file_cache.h"
#include "services/process/process.h"

namespace workload {

// Where a job's process has its program and its memory.
inline constexpr uint64_t text_address = 0x1000'0000;
inline constexpr uint64_t data_address = 0x2000'0000;

// Each takes the address of its first page and the number of its pages. What the fill program stores begins with its
// third argument; both end with the sum.
uint64_t fill_program();
uint64_t sum_program();
// What the fill program comes to.
uint64_t sum_of_filled(uint64_t pages, uint64_t first);

// A cache that has them all in its first page.
kernel::Result<objects::Ref<services::FileCache>> make_programs();

}
