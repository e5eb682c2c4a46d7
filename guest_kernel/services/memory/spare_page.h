// A frame with its descriptor, fetched without a cache's lock and put into the cache under it.
#pragma once

#include "services/memory/page_descriptor.h"
#include "services/memory/page_manager.h"

namespace services {

class SparePage {
public:
    explicit SparePage(objects::Ref<PageManager> manager) : m_manager(manager) {}
    // What was not put to use goes back.
    ~SparePage();
    SparePage(const SparePage&) = delete;
    SparePage& operator=(const SparePage&) = delete;

    // Parked while caches write to free a page. NO_MEMORY.
    kernel::Status obtain(kernel::Ticket& ticket);
    PageDescriptor* get() const { return m_page; }
    PageDescriptor* release();

private:
    objects::Ref<PageManager> m_manager;
    PageDescriptor* m_page = nullptr;
};

}
