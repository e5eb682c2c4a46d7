#include "services/memory/pm_leaf.h"

namespace services {

inline namespace v1 {

constinit objects::FactoryMadeClass PMLeaf::descriptor = objects::factory_class<PMLeafRoot>("PMLeaf", "PageManager", 1);

kernel::Result<void*> PMLeaf::take_frame(kernel::Ticket* ticket)
{
    return m_state.creation.parent->allocate_page(ticket);
}

kernel::Status PMLeaf::return_frame(void* frame)
{
    return m_state.creation.parent->free_page(frame);
}

static const objects::ClassRegistration registration(PMLeaf::descriptor);

}

}
