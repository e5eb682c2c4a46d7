// The kinds of jobs that a mix is made of.
#pragma once

#include "workload/job.h"
#include "workload/job_client.h"

namespace workload {

// Takes kernel memory until it has some number of blocks or there is no more, then finds it as it left it.
Job grab_memory(JobClient& client);
// Sends messages to a thread of its own, which answers each.
Job talk(JobClient& client);
// Puts messages on the board that all clients share and takes as many from it.
Job exchange(JobClient& client);
// Makes processes, each with memory of its own, and runs a program in each that fills its pages.
Job run_processes(JobClient& client);

}
