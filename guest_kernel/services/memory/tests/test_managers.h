// Page managers with an allocator of their own, so that it can be seen that every page comes back.
#pragma once

#include "objects/counted_scope.h"
#include "objects/lifetime.h"
#include "services/memory/memory.h"
#include "services/memory/pm_root.h"
#include "services/memory/tests/test_allocator.h"

namespace services::tests {

class Managers {
public:
    // Of the leaf; 0: none. Of the allocator.
    explicit Managers(uint64_t limit = 0, uint64_t pages = 64)
    {
        objects::CountedScope scope;
        m_allocator = objects::create<TestAllocatorRoot>(pages).value();
        root = objects::create<PMRootRoot>(PageManager::Creation{m_allocator, {}, 0}).value();
        leaf = make_page_manager(root, limit).value();
    }
    ~Managers()
    {
        {
            objects::CountedScope scope;
            EXPECT(m_allocator->pages_in_use().value() == 0);
            EXPECT(leaf->pages_held().value() == 0 && root->pages_held().value() == 0);
            EXPECT(destroy_page_manager(leaf, root).ok());
            EXPECT(objects::destroy(root.reference()).ok());
            EXPECT(objects::destroy(m_allocator.reference()).ok());
        }
        objects::drain_dead_objects();
    }
    Managers(const Managers&) = delete;
    Managers& operator=(const Managers&) = delete;

    objects::Ref<PageManager> root;
    objects::Ref<PageManager> leaf;

private:
    objects::Ref<PageAllocator> m_allocator;
};

inline uint64_t figure(objects::Ref<FileCache> cache, CacheFigure which)
{
    objects::CountedScope scope;
    return cache->figure(which).value();
}

}
