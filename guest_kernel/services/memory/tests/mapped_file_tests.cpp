// A program's touch goes all the way: address translation, region, cache, file, disk.

#include "services/files/tests/client.h"
#include "services/memory/fcm_file.h"
#include "services/memory/paging_figures.h"
#include "services/memory/tests/replace.h"
#include "services/memory/tests/test_process.h"

namespace services::tests {

namespace {

constexpr char path[] = "/mapped";
constexpr uint64_t pages = 12;
constexpr uint64_t sum_of_all = pages * (pages + 1) / 2;

objects::Ref<FileCache> cache_of(objects::LocalEntry* file)
{
    objects::CountedScope scope;
    return objects::Ref<FileCache>(objects::Ref<FileRepresentative>(file)->file_cache().value());
}

// Runs the program on a mapping of the file; what it leaves in r3.
uint64_t run_on(objects::LocalEntry* file, const char* begin, const char* end, arch::Protection protection)
{
    uint64_t result = 0;
    const auto cache = cache_of(file);
    kernel::TestThread program({.name = "program"}, [&] {
        kernel::OuterLoop loop;
        TestProcess process(root_page_manager());
        EXPECT(process.load(begin, end).ok());
        EXPECT(process.show(cache, data_address, pages, protection).ok());
        process.start(data_address, pages);
        kernel::Status status;
        while ((status = process.run()).is_parked())
            loop.wait(kernel::current_thread()->ticket());
        EXPECT(status.ok());
        result = process.result();
        process.end();
    });
    program.join();
    return result;
}

kernel::Test all_the_way{"mapped_file.touches_reach_the_disk_and_come_back", [] {
    EXPECT(create(path).ok());
    auto file = open(path);
    EXPECT(file.ok() && set_length(file.value(), pages * abi::PAGE_SIZE).ok());
    EXPECT(run_on(file.value(), program_fill_pages, program_fill_pages_end, arch::Protection::READ_WRITE) == sum_of_all);
    EXPECT(finish([&](auto* ticket) { return cache_of(file.value())->sync(SyncKind::Forced, ticket); }).ok());
    EXPECT(close(file.value()).ok());
    objects::drain_dead_objects();
    // Another cache, which has to ask the disk.
    const uint64_t read_before = paging_figures().pages_read;
    file = open(path);
    EXPECT(run_on(file.value(), program_sum_pages, program_sum_pages_end, arch::Protection::READ) == sum_of_all);
    EXPECT(paging_figures().pages_read == read_before + pages);
    EXPECT(close(file.value()).ok());
    EXPECT(remove(path).ok());
    objects::drain_dead_objects();
}};

kernel::Test last_close{"mapped_file.last_close_writes_what_is_dirty", [] {
    EXPECT(create(path).ok());
    auto file = open(path);
    EXPECT(file.ok() && set_length(file.value(), pages * abi::PAGE_SIZE).ok());
    EXPECT(run_on(file.value(), program_fill_pages, program_fill_pages_end, arch::Protection::READ_WRITE) == sum_of_all);
    EXPECT(close(file.value()).ok());
    file = open(path);
    EXPECT(run_on(file.value(), program_sum_pages, program_sum_pages_end, arch::Protection::READ) == sum_of_all);
    EXPECT(close(file.value()).ok());
    EXPECT(remove(path).ok());
    objects::drain_dead_objects();
}};

kernel::Test removed{"mapped_file.removed_one_is_not_written_when_it_is_closed", [] {
    EXPECT(create(path).ok());
    auto file = open(path);
    EXPECT(file.ok());
    const uint64_t written = paging_figures().pages_written;
    const uint64_t word = 7;
    for (uint64_t page = 0; page < pages; ++page) {
        EXPECT(finish([&](auto* ticket) {
            return cache_of(file.value())->write(page * abi::PAGE_SIZE, &word, sizeof(word), ticket);
        }).ok());
    }
    EXPECT(remove(path).ok());
    EXPECT(close(file.value()).ok());
    EXPECT(paging_figures().pages_written == written);
    EXPECT(statistics().files_open == 0);
    objects::drain_dead_objects();
}};

// The disk takes its time; the cache is replaced while pages are on their way in and out.
kernel::Test swapped{"mapped_file.cache_is_swapped_while_the_disk_works", [] {
    EXPECT(create(path).ok());
    auto file = open(path);
    EXPECT(file.ok() && set_length(file.value(), pages * abi::PAGE_SIZE).ok());
    const auto reference = cache_of(file.value()).reference();
    kernel::Event done;
    kernel::TestThread swapper({.name = "swapper", .counted = false}, [&] {
        while (!done.signalled())
            replace<FCMFileRoot>(reference);
    });
    for (unsigned round = 0; round < 3; ++round) {
        EXPECT(run_on(file.value(), program_fill_pages, program_fill_pages_end, arch::Protection::READ_WRITE)
               == sum_of_all);
        EXPECT(finish([&](auto* ticket) { return cache_of(file.value())->sync(SyncKind::Forced, ticket); }).ok());
        EXPECT(run_on(file.value(), program_sum_pages, program_sum_pages_end, arch::Protection::READ) == sum_of_all);
    }
    done.signal();
    swapper.join();
    EXPECT(close(file.value()).ok());
    EXPECT(remove(path).ok());
    objects::drain_dead_objects();
}};

}

}
