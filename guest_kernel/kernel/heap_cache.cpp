#include "kernel/heap_cache.h"

namespace kernel {

void* HeapCache::take()
{
    SpinGuard guard(m_lock);
    return m_count == 0 ? nullptr : m_blocks[--m_count];
}

bool HeapCache::put(void* block)
{
    SpinGuard guard(m_lock);
    if (m_count == capacity)
        return false;
    m_blocks[m_count++] = block;
    return true;
}

size_t HeapCache::take_oldest(void** blocks, size_t wanted)
{
    SpinGuard guard(m_lock);
    const size_t count = wanted < m_count ? wanted : m_count;
    for (size_t i = 0; i < count; ++i)
        blocks[i] = m_blocks[i];
    m_count -= count;
    for (size_t i = 0; i < m_count; ++i)
        m_blocks[i] = m_blocks[i + count];
    return count;
}

}
