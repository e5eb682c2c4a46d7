#include "kernel/thread.h"
#include "workload/jobs/open_file.h"

namespace workload {

Job remove_file(JobClient& client)
{
    const auto number = static_cast<unsigned>(client.random.below(files_of_client));
    auto& file = client.files[number];
    const auto path = file_path(client.index, number);
    const auto files = client.services->files;
    if (!files || !file.exists)
        co_return right;
    auto* ticket = &kernel::current_thread()->ticket();
    co_await required("remove a file", [&] { return files->remove(path.text, ticket); });
    ++client.tally.files_removed;
    file = {};
    const auto opened = co_await finished([&] { return files->open(path.text, ticket); });
    if (opened.status() != Code::NOT_FOUND)
        co_return Answer{"miss a file that was removed", opened.status()};
    co_return right;
}

Job begin_files(JobClient& client)
{
    const auto files = client.services->files;
    if (!files)
        co_return right;
    auto* ticket = &kernel::current_thread()->ticket();
    const auto directory = directory_path(client.index);
    const auto made = co_await finished([&] { return files->make_directory(directory.text, ticket); });
    if (!made.ok() && made != Code::EXISTS)
        co_return Answer{"make a directory", made};
    for (unsigned number = 0; number < files_of_client; ++number) {
        const auto path = file_path(client.index, number);
        const auto removed = co_await finished([&] { return files->remove(path.text, ticket); });
        client.tally.files_removed += removed.ok();
        if (!removed.ok() && removed != Code::NOT_FOUND)
            co_return Answer{"remove an old file", removed};
    }
    co_return right;
}

// Closing has begun to write what is dirty; the forced sync waits until it is on the disk.
Job end_files(JobClient& client)
{
    const auto files = client.services->files;
    if (!files)
        co_return right;
    for (unsigned number = 0; number < files_of_client; ++number) {
        if (!client.files[number].exists || client.files[number].doubtful)
            continue;
        const Answer written = co_await part(with_open_file(client, number, read_and_sync));
        if (!written.is_right())
            co_return written;
    }
    auto* ticket = &kernel::current_thread()->ticket();
    co_await required("sync", [&] { return files->sync(ticket); });
    co_return right;
}

}
