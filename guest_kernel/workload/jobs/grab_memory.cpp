#include "workload/jobs/jobs.h"
#include "workload/stamped_pages.h"

namespace workload {

namespace {

constexpr uint64_t max_blocks = 12;
constexpr uint64_t max_pages = 3;

}

Job grab_memory(JobClient& client)
{
    StampedPages blocks[max_blocks];
    const auto allocator = client.services->pages;
    const uint64_t wanted = 1 + client.random.below(max_blocks);
    uint64_t count = 0;
    Status taken;
    while (count < wanted && taken.ok()) {
        taken = blocks[count].take(allocator, 1 + client.random.below(max_pages), client.random.next());
        count += taken.ok();
    }
    Answer answer = taken.ok() || taken == Code::NO_MEMORY ? right : Answer{"take pages", taken};
    while (count > 0) {
        const Status released = blocks[--count].release(allocator);
        if (!released.ok())
            answer = {"find pages as they were left", released};
    }
    co_return answer;
}

}
