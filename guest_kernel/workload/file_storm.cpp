// Clients that write, read, sync and remove files page by page, and tell the host what must survive a power cut. Those of
// "cache-storm" do it through the caches of the files, with syncs of both kinds.

#include "workload/file_storm.h"

#include "arch/ppc64/hypercall.h"
#include "kernel/format.h"
#include "kernel/init.h"
#include "kernel/owned.h"
#include "kernel/print.h"
#include "kernel/thread.h"
#include "objects/names.h"
#include "services/files/file_representative.h"
#include "services/files/file_system.h"
#include "services/memory/file_cache.h"
#include "workload/job.h"
#include "workload/workload.h"

namespace workload {

namespace {

using objects::LocalEntry;
using objects::Ref;
using services::FileCache;
using services::FileRepresentative;
using services::FileSystem;

constexpr uint64_t words = abi::PAGE_SIZE / sizeof(uint64_t);
constexpr uint64_t step = 0x9E37'79B9'7F4A'7C15;

uint64_t word_of(const StormFile& file, uint64_t page, uint64_t index)
{
    if (index < 2)
        return index == 0 ? file.id() : page;
    return (file.id() + page * 0x1'0001 + 1) * step + index;
}

void tell(abi::FileMark mark, const StormFile& file) { arch::mark(static_cast<uint64_t>(mark) << 56 | file.id()); }

struct FileClient {
    explicit FileClient(unsigned index)
    {
        for (unsigned slot = 0; slot < storm_slots; ++slot)
            files[slot] = {index, slot, 1, 0};
        kernel::format(directory, sizeof(directory), "/storm-%u", index);
    }
    Ref<FileSystem> system;
    bool through_caches = false;
    StormFile files[storm_slots];
    StormPage page;
    Random random{0};
    StormFile* current = nullptr;
    // The last job with the file was given up: it is not known any more what it holds.
    bool lost = false;
    char directory[16];
    char path[64];
    Job job;

    const char* path_of(const StormFile& file)
    {
        kernel::format(path, sizeof(path), "%s/%lu-%lu", directory, file.slot, file.incarnation);
        return path;
    }
};

kernel::Ticket* ticket() { return &kernel::current_thread()->ticket(); }

// What a wait for the transfer of the client's page came to.
Status transferred(FileClient& client)
{
    if (ticket()->state() == kernel::TicketState::Ready)
        ticket()->take();
    return client.page.transfer().wait(*ticket());
}

// In the place of a file of which it is not known what it holds comes a new one.
Job forget_file(FileClient& client, StormFile& file)
{
    tell(abi::FileMark::REMOVES, file);
    (void)co_await finished([&] { return client.system->remove(client.path_of(file), ticket()); });
    file = file.next_incarnation();
    client.lost = false;
    co_return right;
}

Answer written(Status status) { return Answer{status.ok() ? nullptr : "write", status}; }

// Half of the time what was written is synced.
Job write_pages(FileClient& client, Ref<FileRepresentative> open, StormFile file, StormFile next)
{
    Status status;
    if (file.version != 0 && next.length() < file.length())
        status = co_await finished([&] { return open->set_length(next.length(), ticket()); });
    for (uint64_t page = 0; page < next.pages() && status.ok(); ++page) {
        client.page.fill(next, page);
        status = co_await finished([&] { return open->start_write(page, &client.page.transfer(), ticket()); });
        if (status.ok())
            status = co_await finished([&] { return transferred(client); });
    }
    if (status.ok())
        status = co_await finished([&] { return open->set_length(next.length(), ticket()); });
    if (status.ok() && client.random.below(2) == 0) {
        status = co_await finished([&] { return open->sync_metadata(ticket()); });
        if (status.ok())
            tell(abi::FileMark::SYNCED, next);
    }
    co_return written(status);
}

// The last page first, so that the file has no length in between. Nobody would be told that a later write failed.
Job write_through_cache(FileClient& client, Ref<FileRepresentative> open, StormFile file, StormFile next)
{
    const auto found = open->file_cache();
    if (!found.ok())
        co_return Answer{"find the cache", found.status()};
    const Ref<FileCache> cache(found.value());
    Status status;
    if (file.version != 0 && next.length() < file.length())
        status = co_await finished([&] { return cache->truncate(next.length(), ticket()); });
    for (uint64_t page = next.pages(); page > 0 && status.ok(); --page) {
        client.page.fill(next, page - 1);
        const uint64_t offset = (page - 1) * abi::PAGE_SIZE;
        status = co_await finished([&] {
            return cache->write(offset, client.page.transfer().page(), next.bytes_of(page - 1), ticket());
        });
    }
    if (status.ok() && client.random.below(2) == 0)
        status = co_await finished([&] { return cache->sync(services::SyncKind::Unforced, ticket()); });
    const Status synced = co_await finished([&] { return cache->sync(services::SyncKind::Forced, ticket()); });
    if (status.ok() && synced.ok())
        tell(abi::FileMark::SYNCED, next);
    co_return written(status.ok() ? synced : status);
}

Job write_file(FileClient& client, StormFile& file)
{
    const StormFile next = file.next_version();
    tell(abi::FileMark::WRITES, next);
    Status status;
    if (file.version == 0)
        status = co_await finished([&] { return client.system->create_file(client.path_of(file), ticket()); });
    if (!status.ok())
        co_return Answer{"create", status};
    const auto opened = co_await finished([&] { return client.system->open(client.path_of(file), ticket()); });
    if (!opened.ok())
        co_return Answer{"open", opened.status()};
    const Ref<FileRepresentative> open(opened.value());
    const auto write = client.through_caches ? write_through_cache : write_pages;
    const Answer answer = co_await part(write(client, open, file, next));
    const Status closed = co_await finished([&] { return client.system->close(open.reference(), ticket()); });
    file.version = next.version;
    co_return answer.is_right() ? written(closed) : answer;
}

// One page into the client's.
Job read_page(FileClient& client, Ref<FileRepresentative> open, uint64_t page)
{
    Status status = co_await finished([&] { return open->start_read(page, &client.page.transfer(), ticket()); });
    if (status.ok())
        status = co_await finished([&] { return transferred(client); });
    co_return Answer{status.ok() ? nullptr : "read", status};
}

Job read_page_of_cache(FileClient& client, Ref<FileRepresentative> open, uint64_t page)
{
    const auto cache = open->file_cache();
    if (!cache.ok())
        co_return Answer{"find the cache", cache.status()};
    const uint64_t bytes = client.current->bytes_of(page);
    const Status status = co_await finished([&] {
        return Ref<FileCache>(cache.value())
            ->read(page * abi::PAGE_SIZE, client.page.transfer().page(), bytes, ticket());
    });
    co_return Answer{status.ok() ? nullptr : "read", status};
}

Job check_file(FileClient& client, StormFile& file)
{
    const auto opened = co_await finished([&] { return client.system->open(client.path_of(file), ticket()); });
    if (!opened.ok())
        co_return Answer{"open", opened.status()};
    const Ref<FileRepresentative> open(opened.value());
    const auto read = client.through_caches ? read_page_of_cache : read_page;
    Answer answer = right;
    bool same = (co_await finished([&] { return open->length(); })).value() == file.length();
    for (uint64_t page = 0; page < file.pages() && answer.is_right(); ++page) {
        answer = co_await part(read(client, open, page));
        same = same && (!answer.is_right() || client.page.holds(file, page, file.bytes_of(page)));
    }
    (void)co_await finished([&] { return client.system->close(open.reference(), ticket()); });
    if (!answer.is_right())
        co_return answer;
    co_return Answer{same ? nullptr : "find what was written", Code::INVALID};
}

Job remove_file(FileClient& client, StormFile& file)
{
    tell(abi::FileMark::REMOVES, file);
    const Status status = co_await finished([&] { return client.system->remove(client.path_of(file), ticket()); });
    if (!status.ok())
        co_return Answer{"remove", status};
    const StormFile removed = file;
    file = file.next_incarnation();
    if (client.random.below(2) == 0)
        co_return right;
    const Status synced = co_await finished([&] { return client.system->sync(ticket()); });
    if (synced.ok())
        tell(abi::FileMark::REMOVAL_SYNCED, removed);
    co_return Answer{synced.ok() ? nullptr : "sync", synced};
}

Job choose(FileClient& client)
{
    if (client.lost)
        return forget_file(client, *client.current);
    client.current = &client.files[client.random.below(storm_slots)];
    const uint64_t which = client.random.below(8);
    if (client.current->version == 0 || which < 4)
        return write_file(client, *client.current);
    return which < 7 ? check_file(client, *client.current) : remove_file(client, *client.current);
}

// A disk that is full or fails, and want of memory, are no wrong answers; nor is what an earlier storm has left.
bool is_refusal(Status status)
{
    return status == Code::IO_ERROR || status == Code::NO_SPACE || status == Code::NO_MEMORY || status == Code::EXISTS;
}

class FileStorm final : public Workload {
public:
    constexpr FileStorm(const char* name, bool through_caches) : m_name(name), m_through_caches(through_caches) {}

    const char* name() const override { return m_name; }
    unsigned kinds() const override { return 1; }
    KindFigures kind(unsigned) const override { return {.name = "files", .refused = m_refused}; }

protected:
    Status prepare(const Parameters&) override
    {
        m_system = Ref<FileSystem>(objects::find_name("file-system"));
        m_refused = 0;
        return m_system ? Status() : Status(Code::NOT_FOUND);
    }
    Status enter(Client& client) override
    {
        if (client.own == nullptr) {
            kernel::Owned<FileClient> made(kernel::make<FileClient>(kernel::Tag::Workload, client.index));
            if (!made || !made->page.valid())
                return Code::NO_MEMORY;
            made->system = m_system;
            made->through_caches = m_through_caches;
            client.own = made.release();
        }
        const Status status = m_system->make_directory(static_cast<FileClient*>(client.own)->directory, ticket());
        return status == Code::EXISTS ? Status() : status;
    }
    Status run_job(Client& client) override
    {
        auto& own = *static_cast<FileClient*>(client.own);
        if (!own.job) {
            own.random = Random(client.random.next());
            own.job = choose(own);
        }
        const Status status = own.job.go_on();
        return status.is_parked() ? status : end(own);
    }
    Status leave(Client& client) override
    {
        kernel::destroy(static_cast<FileClient*>(client.own));
        client.own = nullptr;
        return {};
    }

private:
    Status end(FileClient& client)
    {
        const Answer answer = client.job.answer();
        client.job = {};
        if (answer.wrong == nullptr)
            return {};
        client.lost = true;
        if (is_refusal(answer.status)) {
            __atomic_fetch_add(&m_refused, 1, __ATOMIC_RELAXED);
            return {};
        }
        kernel::print("%s: could not %s %s: %s", m_name, answer.wrong, client.path_of(*client.current),
            kernel::name_of(answer.status.code()));
        return answer.status;
    }

    const char* const m_name;
    const bool m_through_caches;
    Ref<FileSystem> m_system;
    uint64_t m_refused = 0;
};

constinit FileStorm storm("file-storm", false);
constinit FileStorm storm_of_caches("cache-storm", true);

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction start{
    kernel::InitStage::Services, "workload.file_storm", [] {
        add(storm);
        add(storm_of_caches);
        return Status();
    }};

}

void StormPage::fill(const StormFile& file, uint64_t page)
{
    auto* word = static_cast<uint64_t*>(m_transfer.page());
    for (uint64_t i = 0; i < words; ++i)
        word[i] = word_of(file, page, i);
}

bool StormPage::holds(const StormFile& file, uint64_t page, uint64_t bytes) const
{
    const auto* word = static_cast<const uint64_t*>(m_transfer.page());
    for (uint64_t i = 0; i < bytes / sizeof(uint64_t); ++i) {
        if (word[i] != word_of(file, page, i))
            return false;
    }
    return true;
}

}
