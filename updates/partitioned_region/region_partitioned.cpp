#include "region_partitioned.h"

#include "kernel/thread.h"
#include "services/memory/memory.h"
#include "services/memory/paging_figures.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;
using kernel::Ticket;

constinit objects::Kind PartitionedRegion::kind{"PartitionedRegion"};

inline namespace v1 {

constinit objects::FactoryMadeClass RegionPartitioned::descriptor
    = objects::factory_class<RegionPartitionedRoot>("RegionPartitioned", "PartitionedRegion", 1);

uint64_t RegionPartitioned::part_pages() const
{
    return (m_state.creation.pages + m_state.creation.partitions - 1) / m_state.creation.partitions;
}

// INVALID for a number of parts that cannot be.
Status RegionPartitioned::open()
{
    const auto& creation = m_state.creation;
    if (!creation.manager || creation.partitions == 0 || creation.partitions > max_partitions
        || creation.partitions > creation.pages)
        return Code::INVALID;
    for (uint64_t part = 0; part < creation.partitions; ++part) {
        const Status opened = open_part(part);
        if (!opened.ok()) {
            // Nothing has been touched, so nothing is waited for.
            close(&kernel::current_thread()->ticket()).ignore();
            return opened;
        }
    }
    return {};
}

Status RegionPartitioned::open_part(uint64_t part)
{
    const auto& creation = m_state.creation;
    const uint64_t first = part * part_pages();
    const uint64_t left = creation.pages - first;
    const auto cache = TRY(make_anonymous_cache(creation.manager));
    m_state.caches[part] = cache;
    const CacheWindow window{root().reference(), creation.translation, creation.address + first * abi::PAGE_SIZE, 0,
        left < part_pages() ? left : part_pages()};
    return cache->open_window(&window);
}

Status RegionPartitioned::close(Ticket* ticket)
{
    for (auto& cache : m_state.caches) {
        if (!cache)
            continue;
        // NOT_FOUND in the call again after a parked one.
        cache->close_window(root().reference()).ignore();
        TRY(destroy_cache(cache, ticket));
        cache = {};
    }
    return {};
}

Result<uint64_t> RegionPartitioned::page_of(uint64_t address) const
{
    const uint64_t page = (address - m_state.creation.address) / abi::PAGE_SIZE;
    if (page >= m_state.creation.pages)
        return Code::FAULT;
    return page;
}

Status RegionPartitioned::handle_fault(uint64_t address, Access access, Ticket* ticket)
{
    count(paging_figures().faults);
    const uint64_t page = TRY(page_of(address));
    if (!allows(m_state.creation.protection, access))
        return Code::FAULT;
    const PageFault fault{page % part_pages(), m_state.creation.translation,
        m_state.creation.address + page * abi::PAGE_SIZE, access, m_state.creation.protection};
    return m_state.caches[page / part_pages()]->map_page(&fault, ticket);
}

Status RegionPartitioned::discard(uint64_t address, uint64_t pages, Ticket* ticket)
{
    uint64_t page = TRY(page_of(address));
    if (pages > m_state.creation.pages - page)
        return Code::FAULT;
    while (pages != 0) {
        const uint64_t start = page % part_pages();
        const uint64_t room = part_pages() - start;
        const uint64_t here = pages < room ? pages : room;
        TRY(m_state.caches[page / part_pages()]->discard(start, here, ticket));
        page += here;
        pages -= here;
    }
    return {};
}

}

}
