// A thread that does one job and ends.
#pragma once

#include "workload/job.h"

namespace workload {

// The thread owns the job, whose answer nobody asks for. NO_MEMORY; the job is gone then.
Status start_thread(const char* name, Job job);

}
