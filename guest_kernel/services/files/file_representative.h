// An open file, as the memory system sees it.
#pragma once

#include "objects/root.h"
#include "kernel/park.h"

namespace services {

class PageTransfer;
struct OpenFile;

// One for each file that is open, however often. It moves whole pages between memory and disk and knows the length;
// what is cached is its file cache's matter. A call that needs metadata from the disk is parked; none waits inside.
class FileRepresentative : public objects::Object {
public:
    // By the file system alone. The open file is the representative's from when the file system says so.
    struct Creation {
        OpenFile* file = nullptr;
    };

    // Starts to fill the transfer's page with page `page` of the file, zeros where the file has none. Success: started
    // (or ended already, PageTransfer::outcome). IO_ERROR, NO_MEMORY and parked: not started.
    virtual kernel::Status start_read(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket) = 0;
    // Starts to write it; gives the file a block where it has none. Bytes beyond the length are the writer's to clear.
    // The length does not change. TOO_LARGE, NO_SPACE when the disk is full.
    virtual kernel::Status start_write(uint64_t page, PageTransfer* transfer, kernel::Ticket* ticket) = 0;
    virtual kernel::Result<uint64_t> length() = 0;
    // Blocks beyond a smaller length are freed, once no transfer of the file is in progress. TOO_LARGE.
    virtual kernel::Status set_length(uint64_t bytes, kernel::Ticket* ticket) = 0;
    // When it succeeds, every write of this file that had ended before, its length and its name survive a power cut.
    virtual kernel::Status sync_metadata(kernel::Ticket* ticket) = 0;
    // The file's cache (a FileCache), made on first use.
    virtual kernel::Result<objects::LocalEntry*> file_cache() = 0;
    virtual kernel::Result<uint64_t> inode() = 0;

    using Methods = objects::MethodList<&FileRepresentative::start_read, &FileRepresentative::start_write,
        &FileRepresentative::length, &FileRepresentative::set_length, &FileRepresentative::sync_metadata,
        &FileRepresentative::file_cache, &FileRepresentative::inode>;

protected:
    ~FileRepresentative() = default;
};

// The state is the address of the OpenFile.
inline constexpr objects::Format file_representative_format{"file-representative.open-file/1"};

}
