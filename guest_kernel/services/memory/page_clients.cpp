#include "services/memory/page_clients.h"

#include "kernel/heap.h"

namespace services {

using kernel::Code;
using kernel::Status;

// The link that leads to the client, or the last link.
PageClient** PageClients::find(objects::Reference reference)
{
    auto** link = &m_first;
    while (*link != nullptr && (*link)->reference != reference)
        link = &(*link)->next;
    return link;
}

Status PageClients::add(objects::Reference reference)
{
    auto** link = find(reference);
    if (*link != nullptr)
        return Code::EXISTS;
    *link = kernel::make<PageClient>(kernel::Tag::Service, reference);
    if (*link == nullptr)
        return Code::NO_MEMORY;
    ++m_count;
    return {};
}

Status PageClients::remove(objects::Reference reference)
{
    auto** link = find(reference);
    PageClient* client = *link;
    if (client == nullptr)
        return Code::NOT_FOUND;
    *link = client->next;
    kernel::destroy(client);
    --m_count;
    return {};
}

objects::Reference PageClients::rotate()
{
    PageClient* client = m_first;
    m_first = client->next;
    client->next = nullptr;
    auto** link = &m_first;
    while (*link != nullptr)
        link = &(*link)->next;
    *link = client;
    return client->reference;
}

void PageClients::free_all()
{
    while (m_first != nullptr) {
        PageClient* next = m_first->next;
        kernel::destroy(m_first);
        m_first = next;
    }
    m_count = 0;
}

}
