// Blocks of the disk, kept in memory: the example of an object whose calls wait long.
#pragma once

#include "kernel/park.h"
#include "objects/class_record.h"
#include "objects/root.h"

namespace services {

// A call that must wait for the disk is parked: it returns Status::parked with the caller's ticket queued, the caller
// waits in its outermost loop and calls again with the same arguments. Nobody waits inside the object, so a swap need
// not wait for the disk; the tickets are part of the state that it hands over.
class BlockCache : public objects::Object {
public:
    static objects::Kind kind;
    struct Creation {};

    // Copies block `block` (abi::DISK_BLOCK_SIZE bytes) to `to`. IO_ERROR, INVALID for a block beyond the disk,
    // NO_MEMORY.
    virtual kernel::Status read(uint64_t block, void* to, kernel::Ticket* ticket) = 0;
    // Forgets blocks that nobody waits for; how many.
    virtual kernel::Result<uint64_t> shrink() = 0;
    virtual kernel::Result<uint64_t> blocks_cached() = 0;

    using Methods = objects::MethodList<&BlockCache::read, &BlockCache::shrink, &BlockCache::blocks_cached>;

protected:
    ~BlockCache() = default;
};

// How block caches hand over their state: the addresses of their CachedBlocks, whose ownership moves.
inline constexpr objects::Format block_cache_formats[] = {{"block-cache.blocks/1"}};

}
