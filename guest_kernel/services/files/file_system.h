// Names, directories and files on the machine's disk.
#pragma once

#include "kernel/park.h"
#include "objects/root.h"

namespace services {

class Volume;

// What has been done since the start, and what there is; the figures of one moment.
struct FileStatistics {
    uint64_t files_created = 0;
    uint64_t directories_created = 0;
    uint64_t removed = 0;
    uint64_t opens = 0;
    uint64_t closes = 0;
    // Files open now, each counted once, and how often all of them are open.
    uint64_t files_open = 0;
    uint64_t openings = 0;
    uint64_t pages_read = 0;
    uint64_t pages_written = 0;
    // Transactions that reached the disk, commands to make writes durable, and times the log was emptied.
    uint64_t commits = 0;
    uint64_t flushes = 0;
    uint64_t checkpoints = 0;
    uint64_t blocks_free = 0;
    uint64_t inodes_free = 0;
};

// A name in a directory, as list gives it.
struct FileName {
    char text[56];
};

// Reached through the well-known name "file-system". Paths begin with "/" and have names of up to 55 bytes between
// slashes. A call that must wait for the disk is parked; called again with the same arguments it goes on. Each change
// happens whole or not at all, also across a power cut, and is durable once sync, or a file's own, has succeeded.
class FileSystem : public objects::Object {
public:
    // The volume is the file system's from then on.
    struct Creation {
        Volume* volume = nullptr;
    };

    // EXISTS; NOT_FOUND for the directory it is to be in; INVALID for a path that is none; NO_SPACE when the
    // disk is full.
    virtual kernel::Status make_directory(const char* path, kernel::Ticket* ticket) = 0;
    virtual kernel::Status create_file(const char* path, kernel::Ticket* ticket) = 0;
    // A file, which goes on existing without a name while it is open, or an empty directory (BUSY when it is not empty).
    virtual kernel::Status remove(const char* path, kernel::Ticket* ticket) = 0;
    // The FileRepresentative of a file, counted for each open. INVALID for a directory.
    virtual kernel::Result<objects::LocalEntry*> open(const char* path, kernel::Ticket* ticket) = 0;
    // One more opening of what is open already: for a region that maps it. GONE.
    virtual kernel::Status open_again(objects::LocalEntry* representative) = 0;
    // The last one closes and destroys cache and representative, also when what was dirty could not be written (IO_ERROR).
    virtual kernel::Status close(objects::LocalEntry* representative, kernel::Ticket* ticket) = 0;
    // The first name at or after `position`, which starts at 0; the value is where to go on from. NOT_FOUND: no more.
    virtual kernel::Result<uint64_t> list(const char* path, uint64_t position, FileName* name, kernel::Ticket* ticket) = 0;
    // When it succeeds, everything that was changed before survives a power cut, but for pages in caches.
    virtual kernel::Status sync(kernel::Ticket* ticket) = 0;
    virtual kernel::Status statistics(FileStatistics* statistics) = 0;
    // Syncs, and forgets all metadata that can be read again; how many blocks.
    virtual kernel::Result<uint64_t> shrink(kernel::Ticket* ticket) = 0;

    using Methods = objects::MethodList<&FileSystem::make_directory, &FileSystem::create_file, &FileSystem::remove,
        &FileSystem::open, &FileSystem::open_again, &FileSystem::close, &FileSystem::list, &FileSystem::sync,
        &FileSystem::statistics, &FileSystem::shrink>;

protected:
    ~FileSystem() = default;
};

// The state is the address of the Volume.
inline constexpr objects::Format file_system_format{"file-system.volume/1"};

}
