// How open files come to their caches, which belong to the memory system.
#pragma once

#include "objects/reference.h"

namespace services {

// A new cache for the file behind `representative`, open.
using FileCacheMaker = kernel::Result<objects::Reference> (*)(objects::Reference representative);

// Once, at start, by the memory system.
void set_file_cache_maker(FileCacheMaker maker);

// UNSUPPORTED before there is a maker.
kernel::Result<objects::Reference> make_file_cache(objects::Reference representative);

}
