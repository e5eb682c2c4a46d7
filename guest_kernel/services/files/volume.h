// The file system's state and what is done with it, below the objects that offer it.
#pragma once

#include "services/files/file_system.h"
#include "services/files/inode_table.h"
#include "services/files/journal.h"
#include "services/files/open_file.h"

namespace services {

class PageTransfer;

// What the wait that this call's ticket was for has come to; success when there was none.
kernel::Status take_result(kernel::Ticket& ticket);

// One name in a path.
struct PathName {
    const char* text = nullptr;
    size_t length = 0;
};

// Reached by the file system's object and by open files, of whatever version; it hands itself over as a whole.
//
// Every change gathers first: it reads what it needs, and is parked where that must come from the disk, having changed
// nothing. Then it is made, which cannot fail, so that it is whole in its transaction.
//
// The lock is a mutex that is held while memory is allocated and objects are created, never while the disk is awaited
// nor while an object is destroyed, which may wait for a swap.
class Volume {
public:
    // Of the machine's disk: reads what is there after replaying the log, or formats a blank one. Waits for the disk in
    // place. INVALID when there is something else on the disk, TOO_LARGE when it is too small, IO_ERROR, NO_MEMORY.
    static kernel::Result<Volume*> mount();
    // No file is open.
    ~Volume();
    Volume(const Volume&) = delete;
    Volume& operator=(const Volume&) = delete;

    kernel::Status create(const char* path, abi::InodeType type, kernel::Ticket& ticket);
    kernel::Status remove(const char* path, kernel::Ticket& ticket);
    kernel::Result<uint64_t> list(const char* path, uint64_t position, FileName& name, kernel::Ticket& ticket);
    kernel::Status sync(kernel::Ticket& ticket);
    void statistics(FileStatistics& statistics);
    kernel::Result<uint64_t> shrink(kernel::Ticket& ticket);

    // The open file's representative, made where it was not open.
    kernel::Result<objects::Reference> open(const char* path, kernel::Ticket& ticket);
    kernel::Status open_again(uint64_t inode);
    kernel::Status close(uint64_t inode, kernel::Ticket& ticket);

    // Of a file that is open.
    kernel::Status start_read(OpenFile& file, uint64_t page, PageTransfer& transfer, kernel::Ticket& ticket);
    kernel::Status start_write(OpenFile& file, uint64_t page, PageTransfer& transfer, kernel::Ticket& ticket);
    uint64_t length(OpenFile& file);
    kernel::Status set_length(OpenFile& file, uint64_t bytes, kernel::Ticket& ticket);
    kernel::Status sync(OpenFile& file, kernel::Ticket& ticket);
    kernel::Result<objects::Reference> cache_of(OpenFile& file);
    void forget(OpenFile& file);

    Journal& journal() { return m_journal; }

    explicit Volume(const Geometry& geometry);

private:
    // Where an entry is in its directory's blocks.
    struct Place;
    static constexpr unsigned buckets = 1024;

    kernel::Status start();
    kernel::Status release_nameless();
    kernel::Status release_one(uint64_t inode, kernel::Ticket& ticket);

    // directories.cpp
    kernel::Result<uint64_t> find(const char* path, kernel::Ticket& ticket);
    kernel::Result<uint64_t> find_directory_of(const char* path, PathName& last, kernel::Ticket& ticket);
    kernel::Result<uint64_t> blocks_of_directory(uint64_t directory, kernel::Ticket& ticket);
    kernel::Result<MetadataBlock*> directory_block(uint64_t directory, uint64_t page, kernel::Ticket& ticket);
    kernel::Result<uint64_t> look_up(uint64_t directory, const PathName& name, Place* place, kernel::Ticket& ticket);
    kernel::Status find_room(uint64_t directory, Place& place, kernel::Ticket& ticket);
    kernel::Result<MetadataBlock*> extend(uint64_t directory, uint64_t blocks, kernel::Ticket& ticket);
    kernel::Status check_empty(uint64_t directory, kernel::Ticket& ticket);
    void enter(const Place& place, const PathName& name, uint64_t inode);
    void lose_name(OpenFile& file);

    // file_blocks.cpp
    kernel::Result<uint64_t> block_of(uint64_t inode, uint64_t page, kernel::Ticket& ticket);
    kernel::Result<uint64_t> take_block(kernel::Ticket& ticket);
    kernel::Result<uint64_t> give_block(uint64_t inode, uint64_t page, kernel::Ticket& ticket);
    kernel::Result<uint64_t> give_indirect(uint64_t inode, uint64_t index, kernel::Ticket& ticket);
    kernel::Result<MetadataBlock*> make_indirect(uint64_t inode);
    void take_back_block(uint64_t inode, uint64_t page);
    kernel::Status gather_blocks(uint64_t inode, kernel::Ticket& ticket);
    void release_blocks(uint64_t inode, uint64_t first_page);
    void release_block(uint32_t& block);
    void release_file(uint64_t inode);

    // open_files.cpp
    OpenFile* find_open(uint64_t inode) const;
    kernel::Result<OpenFile*> make_open(uint64_t inode, uint64_t length);
    void unlist(OpenFile& file);
    kernel::Result<OpenFile*> begin_close(uint64_t inode);
    kernel::Status discard_removed(OpenFile& file, kernel::Ticket& ticket);
    kernel::Status close_cache(OpenFile& file, kernel::Ticket& ticket);
    kernel::Status release_removed(OpenFile& file, kernel::Ticket& ticket);
    kernel::Status end_close(OpenFile& file, kernel::Ticket& ticket);

    // Guards everything here, and the metadata; see Journal for what it guards itself.
    kernel::Mutex m_lock;
    const Geometry m_geometry;
    MetadataCache m_cache;
    BlockSpace m_space{m_cache};
    InodeTable m_inodes{m_geometry, m_cache};
    Journal m_journal{m_lock, m_cache, m_space};
    // The journal's thread runs.
    bool m_started = false;
    OpenFile* m_open[buckets] = {};
    FileStatistics m_statistics;
};

}
