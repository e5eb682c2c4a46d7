#include "kernel/thread.h"
#include "services/process/make_process.h"
#include "services/process/program.h"
#include "workload/job_programs.h"
#include "workload/jobs/jobs.h"

namespace workload {

namespace {

using arch::Protection;
using services::FileCache;
using services::PageManager;
using services::Process;

constexpr uint64_t max_processes = 2;
constexpr uint64_t max_pages = 6;

// What one process takes; made piece by piece, so that a failure leaves what there is to be given back.
struct Household {
    objects::Ref<PageManager> manager;
    objects::Ref<FileCache> memory;
    objects::Ref<Process> process;
};

Job live(JobClient& client, Household& household)
{
    const uint64_t pages = 1 + client.random.below(max_pages);
    const uint64_t first = client.random.next();
    auto* ticket = &kernel::current_thread()->ticket();
    auto& [manager, memory, process] = household;
    manager = co_await required(
        "make a page manager", [&] { return services::make_page_manager(client.services->manager, 0); });
    memory = co_await required("make a cache", [&] { return services::make_anonymous_cache(manager); });
    process = co_await required("make a process", [&] { return services::make_process(manager); });
    co_await required("map the program", [&] {
        return services::map(process, client.services->programs, text_address, 1, Protection::READ_EXECUTE);
    });
    co_await required("map memory", [&] {
        return services::map(process, memory, data_address, pages, Protection::READ_WRITE);
    });
    services::Program program(process);
    program.start({fill_program(), data_address, {data_address, pages, first}});
    co_await required("run the program", [&] { return program.run(ticket); });
    if (program.result() != sum_of_filled(pages, first))
        co_return Answer{"find what the program stored", Code::INVALID};
    const uint64_t faults = co_await required("count faults", [&] { return process->faults(); });
    const uint64_t cached = co_await required(
        "count pages", [&] { return memory->figure(services::CacheFigure::Pages); });
    ++client.tally.processes;
    client.tally.faults += faults;
    co_return faults == program.faults() && cached == pages ? right : Answer{"count faults and pages", Code::INVALID};
}

Job end(JobClient& client, Household& household)
{
    auto* ticket = &kernel::current_thread()->ticket();
    auto& [manager, memory, process] = household;
    if (process)
        co_await required("destroy the process", [&] { return services::destroy_process(process); });
    if (memory)
        co_await required("destroy the cache", [&] { return services::destroy_cache(memory, ticket); });
    if (manager) {
        const uint64_t held = co_await required("count held pages", [&] { return manager->pages_held(); });
        co_await required("destroy the page manager",
            [&] { return services::destroy_page_manager(manager, client.services->manager); });
        if (held != 0)
            co_return Answer{"get every page back", Code::INVALID};
    }
    co_return right;
}

}

Job run_processes(JobClient& client)
{
    for (uint64_t left = 1 + client.random.below(max_processes); left > 0; --left) {
        Household household;
        const Answer lived = co_await part(live(client, household));
        const Answer ended = co_await part(end(client, household));
        if (!lived.is_right())
            co_return lived;
        if (!ended.is_right())
            co_return ended;
    }
    co_return right;
}

}
