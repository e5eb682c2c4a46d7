// The cache of a file's pages.
#pragma once

#include "services/memory/fcm_default.h"
#include "services/memory/page_writer.h"
#include "services/memory/sync_queue.h"

namespace services {

struct FileSyncState {
    PageWriterWork* work = nullptr;
    // Threads of forced syncs whose pages are on the disk, until they have come back for the rest.
    SyncQueue answered;
    // Threads that want to look again when a transfer has ended.
    SyncQueue watchers;
    PagesInFlight in_flight;
    // Of writes, since a forced sync was last told.
    kernel::Status error;
    uint64_t pages_written = 0;
    uint64_t forced = 0;
    uint64_t unforced = 0;
};

// How caches of files hand over what they have: this, followed by the addresses of the items of one queue of threads and
// operations, in their order. Everything it leads to stays where it is, pages on their way to the disk among it.
struct FileCacheParcel {
    FileCacheState cache;
    FileSyncState sync;
    uint64_t items = 0;
};

inline constexpr objects::Format file_cache_file_formats[] = {{"file-cache.file/1"}};

inline namespace v1 {

// A sync is a pass: the pages that are dirty when it starts are unmapped and written, a few at a time. Forced and unforced
// ones wait in one queue, in which the threads of forced syncs stand behind their passes.
class FCMFile : public FCMDefault {
public:
    static objects::FactoryMadeClass descriptor;

    using FCMDefault::FCMDefault;
    ~FCMFile();

    kernel::Status open() override;
    kernel::Status close(kernel::Ticket* ticket) override;
    kernel::Status close_window(objects::Reference region) override;
    kernel::Status map_page(const PageFault* fault, kernel::Ticket* ticket) override;
    kernel::Status write(uint64_t offset, const void* from, uint64_t bytes, kernel::Ticket* ticket) override;
    kernel::Status truncate(uint64_t bytes, kernel::Ticket* ticket) override;
    kernel::Status discard(uint64_t first_page, uint64_t pages, kernel::Ticket* ticket) override;
    kernel::Status sync(SyncKind kind, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> give_back(uint64_t pages, kernel::Ticket* ticket) override;
    kernel::Status transfers_ended(kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> figure(CacheFigure which) override;

    // For the root: see FileCacheParcel.
    void describe(FileCacheParcel& parcel) const;
    uint64_t queued_items() const { return m_queue.count(); }
    void list_items(SyncItem** items) const;
    void adopt(const FileCacheParcel& parcel, SyncItem* const* items);
    void let_go();

protected:
    // Pages that a pass has on their way at a time.
    static constexpr unsigned width = 4;

    // All of these under m_lock.

    // Puts a sync into the queue; a forced one is parked.
    virtual kernel::Status begin_sync(SyncKind kind, kernel::Ticket& ticket);
    // Whether a sync is under way or waits.
    virtual bool syncing() const;
    // Threads that wait for a forced one.
    virtual uint64_t waiting() const { return m_queue.threads(); }
    // Carries the syncs on as far as it goes without waiting for a page.
    virtual kernel::Status go_on(kernel::Ticket& ticket);

    kernel::Status fill(PageDescriptor& page, kernel::Ticket& ticket) override;
    kernel::Status arrived(PageDescriptor& page, kernel::Ticket& ticket) override;
    bool failed(const PageDescriptor& page) const override;
    bool in_transit(const PageDescriptor& page) const override;
    kernel::Status wait_for(PageDescriptor& page, kernel::Ticket& ticket) override;
    void forget(PageDescriptor& page) override;

    bool any_dirty() const;
    // The dirty pages of this moment are the ones to be written.
    void choose_pages();
    // Starts to write chosen pages until so many are on their way. Parked: none is lost, all is tried again.
    kernel::Status write_chosen(unsigned at_a_time, kernel::Ticket& ticket);
    // Whether all chosen pages have been written, or could not be.
    bool pass_ended() const;
    // A sync was put where it waits: counts it, and has it looked at.
    void note_begun(SyncKind kind);
    // The caller waits there; parked.
    static kernel::Status queue_thread(SyncQueue& queue, SyncItem& thread, kernel::Ticket& ticket);
    // A thread's pages are on the disk.
    void answer(SyncItem& thread);
    kernel::Status watch(kernel::Ticket& ticket);

    FileSyncState m_sync;

private:
    kernel::Status start_writing(PageDescriptor& page, kernel::Ticket& ticket);
    kernel::Status finish_forced(SyncItem& thread, kernel::Ticket& ticket);
    void take_ended_transfers();
    void wake_watchers();
    void give_up_chosen(kernel::Status reason);
    kernel::Status settle(kernel::Ticket& ticket);

    SyncQueue m_queue;
};

// RepType has describe, queued_items, list_items, adopt and let_go.
template <typename RepType>
class FCMFileRootOf : public objects::SharedRoot<RepType> {
public:
    using InterfaceType = FileCache;
    using objects::SharedRoot<RepType>::SharedRoot;

    objects::FormatList exports() const override { return objects::FormatList::of(file_cache_file_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(file_cache_file_formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::arena_size(size()); }

    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (!site.first())
            return {};
        TRY(arena.place(site.cpu, size()));
        auto* parcel = static_cast<FileCacheParcel*>(arena.parcel(site.cpu).data);
        *parcel = {};
        this->m_rep.describe(*parcel);
        parcel->items = this->m_rep.queued_items();
        this->m_rep.list_items(reinterpret_cast<SyncItem**>(parcel + 1));
        return {};
    }
    // Only notes where it is: the old cache owns everything until the commit.
    kernel::Status import_state(
        const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override
    {
        if (site.first())
            m_parcel = static_cast<const FileCacheParcel*>(parcel.data);
        return {};
    }
    void commit_import() override
    {
        this->m_rep.adopt(*m_parcel, reinterpret_cast<SyncItem* const*>(m_parcel + 1));
        m_parcel = nullptr;
    }
    void relinquish() override { this->m_rep.let_go(); }

private:
    size_t size() const { return sizeof(FileCacheParcel) + this->m_rep.queued_items() * sizeof(SyncItem*); }

    // In the transfer's arena, between import and commit.
    const FileCacheParcel* m_parcel = nullptr;
};

using FCMFileRoot = FCMFileRootOf<FCMFile>;

}

}
