// Where a directory has an entry.
#pragma once

#include "services/files/volume.h"

namespace services {

struct Volume::Place {
    MetadataBlock* block = nullptr;
    uint64_t index = 0;
};

}
