#include "workload/jobs/household.h"

#include "kernel/thread.h"
#include "services/process/make_process.h"
#include "workload/job_programs.h"

namespace workload {

namespace {

// Address spaces run out as memory does: the numbers of destroyed ones are free a generation later.
kernel::Result<objects::Ref<services::Process>> new_process(objects::Ref<services::PageManager> manager)
{
    const auto made = services::make_process(manager);
    return made.status() == Code::BUSY ? Code::NO_MEMORY : made;
}

}

Job build(JobClient& client, Household& household)
{
    auto& [manager, memory, process] = household;
    manager = co_await required(
        "make a page manager", [&] { return services::make_page_manager(client.services->manager, 0); });
    process = co_await required("make a process", [&] { return new_process(manager); });
    co_await required("map the programs", [&] {
        return services::map(
            process, client.services->programs, text_address, 1, arch::Protection::READ_EXECUTE);
    });
    co_return right;
}

Job end(JobClient& client, Household& household)
{
    auto* ticket = &kernel::current_thread()->ticket();
    auto& [manager, memory, process] = household;
    if (process)
        co_await required("destroy the process", [&] { return services::destroy_process(process); });
    if (memory)
        co_await required("destroy the cache", [&] { return services::destroy_cache(memory, ticket); });
    if (!manager)
        co_return right;
    const uint64_t held = co_await required("count held pages", [&] { return manager->pages_held(); });
    co_await required("destroy the page manager",
        [&] { return services::destroy_page_manager(manager, client.services->manager); });
    co_return held == 0 ? right : Answer{"get every page back", Code::INVALID};
}

}
