// What memory is used for.
#pragma once

#include <stdint.h>

namespace kernel {

enum class Tag : uint8_t {
    // The heap's own bookkeeping of whole pages.
    Heap,
    Kernel,
    Thread,
    Stack,
    Object,
    Table,
    Interposer,
    Transfer,
    Module,
    Service,
    Process,
    Workload,
    Test,
    Count,
};

const char* name_of(Tag tag);

}
