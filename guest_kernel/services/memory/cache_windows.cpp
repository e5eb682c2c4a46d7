#include "services/memory/cache_windows.h"

#include "kernel/heap.h"

namespace services {

kernel::Status CacheWindows::add(const CacheWindow& window)
{
    auto* node = kernel::make<Node>(kernel::Tag::Service, window, m_first);
    if (node == nullptr)
        return kernel::Code::NO_MEMORY;
    m_first = node;
    return {};
}

const CacheWindow* CacheWindows::find(objects::Reference region) const
{
    for (const auto* node = m_first; node != nullptr; node = node->next) {
        if (node->window.region == region)
            return &node->window;
    }
    return nullptr;
}

void CacheWindows::remove(objects::Reference region)
{
    auto** link = &m_first;
    while ((*link)->window.region != region)
        link = &(*link)->next;
    Node* node = *link;
    *link = node->next;
    kernel::destroy(node);
}

void CacheWindows::free_all()
{
    while (m_first != nullptr) {
        Node* next = m_first->next;
        kernel::destroy(m_first);
        m_first = next;
    }
}

}
