#include "services/memory/spare_page.h"

#include "kernel/heap.h"

namespace services {

SparePage::~SparePage()
{
    if (m_page == nullptr)
        return;
    m_manager->free_page(m_page->frame).ignore();
    kernel::destroy(m_page);
}

kernel::Status SparePage::obtain(kernel::Ticket& ticket)
{
    void* frame = TRY(m_manager->allocate_page(&ticket));
    m_page = kernel::make<PageDescriptor>(kernel::Tag::Service);
    if (m_page == nullptr) {
        m_manager->free_page(frame).ignore();
        return kernel::Code::NO_MEMORY;
    }
    m_page->frame = frame;
    return {};
}

PageDescriptor* SparePage::release()
{
    PageDescriptor* page = m_page;
    m_page = nullptr;
    return page;
}

}
