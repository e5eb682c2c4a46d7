// The stack walk: order, end, limits, and return addresses that were replaced.
#include "arch/ppc64/unwind.h"

#include "arch/ppc64/image.h"
#include "arch/ppc64/mmu.h"
#include "kernel/test.h"

namespace arch {

namespace {

constexpr size_t capacity = 24;

struct Trace {
    CodeAddress addresses[capacity];
    size_t count = 0;
};

[[gnu::noinline]] void innermost(Trace& trace, size_t limit, const ReplacedReturns* replaced)
{
    trace.count = unwind_here(trace.addresses, limit, replaced);
    asm volatile("" : : : "memory"); // keeps the call above from being the last: its frame must stay
}

[[gnu::noinline]] uint64_t middle(Trace& trace, size_t limit, const ReplacedReturns* replaced)
{
    innermost(trace, limit, replaced);
    asm volatile("" : : : "memory");
    return reinterpret_cast<uint64_t>(__builtin_return_address(0));
}

bool in_text(uint64_t address)
{
    return address >= reinterpret_cast<uint64_t>(__text_start) && address < reinterpret_cast<uint64_t>(__text_end);
}

kernel::Test here{"unwind.here", [] {
    Trace trace;
    const uint64_t back_here = middle(trace, capacity, nullptr);
    EXPECT(trace.count >= 4 && trace.count < capacity);
    // unwind_here itself is not shown: in innermost, in middle, here.
    EXPECT(trace.addresses[2].address == back_here);
    for (size_t i = 0; i < trace.count; ++i) {
        EXPECT(in_text(trace.addresses[i].address) && trace.addresses[i].kind == CodeAddressKind::RETURN);
        EXPECT(i == 0 || trace.addresses[i].stack_pointer > trace.addresses[i - 1].stack_pointer);
    }
}};

kernel::Test limit{"unwind.limit", [] {
    Trace trace;
    middle(trace, 2, nullptr);
    EXPECT(trace.count == 2);
}};

class Stranger final : public ReplacedReturns {
public:
    explicit Stranger(uint64_t stand_in) : m_stand_in(stand_in) {}
    uint64_t original(uint64_t address, uint64_t) const override { return address == m_stand_in ? 0x1234 : address; }

private:
    uint64_t m_stand_in;
};

kernel::Test replaced_returns{"unwind.replaced_returns", [] {
    Trace plain;
    const uint64_t back_here = middle(plain, capacity, nullptr);
    const Stranger stranger(plain.addresses[1].address);
    Trace replaced;
    middle(replaced, capacity, &stranger);
    EXPECT(replaced.count == plain.count);
    EXPECT(replaced.addresses[1].address == 0x1234);
    EXPECT(back_here != 0x1234);
}};

// Neither a wild nor a misaligned nor a circular chain is followed into a fault or an endless walk.
kernel::Test broken_chains{"unwind.broken_chains", [] {
    Trace trace;
    const uint64_t pointers[] = {0, 3, abi::KERNEL_BASE, ~uint64_t{7}, device_address(0)};
    for (const uint64_t pointer : pointers) {
        Context context;
        context.stack_pointer = pointer;
        EXPECT(unwind_context(context, trace.addresses, capacity) == 0);
    }
    alignas(16) uint64_t circle[4] = {};
    circle[0] = reinterpret_cast<uint64_t>(circle);
    Context context;
    context.stack_pointer = reinterpret_cast<uint64_t>(circle);
    EXPECT(unwind_context(context, trace.addresses, capacity) == 0);
}};

}

}
