// The updated file cache, swapped for the shipped one and back while syncs are under way.

#include "file_sync/fcm_file.h"
#include "services/memory/tests/replace.h"
#include "services/memory/tests/test_cache.h"

namespace services::tests {

namespace {

void unforced_sync(File& file)
{
    objects::CountedScope scope;
    EXPECT(file.cache->sync(SyncKind::Unforced, &kernel::current_thread()->ticket()).ok());
}

void store_now(File& file, uint64_t page, uint64_t value)
{
    objects::CountedScope scope;
    EXPECT(file.cache->write(page * abi::PAGE_SIZE + 16, &value, sizeof(value), &kernel::current_thread()->ticket()).ok());
}

auto forced_caller(File& file)
{
    return [&file](kernel::Ticket* ticket) { return file.cache->sync(SyncKind::Forced, ticket); };
}

// An unforced sync of six pages has begun when a forced one comes: in the old class it waits behind a second unforced one,
// in the new class it takes over what is left.
kernel::Test takes_over{"file_sync.forced_sync_takes_over_from_an_unforced_one", [] {
    Managers managers;
    File file(managers, 8);
    replace<v2::FCMFileRoot>(file.cache.reference());
    store(file, 0, 6, 3);
    unforced_sync(file);
    kernel::wait_until([&] { return file.disk.waiting() == 4; });
    unforced_sync(file);
    Caller syncer(forced_caller(file));
    // All at once, and not four at a time.
    kernel::wait_until([&] { return file.disk.waiting() == 6; });
    store_now(file, 0, 4);
    unforced_sync(file);
    for (unsigned i = 0; i < 6; ++i)
        EXPECT(file.disk.answer());
    EXPECT(syncer.outcome().ok());
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    EXPECT(file.disk.answer());
    kernel::wait_until([&] { return file.disk.writes[0] == 2; });
    for (uint64_t page = 1; page < 6; ++page)
        EXPECT(file.disk.writes[page] == 1);
}};

// Who asks while a pass is under way is answered by the next: what it wrote may have been too late for this one.
kernel::Test next_pass{"file_sync.late_caller_waits_for_the_next_pass", [] {
    Managers managers;
    File file(managers, 4);
    replace<v2::FCMFileRoot>(file.cache.reference());
    store(file, 0, 1, 1);
    Caller first(forced_caller(file));
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    store_now(file, 0, 2);
    Caller second(forced_caller(file));
    kernel::wait_until([&] { return second.parked() == 1; });
    EXPECT(file.disk.answer());
    EXPECT(first.outcome().ok());
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    EXPECT(!second.ended());
    EXPECT(file.disk.answer());
    EXPECT(second.outcome().ok());
    EXPECT(file.disk.writes[0] == 2 && file.disk.page(0)[2] == 2);
}};

// The queue of the old class, with two threads and passes of both kinds in it and four pages on their way, is taken apart by
// the new class and put together again.
kernel::Test carried_over{"file_sync.outstanding_syncs_are_carried_over_and_back", [] {
    Managers managers;
    File file(managers, 8);
    store(file, 0, 6, 3);
    unforced_sync(file);
    kernel::wait_until([&] { return file.disk.waiting() == 4; });
    Caller first(forced_caller(file));
    Caller second(forced_caller(file));
    kernel::wait_until([&] { return first.parked() == 1 && second.parked() == 1; });
    unforced_sync(file);
    replace<v2::FCMFileRoot>(file.cache.reference());
    EXPECT(figure(file.cache, CacheFigure::Waiting) == 2 && file.disk.waiting() == 4);
    EXPECT(file.disk.answer());
    kernel::wait_until([&] { return file.disk.waiting() == 5; });
    replace<FCMFileRoot>(file.cache.reference());
    EXPECT(figure(file.cache, CacheFigure::Waiting) == 2 && file.disk.waiting() == 5);
    replace<v2::FCMFileRoot>(file.cache.reference());
    AnsweringDisk answers(file.disk);
    EXPECT(first.outcome().ok() && second.outcome().ok());
    for (uint64_t page = 0; page < 6; ++page)
        EXPECT(file.disk.writes[page] == 1 && file.disk.page(page)[2] == 3);
    EXPECT(file.disk.metadata_syncs == 2);
    EXPECT(figure(file.cache, CacheFigure::ForcedSyncs) == 2 && figure(file.cache, CacheFigure::UnforcedSyncs) == 2);
}};

kernel::Test unforced_carried{"file_sync.unforced_sync_is_carried_over", [] {
    Managers managers;
    File file(managers, 8);
    store(file, 0, 6, 3);
    unforced_sync(file);
    kernel::wait_until([&] { return file.disk.waiting() == 4; });
    replace<v2::FCMFileRoot>(file.cache.reference());
    AnsweringDisk answers(file.disk);
    kernel::wait_until([&] { return figure(file.cache, CacheFigure::PagesWritten) == 6; });
    EXPECT(figure(file.cache, CacheFigure::Dirty) == 0);
}};

kernel::Test errors{"file_sync.failed_write_is_told_once", [] {
    Managers managers;
    File file(managers, 4);
    replace<v2::FCMFileRoot>(file.cache.reference());
    store(file, 0, 1, 1);
    Caller first(forced_caller(file));
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    EXPECT(file.disk.answer(kernel::Code::IO_ERROR));
    EXPECT(first.outcome() == kernel::Code::IO_ERROR);
    EXPECT(forced_sync(file).ok());
    EXPECT(file.disk.page(0)[2] == 1);
}};

}

}
