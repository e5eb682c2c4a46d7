#include "kernel/thread.h"
#include "services/memory/memory.h"
#include "services/process/make_process.h"
#include "services/process/program.h"
#include "workload/job_programs.h"
#include "workload/jobs/household.h"

namespace workload {

namespace {

constexpr uint64_t max_processes = 2;
constexpr uint64_t max_pages = 6;

Job live(JobClient& client, Household& household)
{
    const uint64_t pages = 1 + client.random.below(max_pages);
    const uint64_t first = client.random.next();
    auto* ticket = &kernel::current_thread()->ticket();
    const auto built = co_await part(build(client, household));
    if (!built.is_right())
        co_return built;
    auto& [manager, memory, process] = household;
    memory = co_await required("make a cache", [&] { return services::make_anonymous_cache(manager); });
    co_await required("map memory", [&] {
        return services::map(process, memory, data_address, pages, arch::Protection::READ_WRITE);
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
