#include "services/memory/region_list.h"

#include "kernel/heap.h"

namespace services {

using kernel::Code;
using kernel::Status;

Status RegionList::add(uint64_t address, uint64_t pages, objects::Ref<Region> region)
{
    const uint64_t bytes = pages * abi::PAGE_SIZE;
    for (const auto* node = m_first; node != nullptr; node = node->next) {
        if (address < node->extent.address + node->extent.bytes && node->extent.address < address + bytes)
            return Code::EXISTS;
    }
    auto* node = kernel::make<Node>(kernel::Tag::Process, RegionExtent{address, bytes, region}, m_first);
    if (node == nullptr)
        return Code::NO_MEMORY;
    m_first = node;
    return {};
}

RegionExtent RegionList::extent_of(uint64_t address) const
{
    for (const auto* node = m_first; node != nullptr; node = node->next) {
        if (node->extent.has(address))
            return node->extent;
    }
    return {};
}

objects::Ref<Region> RegionList::first() const
{
    return m_first == nullptr ? objects::Ref<Region>() : m_first->extent.region;
}

Status RegionList::remove(objects::Ref<Region> region)
{
    for (auto** link = &m_first; *link != nullptr; link = &(*link)->next) {
        Node* node = *link;
        if (node->extent.region.reference() != region.reference())
            continue;
        *link = node->next;
        kernel::destroy(node);
        return {};
    }
    return Code::NOT_FOUND;
}

uint64_t RegionList::count() const
{
    uint64_t count = 0;
    for (const auto* node = m_first; node != nullptr; node = node->next)
        ++count;
    return count;
}

}
