// Files in memory: page-in, dirty pages, syncs of both kinds, and what a swap finds under way.

#include "services/memory/fcm_file.h"
#include "services/memory/tests/replace.h"
#include "services/memory/tests/test_cache.h"
#include "services/memory/tests/test_process.h"

namespace services::tests {

constinit objects::ClassDescriptor TestFile::descriptor
    = objects::standard_class<TestFileRoot>("TestFile", "FileRepresentative", 1);

namespace {

constexpr uint64_t sum_to(uint64_t last) { return last * (last + 1) / 2; }

kernel::Test mapped{"file_cache.program_reads_and_writes_a_mapped_file", [] {
    Managers managers;
    File file(managers, 8);
    AnsweringDisk answers(file.disk);
    uint64_t read = 0;
    uint64_t filled = 0;
    kernel::TestThread program({.name = "program"}, [&] {
        kernel::OuterLoop loop;
        {
            TestProcess process(managers.leaf);
            EXPECT(process.load(program_sum_pages, program_sum_pages_end).ok());
            EXPECT(process.show(file.cache, data_address, 8, arch::Protection::READ).ok());
            process.start(data_address, 8);
            kernel::Status status;
            while ((status = process.run()).is_parked())
                loop.wait(kernel::current_thread()->ticket());
            read = process.result();
            process.end();
        }
        TestProcess process(managers.leaf);
        EXPECT(process.load(program_fill_pages, program_fill_pages_end).ok());
        EXPECT(process.show(file.cache, data_address, 5, arch::Protection::READ_WRITE).ok());
        process.start(data_address, 5);
        kernel::Status status;
        while ((status = process.run()).is_parked())
            loop.wait(kernel::current_thread()->ticket());
        filled = process.result();
        process.end();
    });
    program.join();
    EXPECT(read == sum_to(8) && filled == sum_to(5));
    EXPECT(file.disk.reads == 8);
    EXPECT(figure(file.cache, CacheFigure::Windows) == 0);
}};

kernel::Test beyond{"file_cache.touch_beyond_the_end_is_refused", [] {
    Managers managers;
    File file(managers, 2);
    AnsweringDisk answers(file.disk);
    Caller toucher([&](kernel::Ticket* ticket) -> kernel::Status {
        const PageFault fault{2, {}, data_address, Access::Read, arch::Protection::READ};
        return file.cache->map_page(&fault, ticket);
    });
    EXPECT(toucher.outcome() == kernel::Code::INVALID);
}};

kernel::Test forced{"file_cache.forced_sync_writes_pages_then_metadata", [] {
    Managers managers;
    File file(managers, 4);
    store(file, 1, 2, 77);
    EXPECT(figure(file.cache, CacheFigure::Dirty) == 2);
    Caller syncer([&](kernel::Ticket* ticket) { return file.cache->sync(SyncKind::Forced, ticket); });
    kernel::wait_until([&] { return file.disk.waiting() == 2; });
    EXPECT(file.disk.answer());
    kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
    EXPECT(!syncer.ended() && file.disk.metadata_syncs == 0);
    EXPECT(file.disk.answer());
    EXPECT(syncer.outcome().ok());
    EXPECT(file.disk.metadata_syncs == 1 && file.disk.page(1)[2] == 77 && file.disk.page(2)[2] == 77);
    EXPECT(figure(file.cache, CacheFigure::Dirty) == 0 && figure(file.cache, CacheFigure::PagesWritten) == 2);
    // Nothing is left to be written.
    EXPECT(forced_sync(file).ok());
    EXPECT(file.disk.writes[1] == 1 && file.disk.writes[2] == 1);
}};

// The one queue of section 4.3.4 of the reference: what came first goes first, forced or not.
kernel::Test fifo{"file_cache.forced_sync_waits_behind_unforced_ones", [] {
    Managers managers;
    File file(managers, 4);
    store(file, 0, 1, 5);
    auto& cache = file.cache;
    {
        objects::CountedScope scope;
        EXPECT(cache->sync(SyncKind::Unforced, &kernel::current_thread()->ticket()).ok());
    }
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    {
        objects::CountedScope scope;
        const uint64_t value = 6;
        auto& ticket = kernel::current_thread()->ticket();
        EXPECT(cache->write(16, &value, sizeof(value), &ticket).ok());
        EXPECT(cache->sync(SyncKind::Unforced, &ticket).ok());
        EXPECT(cache->sync(SyncKind::Unforced, &ticket).ok());
    }
    Caller syncer([&](kernel::Ticket* ticket) { return cache->sync(SyncKind::Forced, ticket); });
    kernel::wait_until([&] { return syncer.parked() == 1; });
    EXPECT(file.disk.answer());
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    EXPECT(!syncer.ended());
    EXPECT(file.disk.answer());
    EXPECT(syncer.outcome().ok());
    EXPECT(file.disk.writes[0] == 2 && file.disk.page(0)[2] == 6);
    EXPECT(figure(cache, CacheFigure::UnforcedSyncs) == 3 && figure(cache, CacheFigure::ForcedSyncs) == 1);
}};

kernel::Test redirtied{"file_cache.page_stored_to_while_it_is_written_is_written_again", [] {
    Managers managers;
    File file(managers, 2);
    store(file, 0, 1, 1);
    Caller first([&](kernel::Ticket* ticket) { return file.cache->sync(SyncKind::Forced, ticket); });
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    {
        objects::CountedScope scope;
        const uint64_t value = 2;
        EXPECT(file.cache->write(16, &value, sizeof(value), &kernel::current_thread()->ticket()).ok());
    }
    EXPECT(file.disk.answer());
    EXPECT(first.outcome().ok());
    EXPECT(figure(file.cache, CacheFigure::Dirty) == 1);
    EXPECT(forced_sync(file).ok());
    EXPECT(file.disk.writes[0] == 2 && file.disk.page(0)[2] == 2);
}};

kernel::Test read_error{"file_cache.failed_read_is_told_and_tried_again", [] {
    Managers managers;
    File file(managers, 2);
    uint64_t word = 0;
    auto read = [&](kernel::Ticket* ticket) { return file.cache->read(16, &word, sizeof(word), ticket); };
    Caller first(read);
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    EXPECT(file.disk.answer(kernel::Code::IO_ERROR));
    EXPECT(first.outcome() == kernel::Code::IO_ERROR);
    AnsweringDisk answers(file.disk);
    Caller second(read);
    EXPECT(second.outcome().ok());
    EXPECT(word == 1 && file.disk.reads == 1);
}};

kernel::Test write_error{"file_cache.failed_write_is_told_and_the_page_stays_dirty", [] {
    Managers managers;
    File file(managers, 2);
    store(file, 0, 1, 9);
    Caller first([&](kernel::Ticket* ticket) { return file.cache->sync(SyncKind::Forced, ticket); });
    kernel::wait_until([&] { return file.disk.waiting() == 1; });
    EXPECT(file.disk.answer(kernel::Code::IO_ERROR));
    EXPECT(first.outcome() == kernel::Code::IO_ERROR);
    EXPECT(figure(file.cache, CacheFigure::Dirty) == 1 && file.disk.metadata_syncs == 0);
    EXPECT(forced_sync(file).ok());
    EXPECT(file.disk.page(0)[2] == 9);
}};

kernel::Test one_transfer{"file_cache.two_who_want_a_page_share_its_transfer", [] {
    Managers managers;
    File file(managers, 2);
    uint64_t words[2] = {};
    Caller first([&](kernel::Ticket* ticket) { return file.cache->read(16, &words[0], 8, ticket); });
    Caller second([&](kernel::Ticket* ticket) { return file.cache->read(16, &words[1], 8, ticket); });
    kernel::wait_until([&] { return first.parked() == 1 && second.parked() == 1; });
    EXPECT(file.disk.waiting() == 1 && file.disk.answer());
    EXPECT(first.outcome().ok() && second.outcome().ok());
    EXPECT(words[0] == 1 && words[1] == 1);
}};

kernel::Test lengths{"file_cache.writing_makes_longer_and_truncating_shorter", [] {
    Managers managers;
    File file(managers, 1);
    store(file, 2, 1, 8);
    EXPECT(file.disk.length == 2 * abi::PAGE_SIZE + 24);
    AnsweringDisk answers(file.disk);
    Caller truncates([&](kernel::Ticket* ticket) { return file.cache->truncate(abi::PAGE_SIZE, ticket); });
    EXPECT(truncates.outcome().ok());
    EXPECT(file.disk.length == abi::PAGE_SIZE && figure(file.cache, CacheFigure::Dirty) == 0);
    EXPECT(file.disk.writes[2] == 0);
}};

// A program fills a file that is larger than its memory: pages are written to make room, and nothing is lost.
kernel::Test pressure{"file_cache.dirty_pages_are_written_when_memory_is_short", [] {
    Managers managers(6);
    File file(managers, 14);
    {
        AnsweringDisk answers(file.disk);
        kernel::TestThread program({.name = "program"}, [&] {
            kernel::OuterLoop loop;
            TestProcess process(managers.leaf);
            EXPECT(process.load(program_fill_pages, program_fill_pages_end).ok());
            EXPECT(process.show(file.cache, data_address, 14, arch::Protection::READ_WRITE).ok());
            process.start(data_address, 14);
            kernel::Status status;
            while ((status = process.run()).is_parked())
                loop.wait(kernel::current_thread()->ticket());
            EXPECT(status.ok() && process.result() == sum_to(14));
            process.end();
        });
    }
    EXPECT(figure(file.cache, CacheFigure::Pages) <= 6);
    EXPECT(forced_sync(file).ok());
    for (uint64_t page = 0; page < 14; ++page)
        EXPECT(file.disk.page(page)[2] == page + 1 && file.disk.writes[page] >= 1);
}};

// Replaced in the middle of everything: the waiter is answered, and what is on its way arrives, once.
kernel::Test swapped{"file_cache.syncs_under_way_survive_a_swap", [] {
    Managers managers;
    File file(managers, 8);
    store(file, 0, 6, 3);
    {
        objects::CountedScope scope;
        EXPECT(file.cache->sync(SyncKind::Unforced, &kernel::current_thread()->ticket()).ok());
    }
    Caller first([&](kernel::Ticket* ticket) { return file.cache->sync(SyncKind::Forced, ticket); });
    Caller second([&](kernel::Ticket* ticket) { return file.cache->sync(SyncKind::Forced, ticket); });
    kernel::wait_until([&] { return first.parked() == 1 && second.parked() == 1 && file.disk.waiting() == 4; });
    replace<FCMFileRoot>(file.cache.reference());
    EXPECT(file.disk.waiting() == 4);
    EXPECT(file.disk.answer() && file.disk.answer());
    replace<FCMFileRoot>(file.cache.reference());
    AnsweringDisk answers(file.disk);
    EXPECT(first.outcome().ok() && second.outcome().ok());
    for (uint64_t page = 0; page < 6; ++page)
        EXPECT(file.disk.writes[page] == 1 && file.disk.page(page)[2] == 3);
    EXPECT(file.disk.metadata_syncs == 2);
}};

kernel::Test page_in{"file_cache.fault_under_way_survives_a_swap", [] {
    Managers managers;
    File file(managers, 2);
    uint64_t word = 0;
    Caller reader([&](kernel::Ticket* ticket) { return file.cache->read(16, &word, sizeof(word), ticket); });
    kernel::wait_until([&] { return reader.parked() == 1; });
    replace<FCMFileRoot>(file.cache.reference());
    EXPECT(file.disk.answer());
    EXPECT(reader.outcome().ok());
    EXPECT(word == 1 && file.disk.reads == 1);
}};

kernel::Test closing{"file_cache.closing_writes_what_is_dirty", [] {
    Managers managers;
    TestDisk* disk = nullptr;
    {
        File file(managers, 4);
        store(file, 0, 3, 4);
        AnsweringDisk answers(file.disk);
        disk = &file.disk;
        Caller closer([&](kernel::Ticket* ticket) { return destroy_cache(file.cache, ticket); });
        EXPECT(closer.outcome().ok());
        file.cache = {};
        EXPECT(disk->writes[0] == 1 && disk->writes[1] == 1 && disk->writes[2] == 1 && disk->page(2)[2] == 4);
    }
    objects::drain_dead_objects();
}};

// The file of one takes its time where nobody can wait outside; the page writer is inside.
kernel::Test held_up{"file_cache.caches_wait_for_no_other_that_is_held_up", [] {
    Managers managers;
    File held(managers, 2);
    File other(managers, 2);
    store(held, 0, 2, 7);
    store(other, 0, 2, 8);
    kernel::Event go_on;
    held.disk.writes_wait_for = &go_on;
    Caller stuck([&](kernel::Ticket* ticket) { return held.cache->sync(SyncKind::Forced, ticket); });
    kernel::wait_until([&] { return stuck.parked() == 1; });
    bool synced = false;
    kernel::TestThread syncer({.name = "syncer", .counted = false}, [&] {
        EXPECT(forced_sync(other).ok());
        __atomic_store_n(&synced, true, __ATOMIC_RELEASE);
    });
    kernel::sleep_until(kernel::now_ns() + 5 * kernel::millisecond);
    EXPECT(__atomic_load_n(&synced, __ATOMIC_ACQUIRE) && !stuck.ended());
    held.disk.writes_wait_for = nullptr;
    go_on.signal();
    AnsweringDisk answers(held.disk);
    EXPECT(stuck.outcome().ok() && held.disk.page(1)[2] == 7);
}};

kernel::Test last_window{"file_cache.closing_the_last_window_starts_a_sync", [] {
    Managers managers;
    File file(managers, 3);
    AnsweringDisk answers(file.disk);
    kernel::TestThread program({.name = "program"}, [&] {
        kernel::OuterLoop loop;
        TestProcess process(managers.leaf);
        EXPECT(process.load(program_fill_pages, program_fill_pages_end).ok());
        EXPECT(process.show(file.cache, data_address, 3, arch::Protection::READ_WRITE).ok());
        process.start(data_address, 3);
        kernel::Status status;
        while ((status = process.run()).is_parked())
            loop.wait(kernel::current_thread()->ticket());
        process.end();
    });
    program.join();
    kernel::wait_until([&] { return file.disk.writes[0] == 1 && file.disk.writes[1] == 1 && file.disk.writes[2] == 1; });
    EXPECT(figure(file.cache, CacheFigure::UnforcedSyncs) == 1);
}};

}

}
