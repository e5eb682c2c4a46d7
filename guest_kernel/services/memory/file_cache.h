// The pages of one file, or of memory that no file stands behind.
#pragma once

#include "kernel/park.h"
#include "objects/class_record.h"
#include "objects/root.h"
#include "services/memory/access.h"

namespace services {

class AddressTranslation;
class FileRepresentative;
class PageManager;
class Region;

// Addresses at which a region shows pages of a cache.
struct CacheWindow {
    objects::Reference region = nullptr;
    objects::Ref<AddressTranslation> translation;
    uint64_t address = 0;
    uint64_t first_page = 0;
    uint64_t pages = 0;

    bool shows(uint64_t page) const { return page - first_page < pages; }
    uint64_t address_of(uint64_t page) const { return address + (page - first_page) * abi::PAGE_SIZE; }
};

// A touch of one page through a region.
struct PageFault {
    uint64_t page = 0;
    objects::Ref<AddressTranslation> translation;
    // Of the page.
    uint64_t address = 0;
    Access access = Access::Read;
    // The region's.
    arch::Protection protection = arch::Protection::READ;
};

enum class SyncKind : uint8_t {
    // Nobody waits: what is dirty is to reach the disk sooner or later (last close, last mapping gone, memory short).
    Unforced,
    // fsync: the caller waits until everything that is dirty now is on the disk.
    Forced,
};

enum class CacheFigure : uint8_t {
    Pages,
    Dirty,
    Mapped,
    Windows,
    // Calls of unmap that reached an address space, each of which made every CPU forget a page.
    Synchronisations,
    // Pages that were handed to the file to be written.
    PagesWritten,
    ForcedSyncs,
    UnforcedSyncs,
    // Threads that wait for a forced sync.
    Waiting,
};

// FCM in the reference. Calls with a ticket may be parked: they are made again, with the same arguments, until they are not.
class FileCache : public objects::Object {
public:
    static objects::Kind kind;

    struct Creation {
        objects::Ref<PageManager> manager;
        // None for anonymous memory.
        objects::Ref<FileRepresentative> file;
    };

    // Before the first call of any other kind: makes the cache known to its page manager. NO_MEMORY.
    virtual kernel::Status open() = 0;
    // Nothing is dirty or on its way any more, and the page manager has forgotten the cache: it can be destroyed. No window
    // is open. IO_ERROR when dirty pages could not be written: they are lost then, and the cache is closed all the same.
    virtual kernel::Status close(kernel::Ticket* ticket) = 0;

    // A region shows pages of the cache; the window is copied. NO_MEMORY.
    virtual kernel::Status open_window(const CacheWindow* window) = 0;
    // None of its pages is mapped any more. NOT_FOUND. When it was the last one, an unforced sync begins.
    virtual kernel::Status close_window(objects::Reference region) = 0;
    // Brings the page in and maps it. INVALID beyond the end of the file, IO_ERROR, NO_MEMORY.
    virtual kernel::Status map_page(const PageFault* fault, kernel::Ticket* ticket) = 0;

    // Kernel memory only. What lies beyond the end reads as zeros; writing there makes the file longer.
    virtual kernel::Status read(uint64_t offset, void* to, uint64_t bytes, kernel::Ticket* ticket) = 0;
    virtual kernel::Status write(uint64_t offset, const void* from, uint64_t bytes, kernel::Ticket* ticket) = 0;
    // Pages from this length on are gone, dirty or not; the rest of the last one is zeros.
    virtual kernel::Status truncate(uint64_t bytes, kernel::Ticket* ticket) = 0;
    // What these pages hold is not wanted any more: anonymous memory is zeros again. UNSUPPORTED for a file.
    virtual kernel::Status discard(uint64_t first_page, uint64_t pages, kernel::Ticket* ticket) = 0;
    virtual kernel::Status sync(SyncKind kind, kernel::Ticket* ticket) = 0;

    // By the page manager: frees up to so many pages that need not be written. When there is none but some are being
    // written, it parks.
    virtual kernel::Result<uint64_t> give_back(uint64_t pages, kernel::Ticket* ticket) = 0;
    // By the page writer, after a transfer has ended: goes on with what waits for that.
    virtual kernel::Status transfers_ended(kernel::Ticket* ticket) = 0;

    virtual kernel::Result<uint64_t> figure(CacheFigure which) = 0;

    using Methods = objects::MethodList<&FileCache::open, &FileCache::close, &FileCache::open_window,
        &FileCache::close_window, &FileCache::map_page, &FileCache::read, &FileCache::write, &FileCache::truncate,
        &FileCache::discard, &FileCache::sync, &FileCache::give_back, &FileCache::transfers_ended, &FileCache::figure>;

protected:
    ~FileCache() = default;
};

}
