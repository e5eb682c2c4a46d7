// The interface of file caches with a method and an argument more.
#pragma once

#include "services/memory/file_cache.h"

namespace services::v2 {

class FileCache : public objects::Object {
public:
    using Creation = services::FileCache::Creation;

    virtual kernel::Status open() = 0;
    virtual kernel::Status close(kernel::Ticket* ticket) = 0;
    // How many pages are in memory. In the middle: every method behind it has another number.
    virtual kernel::Result<uint64_t> resident() = 0;
    virtual kernel::Status open_window(const CacheWindow* window) = 0;
    virtual kernel::Status close_window(objects::Reference region) = 0;
    virtual kernel::Status map_page(const PageFault* fault, kernel::Ticket* ticket) = 0;
    virtual kernel::Status read(uint64_t offset, void* to, uint64_t bytes, kernel::Ticket* ticket) = 0;
    virtual kernel::Status write(uint64_t offset, const void* from, uint64_t bytes, kernel::Ticket* ticket) = 0;
    virtual kernel::Status truncate(uint64_t bytes, kernel::Ticket* ticket) = 0;
    virtual kernel::Status discard(uint64_t first_page, uint64_t pages, kernel::Ticket* ticket) = 0;
    virtual kernel::Status sync(SyncKind kind, kernel::Ticket* ticket) = 0;
    // So many pages stay in any case, so that a cache which is in use is not emptied under its users.
    virtual kernel::Result<uint64_t> give_back(uint64_t pages, uint64_t keep, kernel::Ticket* ticket) = 0;
    virtual kernel::Status transfers_ended(kernel::Ticket* ticket) = 0;
    virtual kernel::Result<uint64_t> figure(CacheFigure which) = 0;

    using Methods = objects::MethodList<&FileCache::open, &FileCache::close, &FileCache::resident,
        &FileCache::open_window, &FileCache::close_window, &FileCache::map_page, &FileCache::read, &FileCache::write,
        &FileCache::truncate, &FileCache::discard, &FileCache::sync, &FileCache::give_back, &FileCache::transfers_ended,
        &FileCache::figure>;

protected:
    ~FileCache() = default;
};

inline constexpr char file_cache_kind[] = "FileCache/2";

}
