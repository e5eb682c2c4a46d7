#include "kernel/slab.h"

#include "kernel/panic.h"
#include "kernel/poison.h"

namespace kernel {

namespace {

constexpr size_t round_up(size_t value, size_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

}

Slab::Slab(unsigned size_class) : m_size_class(static_cast<uint16_t>(size_class))
{
    static_assert((abi::PAGE_SIZE - sizeof(Slab)) / (class_sizes[0] + 1) <= 64 * bitmap_words);
    const size_t size = class_sizes[size_class];
    size_t blocks = (abi::PAGE_SIZE - sizeof(Slab)) / (size + 1);
    while (round_up(sizeof(Slab) + blocks, block_alignment) + blocks * size > abi::PAGE_SIZE)
        --blocks;
    m_first = static_cast<uint16_t>(round_up(sizeof(Slab) + blocks, block_alignment));
    m_blocks = m_free = static_cast<uint16_t>(blocks);
    for (size_t i = 0; i < blocks; ++i) {
        tags()[i] = no_tag;
        m_free_blocks[i / 64] |= uint64_t{1} << (i % 64);
    }
    poison(first_block(), blocks * size);
}

Slab& Slab::of(const void* block)
{
    Slab* slab = find(block);
    check(slab != nullptr, "freed memory is not the heap's");
    return *slab;
}

Slab* Slab::find(const void* block)
{
    const auto address = reinterpret_cast<uint64_t>(block);
    auto* slab = reinterpret_cast<Slab*>(address & ~(abi::PAGE_SIZE - 1));
    return slab->m_magic == magic ? slab : nullptr;
}

size_t Slab::index_of(const void* block)
{
    const auto offset = static_cast<size_t>(static_cast<const uint8_t*>(block) - first_block());
    const size_t index = offset / block_size();
    check(index * block_size() == offset && index < m_blocks, "an address inside a heap block is freed");
    return index;
}

void* Slab::take()
{
    for (unsigned word = 0; word < bitmap_words; ++word) {
        if (m_free_blocks[word] == 0)
            continue;
        const auto bit = static_cast<unsigned>(__builtin_ctzll(m_free_blocks[word]));
        m_free_blocks[word] &= m_free_blocks[word] - 1;
        --m_free;
        return first_block() + (word * 64 + bit) * block_size();
    }
    return nullptr;
}

void Slab::put(void* block)
{
    const size_t index = index_of(block);
    const uint64_t bit = uint64_t{1} << (index % 64);
    ASSERT((m_free_blocks[index / 64] & bit) == 0);
    m_free_blocks[index / 64] |= bit;
    ++m_free;
}

void Slab::set_tag(const void* block, Tag tag)
{
    tags()[index_of(block)] = static_cast<uint8_t>(tag);
}

Tag Slab::clear_tag(const void* block)
{
    uint8_t& slot = tags()[index_of(block)];
    const uint8_t tag = slot;
    check(tag != no_tag, "heap memory is freed twice");
    slot = no_tag;
    return static_cast<Tag>(tag);
}

size_t SlabPool::take(void** blocks, size_t wanted)
{
    SpinGuard guard(m_lock);
    size_t taken = 0;
    while (taken < wanted) {
        Slab* slab = m_available.first();
        if (slab == nullptr)
            break;
        if (slab->empty())
            --m_empty;
        while (taken < wanted && !slab->full())
            blocks[taken++] = slab->take();
        if (slab->full())
            m_available.remove(*slab);
    }
    return taken;
}

Slab* SlabPool::put(void* block)
{
    Slab& slab = Slab::of(block);
    SpinGuard guard(m_lock);
    if (slab.full())
        m_available.prepend(slab);
    slab.put(block);
    if (!slab.empty())
        return nullptr;
    if (m_empty == 0) {
        ++m_empty;
        return nullptr;
    }
    m_available.remove(slab);
    return &slab;
}

void SlabPool::add(Slab& slab)
{
    SpinGuard guard(m_lock);
    m_available.append(slab);
    ++m_empty;
}

Slab* SlabPool::take_empty()
{
    SpinGuard guard(m_lock);
    for (Slab* slab = m_available.first(); slab != nullptr; slab = SlabList::next(*slab)) {
        if (slab->empty()) {
            m_available.remove(*slab);
            --m_empty;
            return slab;
        }
    }
    return nullptr;
}

}
