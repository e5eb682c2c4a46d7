// Files and directories, seen by a caller.

#include "kernel/format.h"
#include "kernel/generation.h"
#include "kernel/test_thread.h"
#include "services/files/tests/client.h"

namespace services::tests {

namespace {

using kernel::Code;

// Blocks and inodes that are free now; all that a test made is removed again.
class NothingLost {
public:
    // The first name in the root directory gives that a block, for good.
    NothingLost()
    {
        EXPECT(create("/first").ok() && remove("/first").ok());
        m_before = statistics();
    }
    ~NothingLost()
    {
        objects::drain_dead_objects();
        const auto now = statistics();
        EXPECT(now.blocks_free == m_before.blocks_free && now.inodes_free == m_before.inodes_free);
        EXPECT(now.files_open == m_before.files_open && now.openings == m_before.openings);
    }
    NothingLost(const NothingLost&) = delete;
    NothingLost& operator=(const NothingLost&) = delete;

private:
    FileStatistics m_before;
};

kernel::Test names{"files.names_are_found_and_removed", [] {
    EXPECT(create("/one").ok());
    EXPECT(create("/one") == Code::EXISTS);
    EXPECT(make_directory("/dir").ok());
    EXPECT(create("/dir/one").ok());
    EXPECT(create("/one/two") == Code::NOT_FOUND);
    EXPECT(create("/nowhere/two") == Code::NOT_FOUND);
    EXPECT(create("two") == Code::INVALID);
    EXPECT(create("/two/") == Code::INVALID);
    EXPECT(create("//two") == Code::INVALID);
    EXPECT(create("/0123456789012345678901234567890123456789012345678901234") .ok());
    EXPECT(create("/01234567890123456789012345678901234567890123456789012345") == Code::INVALID);
    EXPECT(remove("/0123456789012345678901234567890123456789012345678901234").ok());
    EXPECT(remove("/dir") == Code::BUSY);
    EXPECT(open("/dir").code() == Code::INVALID);
    EXPECT(remove("/dir/one").ok());
    EXPECT(remove("/dir").ok());
    EXPECT(remove("/one").ok());
    EXPECT(remove("/one") == Code::NOT_FOUND);
    EXPECT(open("/one").code() == Code::NOT_FOUND);
}};

kernel::Test pages{"files.pages_come_back", [] {
    NothingLost lost;
    constexpr uint64_t places[] = {0, 9, 10, 11, abi::FILE_BLOCKS_MAX - 1};
    EXPECT(create("/pages").ok());
    auto* file = open("/pages").value();
    TestPage page;
    for (const uint64_t place : places) {
        page.fill(place + 1);
        EXPECT(page.write(file, place).ok());
    }
    EXPECT(page.write(file, abi::FILE_BLOCKS_MAX) == Code::TOO_LARGE);
    EXPECT(set_length(file, abi::FILE_BLOCKS_MAX * abi::PAGE_SIZE).ok());
    EXPECT(set_length(file, abi::FILE_BLOCKS_MAX * abi::PAGE_SIZE + 1) == Code::TOO_LARGE);
    EXPECT(close(file).ok());
    file = open("/pages").value();
    EXPECT(length(file) == abi::FILE_BLOCKS_MAX * abi::PAGE_SIZE);
    for (const uint64_t place : places)
        EXPECT(page.read(file, place).ok() && page.holds(place + 1));
    EXPECT(page.read(file, 5).ok() && page.is_clear());
    EXPECT(close(file).ok());
    EXPECT(remove("/pages").ok());
}};

kernel::Test shorter{"files.shorter_file_gives_blocks_back", [] {
    NothingLost lost;
    EXPECT(create("/shorter").ok());
    auto* file = open("/shorter").value();
    TestPage page;
    const uint64_t before = statistics().blocks_free;
    for (uint64_t place = 0; place < 14; ++place)
        EXPECT(page.write(file, place).ok());
    EXPECT(set_length(file, 14 * abi::PAGE_SIZE).ok());
    EXPECT(statistics().blocks_free == before - 15);
    EXPECT(set_length(file, 11 * abi::PAGE_SIZE).ok());
    EXPECT(statistics().blocks_free == before - 12);
    EXPECT(set_length(file, 3 * abi::PAGE_SIZE - 1).ok());
    EXPECT(statistics().blocks_free == before - 3);
    EXPECT(set_length(file, 14 * abi::PAGE_SIZE).ok());
    page.fill(1);
    EXPECT(page.read(file, 12).ok() && page.is_clear());
    EXPECT(close(file).ok());
    EXPECT(remove("/shorter").ok());
}};

kernel::Test many{"files.directory_of_many_names", [] {
    constexpr unsigned count = 300;
    NothingLost lost;
    char path[64];
    EXPECT(make_directory("/many").ok());
    for (unsigned i = 0; i < count; ++i) {
        kernel::format(path, sizeof(path), "/many/file-%u", i);
        EXPECT(create(path).ok());
    }
    uint64_t listed = 0;
    FileName name;
    for (uint64_t position = 0;;) {
        const auto next = finish([&](auto* ticket) { return files()->list("/many", position, &name, ticket); });
        if (!next.ok())
            break;
        position = next.value();
        ++listed;
    }
    EXPECT(listed == count);
    for (unsigned i = 0; i < count; ++i) {
        kernel::format(path, sizeof(path), "/many/file-%u", (i * 7) % count);
        EXPECT(remove(path).ok());
    }
    EXPECT(remove("/many").ok());
}};

kernel::Test opened{"files.openings_are_counted", [] {
    NothingLost lost;
    EXPECT(create("/opened").ok());
    auto* first = open("/opened").value();
    auto* second = open("/opened").value();
    EXPECT(first == second);
    {
        objects::CountedScope scope;
        EXPECT(files()->open_again(first).ok());
    }
    EXPECT(statistics().openings == 3 && statistics().files_open == 1);
    EXPECT(close(first).ok() && close(first).ok());
    TestPage page;
    EXPECT(page.write(first, 0).ok());
    EXPECT(close(first).ok());
    EXPECT(statistics().openings == 0);
    EXPECT(page.read(first, 0) == Code::GONE);
    EXPECT(close(first) == Code::GONE);
    EXPECT(remove("/opened").ok());
}};

kernel::Test removed{"files.removed_while_open_lives_until_it_is_closed", [] {
    NothingLost lost;
    EXPECT(create("/removed").ok());
    auto* file = open("/removed").value();
    TestPage page;
    page.fill(3);
    EXPECT(page.write(file, 12).ok());
    EXPECT(remove("/removed").ok());
    EXPECT(open("/removed").code() == Code::NOT_FOUND);
    EXPECT(create("/removed").ok());
    EXPECT(page.read(file, 12).ok() && page.holds(3));
    EXPECT(sync(file).ok());
    EXPECT(close(file).ok());
    EXPECT(remove("/removed").ok());
}};

// What was asked for is what had been changed by then.
kernel::Test bounded{"files.sync_waits_for_no_later_change_of_the_file", [] {
    NothingLost lost;
    EXPECT(create("/changing").ok());
    auto* file = open("/changing").value();
    const objects::Ref<FileRepresentative> fr(file);
    bool stop = false;
    unsigned parked = 0;
    {
        kernel::TestThread changer({.name = "changer"}, [&] {
            kernel::OuterLoop loop;
            auto& ticket = kernel::current_thread()->ticket();
            for (uint64_t bytes = 1; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); bytes = bytes % 8 + 1) {
                while (fr->set_length(bytes, &ticket).is_parked())
                    loop.wait(ticket);
                loop.pass();
            }
        });
        kernel::TestThread syncer({.name = "syncer"}, [&] {
            kernel::OuterLoop loop;
            auto& ticket = kernel::current_thread()->ticket();
            for (unsigned calls = 0; calls < 10; ++calls) {
                kernel::Status status;
                while ((status = fr->sync_metadata(&ticket)).is_parked()) {
                    if (++parked == 100)
                        __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
                    loop.wait(ticket);
                }
                EXPECT(status.ok());
            }
            __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
        });
    }
    EXPECT(parked <= 10);
    EXPECT(close(file).ok());
    EXPECT(remove("/changing").ok());
}};

}

}
