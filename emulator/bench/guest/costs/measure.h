// Loops between two marks, for a host that reads the instruction count at each.
#pragma once

#include <stdint.h>

#include "kernel/status.h"

namespace bench {

// What follows is measured under this name, up to the next end(). Never inlined, so that both always cost the same.
[[gnu::noinline]] void begin(const char* name);
[[gnu::noinline]] void end();

// No timer interrupt until this thread is switched away: it would be counted. Others' deadlines wait that long too.
void put_off_timer();

// Runs `body(times)` in a counted thread of the highest priority on the first CPU, and waits for its end: what it
// returned.
kernel::Status run_undisturbed(kernel::Status (*body)(uint64_t times), uint64_t times);

// The number in a command's words; INVALID for anything else.
kernel::Result<uint64_t> times_in(const char* words);

}
