// File systems and open files that are replaced, and many of them.

#include "kernel/format.h"
#include "kernel/test_thread.h"
#include "objects/hot_swap.h"
#include "services/files/file_representative_disk.h"
#include "services/files/file_system_disk.h"
#include "services/files/tests/client.h"

namespace services::tests {

namespace {

template <typename RootType>
kernel::Status swap(objects::Reference reference)
{
    kernel::Owned<objects::Root> root;
    {
        objects::CountedScope scope;
        root = kernel::Owned<objects::Root>(kernel::make<RootType>(kernel::Tag::Object));
    }
    auto* started = TRY(objects::HotSwap::start(reference, static_cast<kernel::Owned<objects::Root>&&>(root)));
    const auto outcome = started->wait();
    started->release();
    return outcome;
}

// Writes, syncs and reads a file again and again.
struct Writer {
    explicit Writer(unsigned number) { kernel::format(path, sizeof(path), "/writer-%u", number); }

    static constexpr uint64_t rounds = 12;

    char path[16];
    uint64_t wrong = 0;

    void operator()()
    {
        wrong += !create(path).ok();
        TestPage page;
        for (uint64_t round = 1; round <= rounds; ++round) {
            auto* file = open(path).value();
            page.fill(round);
            wrong += !page.write(file, round).ok() || !set_length(file, (round + 1) * abi::PAGE_SIZE).ok();
            wrong += !sync(file).ok();
            page.fill(0);
            wrong += !page.read(file, round).ok() || !page.holds(round);
            wrong += !close(file).ok();
        }
        wrong += !remove(path).ok();
    }
};

kernel::Test swapped{"files.file_system_is_replaced_while_its_calls_are_parked", [] {
    Writer first(1);
    Writer second(2);
    const auto before = statistics();
    {
        kernel::TestThread one({.name = "writer", .counted = false}, [&] { first(); });
        kernel::TestThread two({.name = "writer", .counted = false}, [&] { second(); });
        for (unsigned i = 0; i < 8; ++i) {
            kernel::sleep_until(kernel::now_ns() + 300 * kernel::microsecond);
            EXPECT(swap<FileSystemDiskRoot>(files().reference()).ok());
        }
    }
    EXPECT(first.wrong == 0 && second.wrong == 0);
    const auto now = statistics();
    EXPECT(now.opens - before.opens == 2 * Writer::rounds && now.closes - before.closes == 2 * Writer::rounds);
}};

kernel::Test replaced{"files.open_file_is_replaced_while_its_calls_are_parked", [] {
    EXPECT(create("/replaced").ok());
    auto* file = open("/replaced").value();
    uint64_t wrong = 0;
    {
        kernel::TestThread writer({.name = "writer", .counted = false}, [&] {
            TestPage page;
            for (uint64_t round = 0; round < 12; ++round) {
                page.fill(round);
                wrong += !page.write(file, round).ok() || !sync(file).ok();
                page.fill(99);
                wrong += !page.read(file, round).ok() || !page.holds(round);
            }
        });
        for (unsigned i = 0; i < 8; ++i) {
            kernel::sleep_until(kernel::now_ns() + 300 * kernel::microsecond);
            EXPECT(swap<FileRepresentativeDiskRoot>(file).ok());
        }
    }
    EXPECT(wrong == 0);
    EXPECT(close(file).ok());
    EXPECT(remove("/replaced").ok());
}};

// Ten thousand files need no more than some hundred bytes each; the host runs this on its own.
constexpr unsigned many_files = 10'000;
constexpr unsigned files_each = 100;

void path_of(unsigned number, char (&path)[32])
{
    kernel::format(path, sizeof(path), "/m-%u/%u", number / files_each, number);
}

kernel::Test open_files{"many_files.ten_thousand_are_open_at_a_time", [] {
    char path[32];
    auto** open_ones = static_cast<objects::LocalEntry**>(
        kernel::allocate(many_files * sizeof(objects::LocalEntry*), kernel::Tag::Test));
    const auto before = kernel::usage(kernel::Tag::Service).bytes + kernel::usage(kernel::Tag::Object).bytes;
    for (unsigned i = 0; i < many_files; ++i) {
        if (i % files_each == 0) {
            kernel::format(path, sizeof(path), "/m-%u", i / files_each);
            EXPECT(make_directory(path).ok());
        }
        path_of(i, path);
        EXPECT(create(path).ok());
        const auto opened = open(path);
        EXPECT(opened.ok());
        open_ones[i] = opened.value();
    }
    const auto after = kernel::usage(kernel::Tag::Service).bytes + kernel::usage(kernel::Tag::Object).bytes;
    EXPECT(statistics().files_open == many_files);
    EXPECT((after - before) / many_files < 400);
    for (unsigned i = 0; i < many_files; ++i) {
        path_of(i, path);
        EXPECT(close(open_ones[i]).ok());
        EXPECT(remove(path).ok());
    }
    EXPECT(statistics().files_open == 0);
    kernel::deallocate(open_ones);
}};

}

}
