// How processes are made and how they go.
#pragma once

#include "services/memory/memory.h"
#include "services/process/process.h"

namespace services {

// An address space without regions, by the default class of processes. NO_MEMORY; BUSY when there are as many as the
// machine can tell apart.
kernel::Result<objects::Ref<Process>> make_process(objects::Ref<PageManager> manager);
// Shows pages of a cache to the process' programs. EXISTS, NO_MEMORY.
kernel::Status map(objects::Ref<Process> process, objects::Ref<FileCache> cache, uint64_t address, uint64_t pages,
    arch::Protection protection, uint64_t first_page = 0);
// The reverse, for the region that has the address. NOT_FOUND.
kernel::Status unmap(objects::Ref<Process> process, uint64_t address);
// Unmaps and destroys all regions, then the address space and the process. The caches stay their makers'. No thread runs
// in it any more.
kernel::Status destroy_process(objects::Ref<Process> process);

}
