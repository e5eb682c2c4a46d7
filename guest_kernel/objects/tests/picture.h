// What lies at some places in memory, to be compared with what lies there later.
#pragma once

#include "kernel/owned.h"
#include "kernel/print.h"
#include "kernel/test.h"

namespace objects::tests {

// Byte by byte, so that no field is left out: links, counts, locks, virtual tables and padding.
class Picture {
public:
    Picture() = default;
    ~Picture()
    {
        for (unsigned i = 0; i < m_count; ++i)
            kernel::deallocate(m_parts[i].copy);
    }
    Picture(const Picture&) = delete;
    Picture& operator=(const Picture&) = delete;

    void take(const void* place, size_t bytes)
    {
        void* copy = m_count < parts_max ? kernel::allocate(bytes, kernel::Tag::Test) : nullptr;
        EXPECT(copy != nullptr);
        if (copy == nullptr)
            return;
        __builtin_memcpy(copy, place, bytes);
        m_parts[m_count++] = {static_cast<const uint8_t*>(place), bytes, static_cast<uint8_t*>(copy)};
    }
    template <typename T>
    void take(const T& object)
    {
        take(static_cast<const void*>(&object), sizeof(T));
    }

    // Prints the first byte that differs.
    bool still_true() const
    {
        for (unsigned i = 0; i < m_count; ++i) {
            for (size_t at = 0; at < m_parts[i].bytes; ++at) {
                if (m_parts[i].place[at] == m_parts[i].copy[at])
                    continue;
                kernel::print("part %u of %u changed at byte %zu of %zu", i, m_count, at, m_parts[i].bytes);
                return false;
            }
        }
        return true;
    }

private:
    static constexpr unsigned parts_max = 16;
    struct Part {
        const uint8_t* place;
        size_t bytes;
        uint8_t* copy;
    };

    Part m_parts[parts_max] = {};
    unsigned m_count = 0;
};

}
