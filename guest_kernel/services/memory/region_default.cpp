#include "services/memory/region_default.h"

#include "services/memory/file_cache.h"
#include "services/memory/paging_figures.h"

namespace services {

using kernel::Code;
using kernel::Status;

inline namespace v1 {

constinit objects::FactoryMadeClass RegionDefault::descriptor
    = objects::factory_class<RegionDefaultRoot>("RegionDefault", "Region", 1);

Status RegionDefault::open()
{
    const CacheWindow window{root().reference(), m_state.translation, m_state.address, m_state.first_page, m_state.pages};
    return m_state.cache->open_window(&window);
}

Status RegionDefault::close(kernel::Ticket*)
{
    return m_state.cache->close_window(root().reference());
}

Status RegionDefault::handle_fault(uint64_t address, Access access, kernel::Ticket* ticket)
{
    count(paging_figures().faults);
    const uint64_t page = (address - m_state.address) / abi::PAGE_SIZE;
    if (page >= m_state.pages || !allows(m_state.protection, access))
        return Code::FAULT;
    const PageFault fault{m_state.first_page + page, m_state.translation, m_state.address + page * abi::PAGE_SIZE, access,
        m_state.protection};
    return m_state.cache->map_page(&fault, ticket);
}

Status RegionDefault::discard(uint64_t address, uint64_t pages, kernel::Ticket* ticket)
{
    const uint64_t page = (address - m_state.address) / abi::PAGE_SIZE;
    if (page >= m_state.pages || pages > m_state.pages - page)
        return Code::FAULT;
    return m_state.cache->discard(m_state.first_page + page, pages, ticket);
}

static const objects::ClassRegistration registration(RegionDefault::descriptor);

}

}
