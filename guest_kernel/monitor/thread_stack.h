// The frames of a thread's stack.
#pragma once

#include "arch/ppc64/unwind.h"
#include "devices/value_stream.h"
#include "kernel/status.h"

namespace monitor {

struct ThreadStack {
    static constexpr size_t capacity = 48;
    arch::CodeAddress frames[capacity];
    size_t count = 0;

    // Of a thread that does not run; BUSY for one that does, NOT_FOUND.
    kernel::Status walk(uint64_t thread);
    // As [[kind, address]...], the innermost first, at most so many.
    void write(devices::ValueWriter& result, size_t most = capacity) const;
};

}
