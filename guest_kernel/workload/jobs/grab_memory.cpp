#include "kernel/heap.h"
#include "workload/jobs/jobs.h"
#include "workload/stamped_pages.h"

namespace workload {

namespace {

constexpr uint64_t max_pages = 3;

// Blocks of pages that one job holds.
class Hoard {
public:
    Hoard(objects::Ref<services::KernelPages> allocator, uint64_t places)
        : m_allocator(allocator), m_places(places),
          m_blocks(static_cast<StampedPages*>(kernel::allocate(places * sizeof(StampedPages), kernel::Tag::Workload)))
    {
    }
    ~Hoard()
    {
        release_all().ignore();
        kernel::deallocate(m_blocks);
    }
    Hoard(const Hoard&) = delete;
    Hoard& operator=(const Hoard&) = delete;

    bool full() const { return m_blocks == nullptr || m_count == m_places; }
    Status take(uint64_t pages, uint64_t stamp)
    {
        auto* block = new (&m_blocks[m_count]) StampedPages;
        TRY(block->take(m_allocator, pages, stamp));
        ++m_count;
        return {};
    }
    // A failure when one was not as it was left.
    Status release_all()
    {
        Status all;
        while (m_count > 0) {
            const Status released = m_blocks[--m_count].release(m_allocator);
            if (!released.ok())
                all = released;
        }
        return all;
    }

private:
    objects::Ref<services::KernelPages> m_allocator;
    uint64_t m_places;
    uint64_t m_count = 0;
    StampedPages* m_blocks;
};

}

Job grab_memory(JobClient& client)
{
    Hoard hoard(client.services->pages, 1 + client.random.below(client.services->blocks_to_grab));
    Status taken;
    while (!hoard.full() && taken.ok())
        taken = hoard.take(1 + client.random.below(max_pages), client.random.next());
    const Status released = hoard.release_all();
    if (!released.ok())
        co_return Answer{"find pages as they were left", released};
    co_return taken.ok() || taken == Code::NO_MEMORY ? right : Answer{"take pages", taken};
}

}
