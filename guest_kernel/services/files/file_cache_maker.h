// How open files come to their caches, which belong to the memory system.
#pragma once

#include "objects/reference.h"
#include "kernel/park.h"

namespace services {

// Set once at start by the memory system.
struct FileCacheMaker {
    // A new cache for the file that this represents.
    kernel::Result<objects::Reference> (*make)(objects::Reference representative);
    // Unforced sync: everything that is dirty has been written when it succeeds. May park.
    kernel::Status (*write_back)(objects::Reference cache, kernel::Ticket& ticket);
};
void set_file_cache_maker(const FileCacheMaker& maker);

// UNSUPPORTED before there is a maker.
kernel::Result<objects::Reference> make_file_cache(objects::Reference representative);
kernel::Status write_back(objects::Reference cache, kernel::Ticket& ticket);

}
