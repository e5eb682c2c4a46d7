#include "workload/jobs/open_file.h"

#include "kernel/thread.h"

namespace workload {

namespace {

Job make_sure_it_exists(JobClient& client, unsigned number)
{
    auto& file = client.files[number];
    const auto path = file_path(client.index, number);
    const auto files = client.services->files;
    auto* ticket = &kernel::current_thread()->ticket();
    if (file.exists && file.doubtful) {
        co_await required("remove a file in doubt", [&] { return files->remove(path.text, ticket); });
        ++client.tally.files_removed;
        file = {};
    }
    if (!file.exists) {
        co_await required("create a file", [&] { return files->create_file(path.text, ticket); });
        ++client.tally.files_created;
        file.exists = true;
    }
    co_return right;
}

}

Job with_open_file(JobClient& client, unsigned number, UseFile use)
{
    const auto path = file_path(client.index, number);
    const auto files = client.services->files;
    auto* ticket = &kernel::current_thread()->ticket();
    auto* opened = co_await required("open a file", [&] { return files->open(path.text, ticket); });
    ++client.tally.opens;
    const objects::Ref<services::FileRepresentative> file(opened);
    const auto cache = co_await finished([&] { return file->file_cache(); });
    Answer answer{"get a file's cache", cache.status()};
    if (cache.ok())
        answer = co_await part(use(client, {number, file, objects::Ref<services::FileCache>(cache.value())}));
    co_await required("close a file", [&] { return files->close(opened, ticket); });
    ++client.tally.closes;
    if (!answer.is_right())
        client.files[number].doubtful = true;
    co_return answer;
}

Job with_some_file(JobClient& client, UseFile use)
{
    if (!client.services->files)
        co_return right;
    const auto number = static_cast<unsigned>(client.random.below(files_of_client));
    const Answer exists = co_await part(make_sure_it_exists(client, number));
    if (!exists.is_right())
        co_return exists;
    co_return co_await part(with_open_file(client, number, use));
}

}
