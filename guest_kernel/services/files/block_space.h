// Which blocks of the disk are free.
#pragma once

#include "services/files/geometry.h"
#include "services/files/metadata_cache.h"

namespace services {

// Guarded by the volume's lock. A block that is freed is free in the map at once, as part of the running transaction,
// but is not given out again before that transaction is durable: until then a power cut brings its old owner back. If
// the log holds an old image of it, it also waits for the log to be emptied: a replay would write over its new owner.
class BlockSpace {
public:
    explicit BlockSpace(MetadataCache& cache) : m_cache(cache) {}
    ~BlockSpace() { kernel::deallocate(m_map); }
    BlockSpace(const BlockSpace&) = delete;
    BlockSpace& operator=(const BlockSpace&) = delete;

    // Reads the map. IO_ERROR, NO_MEMORY.
    kernel::Status start(const Geometry& geometry);

    // Any free block, marked used. NO_SPACE; see waiting().
    kernel::Result<uint64_t> take();
    // What take gave to this very call.
    void put_back(uint64_t block);
    // Frees it.
    void release(uint64_t block);
    // Whether blocks that were freed are not given out yet.
    bool waiting() const { return !m_running.empty() || !m_committing.empty() || !m_logged.empty(); }
    uint64_t free_blocks() const { return m_free; }

    // The running transaction is now being made durable; or failed to be, and belongs to the running one again.
    void freeze() { m_committing.take_from(m_running); }
    void thaw() { m_running.take_from(m_committing); }
    // It is durable.
    void committed(const BlockSet& in_log);
    // The log is empty.
    void log_emptied() { m_logged.clear(); }

private:
    uint64_t* word(uint64_t index) const;
    uint64_t held(uint64_t index) const;
    void change(uint64_t block, bool used);

    MetadataCache& m_cache;
    MetadataBlock** m_map = nullptr;
    uint64_t m_words = 0;
    // Where the search begins.
    uint64_t m_next = 0;
    uint64_t m_free = 0;
    // Freed by the running transaction; by the one being made durable; durably, with an image in the log.
    BlockSet m_running;
    BlockSet m_committing;
    BlockSet m_logged;
};

}
