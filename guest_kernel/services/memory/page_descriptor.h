// One page of a file cache.
#pragma once

#include <stdint.h>

namespace services {

class PageTransfer;
struct PageWriterWork;

// Guarded by the lock of the cache that has it. `work` is read when a transfer ends, at exception level.
struct PageDescriptor {
    uint64_t index = 0;
    // In the linear map.
    void* frame = nullptr;
    // Differs from what the file has on the disk, or from zeros where there is no file.
    bool dirty = false;
    // An address space may lead here.
    bool mapped = false;
    // A program may have been allowed to store into it.
    bool stored = false;
    // Every CPU knows what it holds as code.
    bool fetchable = false;
    // The sync under way is to write it.
    bool wanted = false;
    // A write of it has been started, and its end has not been taken note of.
    bool writing = false;
    // Its contents are on the way from the file, or could not be had.
    bool reading = false;
    // Of a page that a file stands behind.
    PageTransfer* transfer = nullptr;
    // Whom to tell when a transfer of it has ended.
    PageWriterWork* work = nullptr;
    PageDescriptor* next = nullptr;
};

}
