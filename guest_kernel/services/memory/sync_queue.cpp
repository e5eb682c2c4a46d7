#include "services/memory/sync_queue.h"

#include "kernel/heap.h"
#include "services/files/page_transfer.h"

namespace services {

void SyncQueue::append(SyncItem& item)
{
    auto** link = &m_first;
    while (*link != nullptr)
        link = &(*link)->next;
    item.next = nullptr;
    *link = &item;
}

void SyncQueue::remove(SyncItem& item)
{
    auto** link = &m_first;
    while (*link != &item)
        link = &(*link)->next;
    *link = item.next;
    item.next = nullptr;
}

SyncItem* SyncQueue::take_first()
{
    SyncItem* item = m_first;
    if (item != nullptr)
        remove(*item);
    return item;
}

SyncItem* SyncQueue::find_thread(uint64_t thread) const
{
    auto* item = m_first;
    while (item != nullptr && (item->type != SyncItem::Type::Thread || item->thread != thread))
        item = item->next;
    return item;
}

uint64_t SyncQueue::count() const
{
    uint64_t count = 0;
    for (const auto* item = m_first; item != nullptr; item = item->next)
        ++count;
    return count;
}

uint64_t SyncQueue::threads() const
{
    uint64_t threads = 0;
    for (const auto* item = m_first; item != nullptr; item = item->next)
        threads += item->type == SyncItem::Type::Thread;
    return threads;
}

void SyncQueue::free_all()
{
    while (auto* item = take_first())
        kernel::destroy(item);
}

void PagesInFlight::remove(PageDescriptor& page)
{
    for (unsigned i = 0; i < m_count; ++i) {
        if (m_pages[i] == &page) {
            m_pages[i] = m_pages[--m_count];
            return;
        }
    }
}

PageDescriptor* PagesInFlight::take_ended()
{
    for (unsigned i = 0; i < m_count; ++i) {
        PageDescriptor* page = m_pages[i];
        if (!page->transfer->in_progress()) {
            m_pages[i] = m_pages[--m_count];
            return page;
        }
    }
    return nullptr;
}

}
