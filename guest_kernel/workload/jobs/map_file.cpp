#include "kernel/thread.h"
#include "services/process/make_process.h"
#include "services/process/program.h"
#include "workload/job_programs.h"
#include "workload/jobs/household.h"
#include "workload/jobs/open_file.h"

namespace workload {

namespace {

using arch::Protection;

constexpr uint64_t chunks_in_page = abi::PAGE_SIZE / chunk_size;

uint64_t sum_of_labels(const JobFile& file, uint64_t pages)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < pages * chunks_in_page; ++i)
        sum += file.content[i].label;
    return sum;
}

void relabel(JobFile& file, uint64_t pages, uint64_t first)
{
    for (uint64_t i = 0; i < pages * chunks_in_page; ++i)
        file.content[i].label = first + i;
}

Job touch(JobClient& client, OpenJobFile open, Household& household)
{
    auto& file = client.files[open.number];
    // A program sees whole pages only: where the file ends within one, the rest is not the file's.
    const uint64_t pages = file.chunks / chunks_in_page;
    auto* ticket = &kernel::current_thread()->ticket();
    const auto built = co_await part(build(client, household));
    if (!built.is_right())
        co_return built;
    co_await required("map a file", [&] {
        return services::map(household.process, open.cache, data_address, pages, Protection::READ_WRITE);
    });
    services::Program program(household.process);
    const bool stores = client.random.below(2) == 0;
    const uint64_t first = client.random.next();
    program.start({stores ? fill_program() : sum_program(), data_address, {data_address, pages, first}});
    if (stores)
        relabel(file, pages, first);
    co_await required("run the program", [&] { return program.run(ticket); });
    ++client.tally.processes;
    client.tally.faults += program.faults();
    if (program.result() != sum_of_labels(file, pages))
        co_return Answer{"find the labels of the file", Code::INVALID};
    co_return right;
}

// The program's stores are in the file for those who read it, then and after the mapping has gone.
Job touch_mapped(JobClient& client, OpenJobFile open)
{
    if (client.files[open.number].chunks < chunks_in_page)
        co_return co_await part(write_some(client, open));
    Household household;
    const Answer touched = co_await part(touch(client, open, household));
    const Answer ended = co_await part(end(client, household));
    if (!touched.is_right())
        co_return touched;
    if (!ended.is_right())
        co_return ended;
    co_return co_await part(read_all(client, open));
}

}

Job map_file(JobClient& client)
{
    return with_some_file(client, touch_mapped);
}

}
