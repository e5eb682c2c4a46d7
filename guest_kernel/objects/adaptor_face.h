// What callers of an adapted reference take for a representative.
#pragma once

#include <stddef.h>

#include "abi.h"
#include "arch/ppc64/asm_offsets.h"
#include "objects/interposer.h"

namespace objects {

// Never changed but for the counts once callers can find it: a collapse brings a new face. So a call that loaded the
// virtual table of one face never uses the target of another. Laid out for arch/ppc64/forwarding.S.
struct AdaptorFace {
    struct Count {
        uint64_t calls;
        // The counts of two CPUs share no cache line.
        uint8_t apart[(1 << ADAPTOR_COUNT_SHIFT) - sizeof(uint64_t)];
    };

    Face face;
    // Where the object is, behind every adaptor.
    Reference target;
    // The next reference on the way there, whose interface handlers are written for.
    Reference next;
    Count counts[abi::MAX_CPUS];
};
static_assert(offsetof(AdaptorFace, target) == ADAPTOR_TARGET && offsetof(AdaptorFace, next) == ADAPTOR_NEXT);
static_assert(offsetof(AdaptorFace, counts) == ADAPTOR_COUNTS);

}

extern "C" {

// 256 stubs each, of forward_stub_size bytes: stub n calls method n of the target, or of what lies behind `next`.
extern const char objects_forward_stubs[];
extern const char objects_relay_stubs[];

}
