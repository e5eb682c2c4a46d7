// Files that stay open, each with a cache of its own, and are read all the time: beside the job mix, whose files are open
// for one job only, they are the many instances of a system that has been in use for long.

#include "abi.h"
#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/format.h"
#include "kernel/heap.h"
#include "kernel/panic.h"
#include "kernel/thread.h"
#include "objects/names.h"
#include "services/files/file_representative.h"
#include "services/files/file_system.h"
#include "services/memory/file_cache.h"
#include "workload/job.h"
#include "workload/random.h"
#include "workload/workload.h"

namespace {

using kernel::Status;
using objects::Ref;
using services::FileCache;
using services::FileRepresentative;
using services::FileSystem;
using workload::Answer;
using workload::finished;
using workload::Job;
using workload::required;

constexpr unsigned readers = 8;
constexpr unsigned most_files_each = 32;
// How long a reader rests: all together then read about as often as the job mix at eight clients does a job.
constexpr uint64_t rest_ns = 400 * kernel::microsecond;

struct Reader {
    Ref<FileSystem> system;
    unsigned index = 0;
    unsigned files = 0;
    unsigned open = 0;
    Ref<FileCache> caches[most_files_each];
    workload::Random random{0};
    Job job;
};

// That have all their files.
constinit unsigned ready = 0;

kernel::Ticket* ticket() { return &kernel::current_thread()->ticket(); }

uint64_t word_of(const Reader& reader, unsigned file) { return uint64_t{reader.index} << 32 | (file + 1); }

Job open_next(Reader& reader)
{
    char path[24];
    kernel::format(path, sizeof path, "/kept-%u-%u", reader.index, reader.open);
    co_await required("create", [&] { return reader.system->create_file(path, ticket()); });
    auto* opened = co_await required("open", [&] { return reader.system->open(path, ticket()); });
    auto* found = co_await required("find the cache", [&] { return Ref<FileRepresentative>(opened)->file_cache(); });
    const Ref<FileCache> cache(found);
    const uint64_t word = word_of(reader, reader.open);
    co_await required("write", [&] { return cache->write(0, &word, sizeof word, ticket()); });
    reader.caches[reader.open++] = cache;
    if (reader.open == reader.files)
        __atomic_add_fetch(&ready, 1, __ATOMIC_RELAXED);
    co_return workload::right;
}

Job read_some(Reader& reader)
{
    const auto file = static_cast<unsigned>(reader.random.below(reader.files));
    uint64_t word = 0;
    co_await required("read", [&] { return reader.caches[file]->read(0, &word, sizeof word, ticket()); });
    co_return Answer{word == word_of(reader, file) ? nullptr : "find what was written", Status()};
}

Status go_on(Reader& reader)
{
    if (!reader.job)
        reader.job = reader.open < reader.files ? open_next(reader) : read_some(reader);
    TRY(reader.job.go_on());
    kernel::check(reader.job.answer().is_right(), "a kept file is as it was written");
    reader.job = {};
    return {};
}

void read_for_ever(uint64_t argument)
{
    auto& reader = *reinterpret_cast<Reader*>(argument);
    kernel::OuterLoop loop;
    for (;;) {
        if (go_on(reader).is_parked())
            loop.wait(*ticket());
        else
            loop.sleep_until(kernel::now_ns() + rest_ns);
    }
}

unsigned number_of(const char* text)
{
    unsigned number = 0;
    for (; *text >= '0' && *text <= '9'; ++text)
        number = number * 10 + static_cast<unsigned>(*text - '0');
    return number;
}

// `words`: how many files each reader opens.
Status keep(const char* words)
{
    const unsigned files = number_of(words);
    if (files == 0 || files > most_files_each)
        return kernel::Code::INVALID;
    for (unsigned i = 0; i < readers; ++i) {
        auto* reader = kernel::make<Reader>(kernel::Tag::Workload);
        if (reader == nullptr)
            return kernel::Code::NO_MEMORY;
        reader->system = Ref<FileSystem>(objects::find_name("file-system"));
        reader->index = i;
        reader->files = files;
        reader->random = workload::Random(i);
        const auto cpu = static_cast<int>(i % arch::cpu_count());
        const kernel::ThreadOptions options{"reader", workload::client_priority, cpu};
        TRY(kernel::status_of(kernel::Thread::create(options, read_for_ever, reinterpret_cast<uint64_t>(reader))));
    }
    while (__atomic_load_n(&ready, __ATOMIC_RELAXED) < readers)
        kernel::sleep_until(kernel::now_ns() + rest_ns);
    return {};
}

const kernel::Command command{"keep-files", "opens files and reads them from now on", keep};

}

extern "C" kernel::Status module_init()
{
    return {};
}
