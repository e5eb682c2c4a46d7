// What a job's process takes; made piece by piece, so that after a failure what there is can be given back.
#pragma once

#include "services/process/process.h"
#include "workload/jobs/jobs.h"

namespace workload {

struct Household {
    objects::Ref<services::PageManager> manager;
    // Of its own, where it has any.
    objects::Ref<services::FileCache> memory;
    objects::Ref<services::Process> process;
};

// As parts of a job. A process with a page manager of its own, into which the programs are mapped.
Job build(JobClient& client, Household& household);
// Every page it had comes back.
Job end(JobClient& client, Household& household);

}
