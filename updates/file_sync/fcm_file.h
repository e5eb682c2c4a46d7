// The patch of section 4.3.4: forced syncs come before unforced ones.
#pragma once

#include "services/memory/fcm_file.h"

namespace services::v2 {

// Threads of forced syncs and the passes that write pages are no longer in one queue. There is one pass at a time. A forced
// one is next whenever a thread waits, serves all who wait, and takes the place of an unforced one that is under way: it
// writes what that had left. Unforced syncs are one wish, however many asked for them.
class FCMFile : public v1::FCMFile {
public:
    static objects::FactoryMadeClass descriptor;

    using v1::FCMFile::FCMFile;
    ~FCMFile();

    // For the root: the queue as it came, as long as nothing has been done with it; else one operation, if a sync waits or is
    // under way, then the threads.
    uint64_t queued_items() const;
    void list_items(SyncItem** items) const;
    void adopt(const FileCacheParcel& parcel, SyncItem* const* items);
    void let_go();

protected:
    kernel::Status begin_sync(SyncKind kind, kernel::Ticket& ticket) override;
    bool syncing() const override;
    uint64_t waiting() const override { return m_threads.count() + m_adopted.threads(); }
    kernel::Status go_on(kernel::Ticket& ticket) override;

private:
    enum class SyncOps : uint8_t { None, NonForced, Forced };

    // Of a forced pass somebody waits for every page.
    static constexpr unsigned forced_width = PagesInFlight::capacity;

    bool sync_wanted() const { return m_ops != SyncOps::None || m_unforced || !m_threads.empty(); }
    // Threads go to the list of threads. Operations are begun anew: what they have not written is dirty still, and what is on
    // its way is told here.
    void take_apart();
    // None when nothing waits.
    void choose_pass();
    void answer_served();

    // Threads of forced syncs; those that the pass under way serves are `started`.
    SyncQueue m_threads;
    // An unforced sync was asked for and has not begun.
    bool m_unforced = false;
    // The pass under way.
    SyncOps m_ops = SyncOps::None;
    // The old class's queue, until something is done with it: then the rest is empty.
    SyncQueue m_adopted;
    // What stands for the pass in the old class's queue: there whenever one is wanted.
    SyncItem* m_operation = nullptr;
    // Operations of the old class's queue that are of no use here; freed with this object.
    SyncQueue m_superfluous;
};

using FCMFileRoot = v1::FCMFileRootOf<FCMFile>;

}
