#include "workload/job_programs.h"

#include "kernel/thread.h"
#include "services/memory/memory.h"

extern "C" {
extern const char job_program_fill[], job_program_sum[], job_programs_end[];
}

namespace workload {

namespace {

constexpr uint64_t values_in_page = 4;

}

uint64_t fill_program() { return text_address; }

uint64_t sum_program() { return text_address + static_cast<uint64_t>(job_program_sum - job_program_fill); }

uint64_t sum_of_filled(uint64_t pages, uint64_t first)
{
    const uint64_t count = pages * values_in_page;
    return count * first + count * (count - 1) / 2;
}

kernel::Result<objects::Ref<services::FileCache>> make_programs()
{
    const auto cache = TRY(services::make_anonymous_cache(services::root_page_manager()));
    const auto bytes = static_cast<uint64_t>(job_programs_end - job_program_fill);
    TRY(cache->write(0, job_program_fill, bytes, &kernel::current_thread()->ticket()));
    return cache;
}

}
