#include "arch/ppc64/table_frames.h"

#include "kernel/frames.h"

namespace arch {

namespace {

class TableFrames final : public FrameSource {
public:
    constexpr TableFrames() = default;

    // The pool aligns to one frame: what lies before and after the aligned part goes back.
    kernel::Result<uint64_t> allocate(uint64_t count) override
    {
        const uint64_t size = count * abi::PAGE_SIZE;
        const uint64_t first = TRY(kernel::allocate_frames(2 * count - 1));
        const uint64_t aligned = (first + size - 1) & ~(size - 1);
        const uint64_t before = (aligned - first) / abi::PAGE_SIZE;
        if (before > 0)
            kernel::free_frames(first, before);
        if (before < count - 1)
            kernel::free_frames(aligned + size, count - 1 - before);
        return aligned;
    }
};

constinit TableFrames s_frames;

}

FrameSource& table_frames() { return s_frames; }

}
