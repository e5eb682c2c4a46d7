#include "kernel/frames.h"

#include "arch/ppc64/mmu.h"
#include "kernel/poison.h"
#include "kernel/stack.h"
#include "kernel/test.h"

namespace kernel {

namespace {

Test contiguous{"frames.contiguous", [] {
    const uint64_t before = frames_free();
    const auto first = allocate_frames(5);
    EXPECT(first.ok() && first.value() % abi::PAGE_SIZE == 0);
    EXPECT(frames_free() == before - 5);
    EXPECT(!allocate_frames(before).ok());
    free_frames(first.value(), 5);
    EXPECT(frames_free() == before);
    EXPECT(is_poisoned(arch::linear(first.value()), 5 * abi::PAGE_SIZE));
}};

Test none{"frames.none_and_too_many", [] {
    EXPECT(allocate_frames(0).code() == Code::NO_MEMORY);
    EXPECT(allocate_frames(frames_total() + 1).code() == Code::NO_MEMORY);
}};

Test guard{"stack.guard_unmapped", [] {
    const auto base = allocate_stack();
    EXPECT(base.ok());
    EXPECT(arch::translate(base.value()).ok() && arch::translate(base.value() + stack_size - 8).ok());
    EXPECT(!arch::translate(base.value() - 8).ok() && !arch::translate(base.value() + stack_size).ok());
    EXPECT(in_stack_guard(base.value() - 8) && !in_stack_guard(base.value()));
    free_stack(base.value());
}};

Test recycled{"stack.recycled", [] {
    const auto first = allocate_stack();
    EXPECT(first.ok());
    *reinterpret_cast<uint64_t*>(first.value()) = 1;
    free_stack(first.value());
    const auto second = allocate_stack();
    EXPECT(second.ok() && second.value() == first.value());
    EXPECT(is_poisoned(reinterpret_cast<void*>(second.value()), stack_size));
    free_stack(second.value());
}};

Test drained{"stack.drained", [] {
    const auto base = allocate_stack();
    EXPECT(base.ok());
    free_stack(base.value());
    drain_stacks();
    EXPECT(!arch::translate(base.value()).ok());
}};

// Every call keeps a frame of its own: its address goes on to the next.
[[gnu::noinline]] int overflow(volatile char* outer, int depth)
{
    volatile char frame[256];
    frame[0] = *outer;
    if (depth == 0)
        return frame[0];
    const int below = overflow(frame, depth - 1);
    return below + frame[0];
}

Test overflowed{"panic.stack_overflow", [] {
    volatile char start = 1;
    EXPECT(overflow(&start, 1000) != 0);
}};

}

}
