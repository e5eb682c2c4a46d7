// The first frame allocator: RAM from the end of the kernel image upwards, nothing is ever given back.
#pragma once

#include <stdint.h>

#include "abi.h"
#include "arch/ppc64/radix_tree.h"

namespace arch {

class BootFrames final : public FrameSource {
public:
    constexpr BootFrames() = default;

    void initialise(uint64_t begin, uint64_t end)
    {
        m_next = (begin + abi::PAGE_SIZE - 1) & ~(abi::PAGE_SIZE - 1);
        m_end = end;
    }

    kernel::Result<uint64_t> allocate(uint64_t count) override
    {
        const uint64_t size = count * abi::PAGE_SIZE;
        const uint64_t first = (m_next + size - 1) & ~(size - 1);
        if (first > m_end || m_end - first < size)
            return kernel::Code::NO_MEMORY;
        m_next = first + size;
        return first;
    }

    uint64_t next() const { return m_next; }
    uint64_t end() const { return m_end; }

private:
    uint64_t m_next = 0;
    uint64_t m_end = 0;
};

BootFrames& boot_frames();

}
