#include "workload/job_thread.h"

#include "kernel/generation.h"
#include "kernel/owned.h"
#include "kernel/thread.h"
#include "workload/workload.h"

namespace workload {

namespace {

void entry(uint64_t argument)
{
    kernel::OuterLoop loop;
    kernel::Owned<Job> job(reinterpret_cast<Job*>(argument));
    while (job->go_on().is_parked())
        loop.wait(kernel::current_thread()->ticket());
}

}

Status start_thread(const char* name, Job job)
{
    if (!job)
        return Code::NO_MEMORY;
    kernel::Owned<Job> owned(kernel::make<Job>(kernel::Tag::Workload, static_cast<Job&&>(job)));
    if (!owned)
        return Code::NO_MEMORY;
    const kernel::ThreadOptions options{.name = name, .priority = client_priority};
    TRY(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(owned.get())));
    owned.release();
    return {};
}

}
