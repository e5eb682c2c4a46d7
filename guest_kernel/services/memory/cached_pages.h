// The pages that a cache has, found by their number.
#pragma once

#include "services/memory/page_descriptor.h"

namespace services {

// Plain data, copied as a whole when another object takes the pages over; they stay where they are. Guarded by the lock of
// the cache that has it.
class CachedPages {
public:
    PageDescriptor* find(uint64_t index) const
    {
        auto* page = m_buckets[index % buckets];
        while (page != nullptr && page->index != index)
            page = page->next;
        return page;
    }
    void insert(PageDescriptor& page)
    {
        auto*& bucket = m_buckets[page.index % buckets];
        page.next = bucket;
        bucket = &page;
        ++m_count;
    }
    void remove(PageDescriptor& page)
    {
        auto** link = &m_buckets[page.index % buckets];
        while (*link != &page)
            link = &(*link)->next;
        *link = page.next;
        page.next = nullptr;
        --m_count;
    }
    uint64_t count() const { return m_count; }

    // Visits pages until visit(PageDescriptor&), which may remove the one it is given, returns true: whether one did.
    template <typename Visit>
    bool visit_until(Visit visit) const
    {
        // What has handed its pages over has the buckets still.
        if (m_count == 0)
            return false;
        for (auto* page : m_buckets) {
            while (page != nullptr) {
                PageDescriptor* next = page->next;
                if (visit(*page))
                    return true;
                page = next;
            }
        }
        return false;
    }
    template <typename Visit>
    void for_each(Visit visit) const
    {
        visit_until([&visit](PageDescriptor& page) {
            visit(page);
            return false;
        });
    }
    // Of the pages for which test(const PageDescriptor&) holds.
    template <typename Test>
    uint64_t count_if(Test test) const
    {
        uint64_t count = 0;
        for_each([&](const PageDescriptor& page) { count += test(page); });
        return count;
    }

private:
    static constexpr unsigned buckets = 32;

    PageDescriptor* m_buckets[buckets] = {};
    uint64_t m_count = 0;
};

}
