// A set of numbers below a limit, a bit for each.
#pragma once

#include <stdint.h>

#include "kernel/heap.h"

namespace services {

// The most significant bit comes first, as in the block map on the disk.
class BlockSet {
public:
    static constexpr uint64_t word_bits = 64;
    static constexpr uint64_t mask(uint64_t number) { return uint64_t{1} << (word_bits - 1 - number % word_bits); }

    BlockSet() = default;
    ~BlockSet() { kernel::deallocate(m_words); }
    BlockSet(const BlockSet&) = delete;
    BlockSet& operator=(const BlockSet&) = delete;

    // Empty, for numbers below `limit`. Once. NO_MEMORY.
    kernel::Status start(uint64_t limit)
    {
        m_count = (limit + word_bits - 1) / word_bits;
        m_words = static_cast<uint64_t*>(kernel::allocate(m_count * sizeof(uint64_t), kernel::Tag::Service));
        if (m_words == nullptr)
            return kernel::Code::NO_MEMORY;
        clear();
        return {};
    }
    void add(uint64_t number)
    {
        m_words[number / word_bits] |= mask(number);
        m_empty = false;
    }
    void remove(uint64_t number) { m_words[number / word_bits] &= ~mask(number); }
    bool has(uint64_t number) const { return (m_words[number / word_bits] & mask(number)) != 0; }
    uint64_t words() const { return m_count; }
    uint64_t word(uint64_t index) const { return m_words[index]; }
    // False only after something was added.
    bool empty() const { return m_empty; }
    void clear()
    {
        for (uint64_t i = 0; i < m_count; ++i)
            m_words[i] = 0;
        m_empty = true;
    }
    // Takes over those of `other` that `which` has (all, when that is null); `other` loses all.
    void take_from(BlockSet& other, const BlockSet* which = nullptr)
    {
        if (other.m_empty)
            return;
        for (uint64_t i = 0; i < m_count; ++i)
            m_words[i] |= other.m_words[i] & (which == nullptr ? ~uint64_t{0} : which->m_words[i]);
        m_empty = false;
        other.clear();
    }

private:
    uint64_t* m_words = nullptr;
    uint64_t m_count = 0;
    bool m_empty = true;
};

}
