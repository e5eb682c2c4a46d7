// The cache of memory that no file stands behind; caches of files inherit what they have in common from it.
#pragma once

#include "kernel/mutex.h"
#include "services/memory/cache_windows.h"
#include "services/memory/cached_pages.h"
#include "services/memory/file_cache.h"
#include "services/memory/spare_page.h"
#include "services/memory/whole_state_root.h"

namespace services {

// As many pages as a cache can have.
inline constexpr uint64_t all_pages = ~uint64_t{0};

struct FileCacheState {
    FileCache::Creation creation;
    CachedPages pages;
    CacheWindows windows;
    uint64_t synchronisations = 0;
};

inline constexpr objects::Format file_cache_format{"file-cache.pages/1"};

// What a parked call waited for has happened, or the call is new: an error of what it waited for is the call's.
kernel::Status resume(kernel::Ticket& ticket);

inline namespace v1 {

class FCMDefault : public objects::Rep<FileCache> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit FCMDefault(objects::Root& root) : Rep(root) {}
    FCMDefault(objects::Root& root, const Creation& creation) : Rep(root) { m_state.creation = creation; }
    ~FCMDefault();

    kernel::Status open() override;
    kernel::Status close(kernel::Ticket* ticket) override;
    kernel::Status open_window(const CacheWindow* window) override;
    kernel::Status close_window(objects::Reference region) override;
    kernel::Status map_page(const PageFault* fault, kernel::Ticket* ticket) override;
    kernel::Status read(uint64_t offset, void* to, uint64_t bytes, kernel::Ticket* ticket) override;
    kernel::Status write(uint64_t offset, const void* from, uint64_t bytes, kernel::Ticket* ticket) override;
    kernel::Status truncate(uint64_t bytes, kernel::Ticket* ticket) override;
    kernel::Status discard(uint64_t first_page, uint64_t pages, kernel::Ticket* ticket) override;
    kernel::Status sync(SyncKind kind, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> give_back(uint64_t pages, kernel::Ticket* ticket) override;
    kernel::Status transfers_ended(kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> figure(CacheFigure which) override;

    FileCacheState& state() { return m_state; }
    const FileCacheState& state() const { return m_state; }

protected:
    // All of these under m_lock.

    // No address space leads to the page any more. Section 4.3.3 of the reference tells what this could save.
    virtual kernel::Status unmap_page(PageDescriptor& page);
    // Puts into a new page what belongs there, or has that begun. Parked: not begun.
    virtual kernel::Status fill(PageDescriptor& page, kernel::Ticket& ticket);
    // Parked until what fill began has ended.
    virtual kernel::Status arrived(PageDescriptor& page, kernel::Ticket& ticket);
    // fill's work has failed: the page is no use.
    virtual bool failed(const PageDescriptor& page) const;
    // Whether a transfer of it is under way.
    virtual bool in_transit(const PageDescriptor& page) const;
    // Parked until there is a chance that a page which is in transit is not any more.
    virtual kernel::Status wait_for(PageDescriptor& page, kernel::Ticket& ticket);
    // Frees what a page has beside its frame.
    virtual void forget(PageDescriptor& page);

    void drop(PageDescriptor& page);
    uint64_t drop_clean(uint64_t pages, bool mapped);
    // Parked while a transfer of one that is to go is under way.
    kernel::Status drop_range(uint64_t first, uint64_t pages, kernel::Ticket& ticket);
    // What truncate does to the pages.
    kernel::Status cut(uint64_t bytes, kernel::Ticket& ticket);
    kernel::Result<PageDescriptor*> locked_page(uint64_t index, SparePage& spare, kernel::Ticket& ticket);

    // Calls use(PageDescriptor&) with the page in memory, under the lock; parks as often as it takes.
    template <typename Use>
    kernel::Status with_page(uint64_t index, kernel::Ticket& ticket, Use use)
    {
        SparePage spare(m_state.creation.manager);
        for (;;) {
            {
                kernel::MutexGuard guard(m_lock);
                if (auto* page = TRY(locked_page(index, spare, ticket)))
                    return use(*page);
            }
            TRY(spare.obtain(ticket));
        }
    }

    objects::Ref<FileCache> self() const { return objects::Ref<FileCache>(root().reference()); }

    // Guards the state and what it leads to. Outside the locks of address translations and file representatives, inside
    // those of page managers: none is asked for a page under it.
    kernel::Mutex m_lock;
    FileCacheState m_state;
};

using FCMDefaultRoot = WholeStateRoot<FCMDefault, FileCacheState, FileCache, file_cache_format>;

}

}
