#include "services/memory/pm_root.h"

#include "services/memory/page_allocator.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

namespace {

// Pages that are taken back at a time when there are none left, so that not every page costs a round of all caches.
constexpr uint64_t pages_at_a_time = 8;

}

inline namespace v1 {

constinit objects::FactoryMadeClass PMRoot::descriptor = objects::factory_class<PMRootRoot>("PMRoot", "PageManager", 1);

Result<void*> PMRoot::take_frame(kernel::Ticket* ticket)
{
    for (;;) {
        const auto frame = m_state.creation.allocator->allocate_pages(1);
        if (frame.code() != Code::NO_MEMORY)
            return frame;
        if (TRY(give_back(pages_at_a_time, ticket)) == 0)
            return Code::NO_MEMORY;
    }
}

Status PMRoot::return_frame(void* frame)
{
    return m_state.creation.allocator->free_pages(frame);
}

static const objects::ClassRegistration registration(PMRoot::descriptor);

}

}
