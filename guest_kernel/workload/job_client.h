// What the jobs of one client have in common.
#pragma once

#include "services/files/file_system.h"
#include "services/memory/file_cache.h"
#include "services/memory/kernel_pages.h"
#include "services/memory/page_manager.h"
#include "services/message/port.h"
#include "workload/job_files.h"
#include "workload/random.h"

namespace workload {

// The objects that all clients share.
struct JobServices {
    objects::Ref<services::KernelPages> pages;
    // At the most, of one to three pages each.
    uint64_t blocks_to_grab = 0;
    // Every client puts messages in and takes messages out, of whoever is first.
    objects::Ref<services::Port> board;
    // Memory of the clients' processes comes from below this one.
    objects::Ref<services::PageManager> manager;
    // Holds the programs that they run (workload/job_programs.h).
    objects::Ref<services::FileCache> programs;
    // None on a machine without one: jobs with files are not done then.
    objects::Ref<services::FileSystem> files;
};

// What a client's jobs did, to be compared with what the objects counted. Sums of words may wrap.
struct Tally {
    uint64_t posted = 0;
    uint64_t posted_sum = 0;
    uint64_t taken = 0;
    uint64_t taken_sum = 0;
    uint64_t processes = 0;
    uint64_t faults = 0;
    uint64_t files_created = 0;
    uint64_t files_removed = 0;
    uint64_t opens = 0;
    uint64_t closes = 0;
    uint64_t forced_syncs = 0;

    void add(const Tally& other);
};

struct JobClient {
    unsigned index = 0;
    const JobServices* services = nullptr;
    // Of the job that runs now, seeded for each from the client's own stream: how often a job was refused memory or came
    // late then changes nothing for the jobs that follow.
    Random random{0};
    Tally tally;
    JobFile files[files_of_client];
};

}
