// One page of a file cache.
#pragma once

#include <stdint.h>

namespace services {

class PageTransfer;
struct PageWriterWork;

// Guarded by the lock of the cache that has it, but for what the end of a transfer reads at exception level.
struct PageDescriptor {
    uint64_t index = 0;
    // In the linear map.
    void* frame = nullptr;
    // Differs from what the file has on the disk, or from zeros where there is no file.
    bool dirty = false;
    // An address space may lead here.
    bool mapped = false;
    // The sync under way is to write it.
    bool wanted = false;
    // A write of it has been started, and its end has not been taken note of. Read when the transfer ends.
    bool writing = false;
    // Of a page that a file stands behind.
    PageTransfer* transfer = nullptr;
    // Whom to tell when a write of it has ended.
    PageWriterWork* work = nullptr;
    PageDescriptor* next = nullptr;
};

}
