// The memory of a transfer when its user lends some.

#include "kernel/heap.h"
#include "kernel/test.h"
#include "objects/transfer.h"

namespace objects::tests {

namespace {

uint64_t allocated() { return kernel::usage(kernel::Tag::Transfer).allocations; }

kernel::Test lent{"lazy.small_transfer_needs_no_allocation", [] {
    alignas(16) uint8_t memory[64];
    const uint64_t before = allocated();
    TransferArena arena;
    arena.lend(memory, sizeof memory);
    EXPECT(arena.reserve(48).ok() && arena.capacity() == 48 && allocated() == before);
    EXPECT(arena.place(0, 40).ok() && arena.parcel(0).data == memory);
    // Only what was reserved, though there is room.
    EXPECT(arena.place(1, 16).code() == Code::TOO_LARGE);
}};

kernel::Test outgrown{"lazy.transfer_that_outgrows_what_was_lent_has_memory_of_its_own", [] {
    alignas(16) uint8_t memory[64];
    const uint64_t before = allocated();
    TransferArena arena;
    arena.lend(memory, sizeof memory);
    {
        kernel::FailAllocation failing(1);
        EXPECT(arena.reserve(sizeof memory).ok());
        EXPECT(arena.reserve(sizeof memory + 1).code() == Code::NO_MEMORY);
    }
    EXPECT(arena.capacity() == sizeof memory);
    EXPECT(arena.reserve(sizeof memory + 1).ok() && allocated() == before + 1);
    EXPECT(arena.place(0, sizeof memory).ok() && arena.parcel(0).data != memory);
    arena.discard();
    EXPECT(allocated() == before && arena.capacity() == 0);
}};

}

}
