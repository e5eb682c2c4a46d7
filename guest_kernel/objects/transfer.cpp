#include "objects/transfer.h"

#include "kernel/heap.h"
#include "kernel/heap_rules.h"
#include "kernel/text.h"

namespace objects {

const Format* negotiate(FormatList exported, FormatList imported)
{
    for (unsigned i = 0; i < exported.count; ++i) {
        for (unsigned j = 0; j < imported.count; ++j) {
            if (kernel::equal(exported.first[i].name, imported.first[j].name))
                return &exported.first[i];
        }
    }
    return nullptr;
}

TransferArena::~TransferArena()
{
    discard();
}

void TransferArena::lend(void* memory, size_t bytes)
{
    m_memory = static_cast<uint8_t*>(memory);
    m_room = bytes;
    m_lent = true;
}

void TransferArena::free_own()
{
    if (!m_lent)
        kernel::deallocate(m_memory);
    m_lent = false;
}

void TransferArena::discard()
{
    free_own();
    m_memory = nullptr;
    m_room = m_capacity = 0;
    reset();
}

Status TransferArena::reserve(size_t bytes)
{
    if (bytes <= m_capacity)
        return {};
    if (bytes > m_room) {
        auto* memory = static_cast<uint8_t*>(kernel::allocate(bytes, kernel::Tag::Transfer));
        if (memory == nullptr)
            return Code::NO_MEMORY;
        free_own();
        m_memory = memory;
        m_room = bytes;
    }
    m_capacity = bytes;
    reset();
    return {};
}

void TransferArena::reset()
{
    m_used = 0;
    for (auto& parcel : m_parcels)
        parcel = {};
}

Status TransferArena::place(unsigned cpu, size_t bytes)
{
    const size_t rounded = arena_size(bytes);
    // Relaxed: the parcels are published by the barrier between export and import.
    const size_t start = __atomic_fetch_add(&m_used, rounded, __ATOMIC_RELAXED);
    if (start + rounded > m_capacity || kernel::HeapRules::must_fail())
        return Code::TOO_LARGE;
    m_parcels[cpu] = {m_memory + start, bytes};
    return {};
}

}
