#include "services/files/block_space.h"

#include "kernel/panic.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

namespace {

constexpr uint64_t words_per_block = abi::DISK_BLOCK_SIZE / sizeof(uint64_t);

}

Status BlockSpace::start(const Geometry& geometry)
{
    m_map = static_cast<MetadataBlock**>(
        kernel::allocate(geometry.map_blocks * sizeof(MetadataBlock*), kernel::Tag::Service));
    if (m_map == nullptr)
        return Code::NO_MEMORY;
    for (uint64_t i = 0; i < geometry.map_blocks; ++i)
        m_map[i] = TRY(m_cache.pin(geometry.map_first + i));
    m_words = geometry.map_blocks * words_per_block;
    for (uint64_t i = 0; i < m_words; ++i)
        m_free += static_cast<uint64_t>(__builtin_popcountll(~*word(i)));
    const uint64_t limit = m_words * BlockSet::word_bits;
    TRY(m_running.start(limit));
    TRY(m_committing.start(limit));
    return m_logged.start(limit);
}

Result<uint64_t> BlockSpace::take()
{
    for (uint64_t tried = 0; tried < m_words; ++tried) {
        const uint64_t index = (m_next + tried) % m_words;
        const uint64_t free = ~(*word(index) | held(index));
        if (free == 0)
            continue;
        m_next = index;
        const uint64_t block = index * BlockSet::word_bits + static_cast<uint64_t>(__builtin_clzll(free));
        change(block, true);
        return block;
    }
    return Code::NO_SPACE;
}

void BlockSpace::put_back(uint64_t block) { change(block, false); }

void BlockSpace::release(uint64_t block)
{
    change(block, false);
    m_running.add(block);
}

void BlockSpace::committed(const BlockSet& in_log)
{
    m_logged.take_from(m_committing, &in_log);
}

uint64_t* BlockSpace::word(uint64_t index) const
{
    return m_map[index / words_per_block]->as<uint64_t>() + index % words_per_block;
}

uint64_t BlockSpace::held(uint64_t index) const
{
    return m_running.word(index) | m_committing.word(index) | m_logged.word(index);
}

void BlockSpace::change(uint64_t block, bool used)
{
    uint64_t& bits = *word(block / BlockSet::word_bits);
    const uint64_t mask = BlockSet::mask(block);
    kernel::check(((bits & mask) != 0) != used, "a block is allocated or freed twice");
    bits ^= mask;
    m_free += used ? uint64_t(-1) : 1;
    m_cache.changed(*m_map[block / map_bits_per_block]);
}

}
