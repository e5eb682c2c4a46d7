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

// Before a client's first job: its directory is there, without the files of an earlier run.
Job begin_files(JobClient& client);
// After its last: what its files hold is on the disk.
Job end_files(JobClient& client);
// Writes some chunks of a file, which it makes where there is none, and reads them back; now and then with a forced sync.
Job write_file(JobClient& client);
// Reads a whole file.
Job read_file(JobClient& client);
// Removes a file, which cannot be opened then.
Job remove_file(JobClient& client);
// Maps a file into a process, whose program adds up its labels or changes them.
Job map_file(JobClient& client);

}
