// What callers of an adapted reference take for a representative.
#pragma once

#include <stddef.h>

#include "abi.h"
#include "arch/ppc64/asm_offsets.h"
#include "objects/interposer.h"

namespace objects {

// How often adaptors were called, by CPU: one for all adaptors of a plan, so that each of them takes a few words only.
class AdaptorCalls {
public:
    struct Count {
        uint64_t calls;
        // The counts of two CPUs share no cache line.
        uint8_t apart[(1 << ADAPTOR_COUNT_SHIFT) - sizeof(uint64_t)];
    };
    static_assert(abi::MAX_CPUS == 1 << ADAPTOR_CPU_BITS);

    AdaptorCalls() = default;
    AdaptorCalls(const AdaptorCalls&) = delete;
    AdaptorCalls& operator=(const AdaptorCalls&) = delete;

    // At a multiple of its size, so that a stub puts the number of its CPU into the address; the heap aligns to less.
    Count* counts()
    {
        return reinterpret_cast<Count*>((reinterpret_cast<uint64_t>(m_storage) + size - 1) / size * size);
    }
    uint64_t sum();

private:
    static constexpr size_t size = abi::MAX_CPUS * sizeof(Count);
    uint8_t m_storage[2 * size] = {};
};

// Never changed once callers can find it: a collapse brings a new face. So a call that loaded the virtual table of one
// face never uses the target of another. Laid out for arch/ppc64/forwarding.S.
struct AdaptorFace {
    Face face;
    // Where the object is, behind every adaptor.
    Reference target;
    // The next reference on the way there, whose interface handlers are written for.
    Reference next;
    AdaptorCalls::Count* calls;
};
static_assert(offsetof(AdaptorFace, target) == ADAPTOR_TARGET && offsetof(AdaptorFace, next) == ADAPTOR_NEXT);
static_assert(offsetof(AdaptorFace, calls) == ADAPTOR_CALLS);

}

extern "C" {

// 256 stubs each, of forward_stub_size bytes: stub n calls method n of the target, or of what lies behind `next`.
extern const char objects_forward_stubs[];
extern const char objects_relay_stubs[];

}
