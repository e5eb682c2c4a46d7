#include "services/memory/memory_descriptor.h"

#include "kernel/panic.h"

namespace services {

void SpareDescriptors::add(MemoryDescriptor& descriptor)
{
    descriptor = {m_first, 0, 0, MemoryDescriptor::Use::Spare};
    m_first = &descriptor;
}

MemoryDescriptor* SpareDescriptors::take()
{
    MemoryDescriptor* descriptor = m_first;
    if (descriptor != nullptr) {
        kernel::check(descriptor->use == MemoryDescriptor::Use::Spare, "a spare memory descriptor is in use");
        m_first = descriptor->next;
    }
    return descriptor;
}

void FreeRanges::insert(MemoryDescriptor& range, SpareDescriptors& spares)
{
    m_pages += range.count;
    range.use = MemoryDescriptor::Use::Free;
    MemoryDescriptor* before = nullptr;
    MemoryDescriptor* after = m_first;
    while (after != nullptr && after->page < range.page) {
        before = after;
        after = after->next;
    }
    range.next = after;
    (before == nullptr ? m_first : before->next) = &range;
    if (after != nullptr && range.page + range.count == after->page) {
        range.count += after->count;
        range.next = after->next;
        spares.add(*after);
    }
    if (before != nullptr && before->page + before->count == range.page) {
        before->count += range.count;
        before->next = range.next;
        spares.add(range);
    }
}

uint64_t FreeRanges::take(uint64_t count, SpareDescriptors& spares)
{
    for (auto** link = &m_first; *link != nullptr; link = &(*link)->next) {
        auto& range = **link;
        kernel::check(range.use == MemoryDescriptor::Use::Free, "a free range's memory descriptor is in use");
        if (range.count < count)
            continue;
        range.count -= count;
        m_pages -= count;
        const uint64_t page = range.page + range.count;
        if (range.count == 0) {
            *link = range.next;
            spares.add(range);
        }
        return page;
    }
    return 0;
}

void UsedRanges::insert(MemoryDescriptor& range)
{
    kernel::check(range.use == MemoryDescriptor::Use::Spare, "a memory descriptor was given out twice");
    range.use = MemoryDescriptor::Use::InUse;
    m_pages += range.count;
    auto*& bucket = m_buckets[range.page % buckets];
    range.next = bucket;
    bucket = &range;
}

MemoryDescriptor* UsedRanges::remove(uint64_t page)
{
    for (auto** link = &m_buckets[page % buckets]; *link != nullptr; link = &(*link)->next) {
        auto& range = **link;
        kernel::check(range.use == MemoryDescriptor::Use::InUse, "a used range's memory descriptor is free");
        if (range.page == page) {
            *link = range.next;
            m_pages -= range.count;
            return &range;
        }
    }
    return nullptr;
}

}
