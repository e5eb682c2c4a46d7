// Where regions show pages of a cache.
#pragma once

#include "services/memory/file_cache.h"

namespace services {

// Plain data, as CachedPages is.
class CacheWindows {
public:
    struct Node {
        CacheWindow window;
        Node* next = nullptr;
    };

    // NO_MEMORY.
    kernel::Status add(const CacheWindow& window);
    // Null when that region has none.
    const CacheWindow* find(objects::Reference region) const;
    void remove(objects::Reference region);
    void free_all();
    bool empty() const { return m_first == nullptr; }
    template <typename Visit>
    void for_each(Visit visit) const
    {
        for (const auto* node = m_first; node != nullptr; node = node->next)
            visit(node->window);
    }

private:
    Node* m_first = nullptr;
};

}
